"""Stages are computed once for all that determines them, and are not trusted blindly."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from helpers import command, rows

from pslbench import Dataset
from pslbench.execution.cache import Entry, Settings, Stage, StageCache, kept, trim
from pslbench.planning.identity import facts_of
from pslbench.planning.plan import TRAINED_WITHIN, Grid, plan
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

@strategy("first")
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


def test_a_stage_is_computed_once_for_all_runs_and_again_when_its_source_changes(plugin, tmp_path, count):
    path = plugin(COUNTING.format(more=""))
    first = run(tmp_path, path, "one")
    assert "embed halved on digits, 40 labels: not kept so far" in first
    assert count() == ["embed", "label"]
    assert "embed halved" not in run(tmp_path, path, "two")
    assert count() == ["embed", "label"]
    assert rows(tmp_path / "one").equals(rows(tmp_path / "two"))
    again = run(tmp_path, plugin(COUNTING.format(more="# changed")), "three")
    assert "changed: source of pslbench_plugin_mine" in again
    assert count() == ["embed", "label"] * 2


def test_a_local_module_that_a_plugin_imports_counts_as_its_source(plugin, tmp_path, count, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "beside.py").write_text("x = 1\n")
    path = plugin(COUNTING.format(more="import beside"))
    run(tmp_path, path, "one")
    (tmp_path / "beside.py").write_text("x = 2\n")
    assert "changed: source of beside" in run(tmp_path, path, "two")


def test_a_built_in_part_that_a_plugin_builds_upon_counts_as_its_source(plugin):
    path = plugin(COUNTING.format(more="from pslbench import Pool\nfrom pslbench.embedders.upright import upright"))
    facts = facts_of(discover([str(path)]).part("embedder", "halved")[1])
    ours = sorted(name for name in facts if "source of pslbench." in name)
    assert ours == ["source of pslbench.embedders.pixels", "source of pslbench.embedders.upright"]


def test_pseudo_labels_of_a_strategy_that_trains_depend_on_the_trainer(plugin, tmp_path, count):
    path = plugin(COUNTING.format(more=""))
    run(tmp_path, path, "one")
    run(tmp_path, path, "two", "-t", "logreg:C=0.1")
    assert count() == ["embed", "label", "label"]


def test_a_damaged_entry_is_noticed_and_computed_again(plugin, tmp_path, count, own_cache):
    path = plugin(COUNTING.format(more=""))
    run(tmp_path, path, "one")
    (features,) = own_cache.glob("stages/*/*/features.npy")
    content = bytearray(features.read_bytes())
    content[-7] ^= 255
    features.write_bytes(content)
    assert "embed halved on digits, 40 labels: what was kept is damaged" in run(tmp_path, path, "two")
    assert count() == ["embed", "label", "embed"]
    assert rows(tmp_path / "one").equals(rows(tmp_path / "two"))


def stage(number):
    return Stage("embed", f"stage {number}", {"number": str(number)})


def test_two_that_want_the_same_stage_compute_it_once(tmp_path):
    computed = []

    def compute():
        computed.append(1)
        time.sleep(0.3)
        return Entry({"a": np.arange(5)})

    def want(_):
        return StageCache(Settings(tmp_path, 10**9)).get(stage(1), compute).arrays["a"]

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(want, range(4)))
    assert computed == [1]
    assert all(np.array_equal(array, np.arange(5)) for array in found)


def test_the_least_recently_used_are_dropped(tmp_path):
    cache = StageCache(Settings(tmp_path, 10**9))
    for number in range(4):
        cache.get(stage(number), lambda: Entry({"a": np.zeros(10_000)}), always=True)
        time.sleep(0.02)
    StageCache(Settings(tmp_path, 10**9)).get(stage(0), lambda: pytest.fail("it is kept"))
    trim(tmp_path, 170_000)
    assert len(kept(tmp_path)) == 2
    left = StageCache(Settings(tmp_path, 10**9))
    assert [left.has(stage(number)) for number in range(4)] == [True, False, False, True]


def test_info_and_clear(cli, plugin, tmp_path, count, own_cache):
    run(tmp_path, plugin(COUNTING.format(more="")), "one")
    assert str(own_cache) in cli("cache", "info").out
    assert "deleted" in cli("cache", "clear").out
    assert kept(own_cache) == []


ALIKE = """
@strategy("twin", uses="x")
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


def test_parameters_called_as_other_facts_are_no_less_part_of_a_key(plugin):
    catalog = discover([str(plugin(ALIKE))])
    choose = catalog.choose

    def keys(strategies, trainers):
        around = choose("dataset", "digits"), choose("embedder", "pixels"), choose("clusterer", "kmeans")
        grid = Grid(*around, choose("strategy", strategies), choose("trainer", trainers), [40], [0])
        return plan(catalog, grid, catalog.call).cells

    assert len(keys("twin:version=1|2|3", "twin:alpha=1|2")) == 6
    within = {cell.stages[TRAINED_WITHIN].key for cell in keys("twin", "twin:alpha=0.1|0.9")}
    assert len(within) == 2


def test_classes_are_part_of_the_data(arrays):
    arrays = {name: array.reshape(len(array), -1) if "x" in name[:1] else array for name, array in arrays.items()}
    two, three = (Dataset("d", **arrays, classes=classes) for classes in (("a", "b"), ("a", "b", "c")))
    assert two.checksum != three.checksum


def test_what_a_killed_worker_left_is_removed(tmp_path):
    left = tmp_path / "stages" / "ab" / ".left"
    left.mkdir(parents=True)
    os.utime(left, (0, 0))
    (fresh := tmp_path / "stages" / "ab" / ".being-written").mkdir()
    trim(tmp_path, 10**9)
    assert (left.exists(), fresh.exists()) == (False, True)


def test_two_that_want_pseudo_labels_of_a_strategy_that_trains_compute_them_once(tmp_path):
    by_itself, with_trainer = (
        Stage("label", "by itself", {"a": "1"}),
        Stage("label", "with trainer", {"a": "1", "b": "2"}),
    )
    computed = []

    def compute():
        time.sleep(0.5)
        computed.append(1)
        return Entry({}, {"rounds": 1})

    def get(_):
        cache = StageCache(Settings(tmp_path, 10**9))
        return cache.get(by_itself, compute, or_else=with_trainer, keep_as=lambda _: with_trainer)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(get, range(2)))
    assert computed == [1]
