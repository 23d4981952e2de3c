"""The cache of stages: what invalidates an entry, damaged entries, concurrency, and its size."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from helpers import command, rows

from pslbench import Dataset
from pslbench.execution.cache import CacheSettings, Entry, StageCache, list_entries, trim
from pslbench.planning.cells import Stage
from pslbench.planning.grid import Grid
from pslbench.planning.plan import make_plan
from pslbench.plugins.discovery import discover

CELLS = ["-d", "digits", "-t", "logreg", "-b", "40", "-s", "1", "-j", "1"]
COUNTING = """
import os, time
from pslbench import Embedding, embedder
{more}

def note(name):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(name + "\\n")
    time.sleep(0.15)

@embedder("halved")
def halved(x) -> Embedding:
    '''Half the brightness.'''
    note("embed")
    return Embedding(x.reshape(len(x), -1) / 2, lambda new: new.reshape(len(new), -1) / 2)

@strategy("first", trains=True)
def first(pool: Pool) -> PseudoLabels:
    '''Labels medoids, after a first training.'''
    note("label")
    chosen = np.unique(pool.clusters.medoids)
    labels = PseudoLabels(chosen, pool.label(chosen))
    pool.train(labels)
    return labels

@hookimpl
def pslbench_register():
    yield from (halved, first)
"""


@pytest.fixture
def count(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    (tmp_path / "notes").touch()
    return lambda: (tmp_path / "notes").read_text().split()


def run(tmp_path, path, folder, *more):
    outcome = command(
        "run", "first", *CELLS, "-e", "halved", "-o", tmp_path / folder, "--plugin", path, "--explain-cache", *more
    )
    assert outcome.status == 0, outcome.err
    return outcome.err


def test_a_stage_is_cached_across_runs_until_its_code_changes(plugin, tmp_path, count):
    path = plugin(COUNTING.format(more=""))
    first = run(tmp_path, path, "one")
    assert "embed halved on digits, seed 0: not in the cache" in first
    assert count() == ["embed", "label"]
    assert "embed halved" not in run(tmp_path, path, "two")
    assert count() == ["embed", "label"]
    assert rows(tmp_path / "one").equals(rows(tmp_path / "two"))
    assert "embed halved" not in run(tmp_path, plugin(COUNTING.format(more="# a comment")), "three")
    changed = COUNTING.format(more="").replace("/ 2", "/ 4")
    assert "changed: code of embedder halved" in run(tmp_path, plugin(changed), "four")
    assert count() == ["embed", "label"] * 2


def test_a_module_that_a_plugin_imports_is_part_of_its_code(plugin, tmp_path, count, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "beside.py").write_text("x = 2\n")
    path = plugin(COUNTING.format(more="import beside").replace("/ 2", "/ beside.x"))
    run(tmp_path, path, "one")
    (tmp_path / "beside.py").write_text("x = 4\n")
    assert "changed: code of embedder halved" in run(tmp_path, path, "two")


def test_pseudo_labels_of_a_strategy_that_trains_depend_on_the_trainer(plugin, tmp_path, count):
    path = plugin(COUNTING.format(more=""))
    run(tmp_path, path, "one")
    run(tmp_path, path, "two", "-t", "logreg:C=0.1")
    assert count() == ["embed", "label", "label"]


def test_a_damaged_entry_is_recomputed(plugin, tmp_path, count, own_cache):
    path = plugin(COUNTING.format(more=""))
    run(tmp_path, path, "one")
    (features,) = own_cache.glob("stages/*/*/features.npy")
    content = bytearray(features.read_bytes())
    content[-7] ^= 255
    features.write_bytes(content)
    assert "embed halved on digits, seed 0: the cached entry is damaged" in run(tmp_path, path, "two")
    assert count() == ["embed", "label", "embed"]
    assert rows(tmp_path / "one").equals(rows(tmp_path / "two"))


def stage(number):
    return Stage("embed", f"stage {number}", {"number": str(number)})


def test_concurrent_requests_compute_a_stage_once(tmp_path):
    computed = []

    def compute():
        computed.append(1)
        time.sleep(0.3)
        return Entry({"a": np.arange(5)})

    def want(_):
        return StageCache(CacheSettings(tmp_path, 10**9)).get(stage(1), compute).arrays["a"]

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(want, range(4)))
    assert computed == [1]
    assert all(np.array_equal(array, np.arange(5)) for array in found)


def test_the_least_recently_used_entries_are_removed(tmp_path):
    cache = StageCache(CacheSettings(tmp_path, 10**9))
    for number in range(4):
        cache.get(stage(number), lambda: Entry({"a": np.zeros(10_000)}), always=True)
        time.sleep(0.02)
    StageCache(CacheSettings(tmp_path, 10**9)).get(stage(0), lambda: pytest.fail("it is in the cache"))
    trim(tmp_path, 170_000)
    assert len(list_entries(tmp_path)) == 2
    left = StageCache(CacheSettings(tmp_path, 10**9))
    assert [left.has(stage(number)) for number in range(4)] == [True, False, False, True]


def test_cache_info_and_clear(cli, plugin, tmp_path, count, own_cache):
    run(tmp_path, plugin(COUNTING.format(more="")), "one")
    assert str(own_cache) in cli("cache", "info").out
    assert cli("cache", "clear").status == 0
    assert list_entries(own_cache) == []


ALIKE = """
@strategy("twin", uses="x", trains=True)
def twin(pool: Pool, *, version: int = 1, alpha: float = 0.5) -> PseudoLabels:
    chosen = (np.arange(pool.budget) + version) % len(pool)
    return PseudoLabels(chosen, pool.label(chosen))

@trainer("twin")
def trained(data, *, alpha: float = 0.5):
    from sklearn.linear_model import LogisticRegression
    return LogisticRegression(max_iter=5).fit(data.x, data.labels)

@hookimpl
def pslbench_register():
    yield from (twin, trained)
"""


def test_parameters_named_like_other_facts_are_part_of_the_key(plugin):
    catalog = discover([str(plugin(ALIKE))])
    choose = catalog.parse

    def keys(strategies, trainers):
        around = choose("dataset", "digits"), choose("embedder", "pixels"), choose("clusterer", "kmeans")
        grid = Grid(*around, choose("strategy", strategies), choose("trainer", trainers), [40], [0])
        return make_plan(catalog, grid, catalog.call).cells

    assert len(keys("twin:version=1|2|3", "twin:alpha=1|2")) == 6
    within = {cell.stages["label"].key for cell in keys("twin", "twin:alpha=0.1|0.9")}
    assert len(within) == 2


def test_classes_are_part_of_the_data(arrays):
    arrays = {name: array.reshape(len(array), -1) if "x" in name[:1] else array for name, array in arrays.items()}
    two, three = (Dataset("d", **arrays, classes=classes) for classes in (("a", "b"), ("a", "b", "c")))
    assert two.checksum != three.checksum


def test_partial_entries_of_killed_workers_are_removed(tmp_path):
    left = tmp_path / "stages" / "ab" / ".left"
    left.mkdir(parents=True)
    os.utime(left, (0, 0))
    (fresh := tmp_path / "stages" / "ab" / ".being-written").mkdir()
    trim(tmp_path, 10**9)
    assert (left.exists(), fresh.exists()) == (False, True)


def test_strategies_that_train_have_an_entry_per_trainer_and_others_share_one(plugin):
    catalog = discover([str(plugin(ALIKE))])
    choose = catalog.parse
    around = choose("dataset", "digits"), choose("embedder", "pixels"), choose("clusterer", "kmeans")
    strategies = [*choose("strategy", "twin"), *choose("strategy", "random")]
    grid = Grid(*around, strategies, choose("trainer", "logreg:C=1|2"), [40], [0])
    keys: dict[str, set[str]] = {"twin": set(), "random": set()}
    for cell in make_plan(catalog, grid, catalog.call).cells:
        keys[cell.strategy.name].add(cell.stages["label"].key)
    assert (len(keys["twin"]), len(keys["random"])) == (2, 1)


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o755), (0o002, 0o775), (0o077, 0o700)])
def test_the_umask_decides_who_shares_an_entry(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        StageCache(CacheSettings(tmp_path, 10**9)).get(stage(0), lambda: Entry({"a": np.ones(3)}), always=True)
    finally:
        os.umask(before)
    (entry,) = tmp_path.glob("stages/*/*")
    assert entry.stat().st_mode & 0o777 == mode


def test_a_read_only_cache_is_used(tmp_path, monkeypatch):
    StageCache(CacheSettings(tmp_path, 10**9)).get(stage(0), lambda: Entry({"a": np.ones(3)}), always=True)

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "utime", refuse)
    read = StageCache(CacheSettings(tmp_path, 10**9)).get(stage(0), lambda: pytest.fail("it is in the cache"))
    assert read.arrays["a"].tolist() == [1, 1, 1]
    assert len(list_entries(tmp_path)) == 1
