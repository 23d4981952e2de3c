"""Every built-in part and every package of plugins/ goes through the kit, and every check of the kit can fail."""

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Literal

import broken
import numpy as np
import pytest
from annotated_types import Interval

from pslbench import (
    BudgetExceeded,
    Dataset,
    InputError,
    Part,
    Pool,
    PseudoLabels,
    clusterer,
    dataset,
    reporter,
    strategy,
)
from pslbench.datasets.mnist import FASHION, MNIST
from pslbench.parts import KINDS
from pslbench.plugins.discovery import discover
from pslbench.testing import Skip, check, checks, parametrize, pool
from pslbench.testing.builtin import BUILTIN_SETTINGS, settings_of
from pslbench.testing.checks import CHECKS
from pslbench.testing.report import Check
from pslbench.trainers.cnn import cnn

BUILTIN = discover().plugins[0].parts
BROKEN = [part for part in vars(broken).values() if isinstance(part, Part)]
NAMES = {each.__name__.removeprefix("check_") for kind in KINDS for each in CHECKS[kind]}
LIGHT = """
import sklearn
from pslbench import PseudoLabels, hookimpl, strategy

@strategy("light_import")
def light_import(pool):
    '''Imports scikit-learn where it should not.'''
    chosen = pool.clusters.distances.argsort()[: pool.budget]
    return PseudoLabels(chosen, pool.label(chosen))

@hookimpl
def pslbench_register():
    yield light_import
"""


@pytest.fixture(autouse=True)
def nothing_kept():
    """What broken parts keep in their module is theirs for one test."""
    for kept in (broken.KEPT, broken.REMEMBERED, broken.SHARED):
        kept.clear()


def files_of(name, folder, arrays):
    """Where the data set of this name finds something to read."""
    if name == "npz":
        np.savez(folder / "tiny.npz", **arrays)
        return {"path": str(folder / "tiny.npz")}
    from PIL import Image

    for part in ("train", "test"):
        for place, (image, label) in enumerate(zip(arrays[f"x_{part}"], arrays[f"y_{part}"], strict=True)):
            path = folder / part / str(label) / f"{place}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((255 * image).astype(np.uint8)).save(path)
    return {"path": str(folder)}


@pytest.mark.parametrize("part", BUILTIN, ids=lambda part: f"{part.kind}-{part.name}")
def test_every_built_in_part_conforms(part, tmp_path, arrays):
    for source in (MNIST, FASHION):
        if part.name == source.name and not any(source.found()):
            pytest.skip(f"{source.name} is not on this machine")
    files = files_of(part.name, tmp_path, arrays) if part.name in ("npz", "images") else {}
    settings = settings_of(part)
    report = check(part, settings.known_failures, settings.skips, values={**settings.values, **files})
    print(report)
    assert report.ok, report


def test_check_settings_name_built_in_parts():
    assert set(BUILTIN_SETTINGS) <= {(part.kind, part.name) for part in BUILTIN}


def test_every_package_of_plugins_goes_through_the_kit():
    packages = Path(__file__).parents[1] / "plugins"
    without = [
        project.parent.name
        for project in packages.glob("*/pyproject.toml")
        if not any("pslbench.testing" in path.read_text() for path in project.parent.glob("tests/test_*.py"))
    ]
    assert not without


def failed(part, **known):
    return {outcome.check: outcome.reason for outcome in check(part, **known).failures}


@pytest.mark.parametrize("part", BROKEN, ids=lambda part: part.function.__name__)
def test_a_broken_part_fails_its_check_and_no_other(part):
    report = check(part)
    assert [outcome.check for outcome in report.failures] == [part.name], report
    assert report.failures[0].reason


def bought_first(pool: Pool, *, some: Annotated[int, Interval(ge=0.5, le=9)] = 1) -> PseudoLabels:
    """Buy the samples nearest their centres.

    Args:
        some: of nothing.
    """
    return broken.bought(pool, broken.nearest(pool))


@strategy("choices")
def chosen_how(pool: Pool, *, how: Literal[True, "auto"] | None = None) -> PseudoLabels:
    """Buy the samples nearest their centres.

    Args:
        how: in one way or another.
    """
    return bought_first(pool)


@strategy("spawns")
def spawns(pool: Pool) -> PseudoLabels:
    """Draw from a stream that the pool's brings forth."""
    (child,) = pool.rng.spawn(1)
    return broken.bought(pool, child.choice(len(pool), pool.budget, replace=False))


@clusterer("few", max_pool=100)
def few(k: int, seed: int):
    """Take no more samples than it says."""
    from sklearn.cluster import KMeans

    class Few(KMeans):
        def fit(self, features):
            if len(features) > 100:
                raise MemoryError
            return super().fit(features)

    return Few(k, n_init=1, random_state=seed)


@reporter("names-its-folder", writes=True)
def names_its_folder(results, records):
    """Write where the results are."""
    (records.folder / "where.txt").write_text(f"{records.folder}")
    return f"from {Path.cwd()}"


@pytest.mark.parametrize(
    "part", [strategy("limits")(bought_first), chosen_how, spawns, few, names_its_folder], ids=lambda part: part.name
)
def test_what_is_unusual_and_sound_passes(part):
    report = check(part)
    assert report.ok, report
    assert part.file == Path(__file__)


@pytest.mark.parametrize(
    ("name", "doc", "version", "says"),
    [
        ("all", "Buy.", "1", "the name 'all' stands for every part"),
        ("a:b", "Buy.", "1", "choose another"),
        ("one", "Buy", "1", "is no sentence"),
        ("one", "Buy.\n\n    Args:\n        other: of nothing.", "1", "says nothing of some: add a line"),
        ("one", "Buy.\n\n    Args:\n        some: of nothing.", "", "its version is empty"),
    ],
)
def test_metadata_has_to_be_whole(name, doc, version, says):
    def function(pool, *, some: int = 1):
        return bought_first(pool)

    function.__doc__ = doc
    assert says in failed(strategy(name, version=version)(function))["metadata"]


def test_a_report_of_a_part_that_peeks_says_nothing_against_the_next():
    kept = check(broken.no_peeking)
    assert check(chosen_how).ok
    assert not kept.ok


CHECKS_ITSELF = LIGHT.replace("import sklearn", "from pslbench.testing import check") + "print(check(light_import))"


def test_a_file_that_checks_its_part_when_it_is_imported_is_told(tmp_path):
    path = tmp_path / "itself.py"
    path.write_text(CHECKS_ITSELF)
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=60)
    assert "under if __name__ == '__main__':" in done.stdout


def test_a_reporter_that_refuses_is_told_of_rows():
    @reporter("refuses")
    def refuses(results, records):
        """Refuse everything."""
        raise InputError("there is no tracker")

    assert "it refuses rows of a run (there is no tracker)" in failed(refuses)["output"]


def test_a_part_that_imports_what_is_heavy_fails_that_check_alone(tmp_path):
    path = tmp_path / "heavy.py"
    path.write_text(LIGHT)
    (part,) = discover([str(path)]).plugins[-1].parts
    found = failed(part)
    assert list(found) == ["light_import"]
    assert "sklearn" in found["light_import"]


def test_there_is_a_broken_part_for_every_check():
    assert {part.name for part in BROKEN} | {"light_import"} == NAMES


def test_a_part_that_does_not_run_is_told_of_once():
    report = check(broken.output)
    assert report.counts["failed"] == 1
    assert "classes, 0 to 2" in report.failures[0].reason
    assert sum("output says why" in outcome.reason for outcome in report.outcomes) > 10


def test_known_failures_are_expected_and_passing_after_all_is_a_failure():
    known = {"sample_order": "it begins with the first"}
    report = check(broken.sample_order, known_failures=known)
    assert report.ok
    assert report.counts["expected failure"] == 1
    assert report.counts["passed"] == len(report.outcomes) - 1
    found = failed(broken.sample_order, known_failures={**known, "duplicates": "it was so once"})
    assert list(found) == ["duplicates"]
    assert "it was so once" in found["duplicates"]


def test_what_is_left_out_needs_a_reason():
    report = check(broken.time, skips={"time": "it is slow, and that is known"})
    assert report.ok
    assert [o.reason for o in report.outcomes if o.check == "time"] == ["it is slow, and that is known"]
    for reasons, made in itertools.product(
        ({"known_failures": {"metadata": ""}}, {"skips": {"metadata": " "}}), (check, parametrize)
    ):
        with pytest.raises(InputError, match="has no reason"):
            made(broken.sample_order, **reasons)


def test_a_check_that_skips_without_a_reason_fails():
    def silent(subject):
        raise Skip

    with pytest.raises(AssertionError, match="without a reason"):
        Check("silent", checks(broken.output)[0]._subject, silent)()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"known_failures": {"sample_oder": "x"}}, "did you mean 'sample_order'"),
        ({"skips": {"weights": "x"}}, "unknown check of a strategy 'weights'"),
        ({"values": {"shaer": 1}}, "did you mean 'share'"),
        ({"values": {"share": 3}}, "share=3"),
        ({"values": {"share": "half"}}, "share=half"),
        ({"skips": {"time": None}}, "has no reason"),
    ],
)
def test_unknown_names_and_wrong_values_raise_input_errors(given, says):
    with pytest.raises(InputError, match=re.escape(says)):
        check(broken.default_construction, **given)


def test_what_is_no_part_is_refused():
    for given in ("centroid", bought_first):
        with pytest.raises(InputError, match="is no part: give what a decorator"):
            check(given)


def test_what_may_not_be_meant_in_a_data_set_is_told():
    @dataset("from-one")
    def from_one():
        """Number its classes from 1."""
        x, y = np.linspace(0, 1, 8, dtype=np.float32).reshape(4, 2), np.array([1, 2, 1, 2])
        return Dataset("from-one", x, y, x, y)

    (output,) = [each for each in check(from_one).outcomes if each.check == "output"]
    assert (output.status, output.reason) == ("passed", "no sample of the pool is of class 0")


def test_a_pool_to_try_a_strategy_on_counts_and_trains():
    given = pool(budget=5)
    labels = bought_first(given)
    assert len(labels.labels) == 5
    assert given.train(labels).predict_proba(given.x).argmax(axis=1).max() < given.n_classes
    with pytest.raises(BudgetExceeded):
        given.label(range(6))


def test_a_value_makes_the_part_another(tmp_path):
    report = check(broken.admitted_values, values={"how": "other"})
    assert report.name == "admitted_values:how=other"
    assert [outcome.check for outcome in report.failures] == ["output"]
    assert re.search(r"KeyError: 'other' \(broken.py:\d+\)", report.failures[0].reason)


NAMED_LIKE_ARGUMENTS = '''
from pslbench import Pool, PseudoLabels, hookimpl, strategy

@strategy("mine")
def mine(pool: Pool, *, skips: int = 0, part: int = 0, values: int = 0) -> PseudoLabels:
    """Label the samples nearest their centers.

    Args:
        skips: the number of samples to skip.
        part: not used.
        values: not used.
    """
    order = pool.clusters.distances.argsort(kind="stable")
    selected = order[min(skips, len(pool) - pool.budget) :][: pool.budget]
    return PseudoLabels(selected, pool.label(selected))

@hookimpl
def pslbench_register():
    yield mine
'''


def test_parameters_may_have_the_names_of_the_arguments_of_check(cli, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(NAMED_LIKE_ARGUMENTS)
    outcome = cli("check", "mine:skips=3,part=1,values=2", "--plugin", path)
    assert outcome.status == 0, outcome.out + outcome.err
    assert "mine:skips=3,part=1,values=2" in outcome.out


@pytest.mark.parametrize("function", [check, checks, parametrize])
def test_values_as_keywords_are_deprecated(function):
    with pytest.warns(DeprecationWarning, match="values={") as caught:
        function(broken.default_construction, share=0.5)
    assert caught[0].filename == __file__


PYTEST = """
import broken
from pslbench.testing import parametrize

@parametrize(broken.sample_order, {"sample_order": "first ones", "duplicates": "passes"}, {"time": "slow"})
def test_one(check):
    check()

@parametrize(broken.no_probabilities)
def test_other(check):
    check()
"""


def test_with_pytest_every_check_is_a_test(tmp_path):
    (tmp_path / "test_it.py").write_text(PYTEST)
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:xdist",
        "-p",
        "no:cacheprovider",
        "-q",
        "--tb=line",
        "test_it.py",
    ]
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path})
    counts = dict(reversed(pair.split()) for pair in done.stdout.splitlines()[-1].split(" in ")[0].split(", "))
    one, other = len(CHECKS["strategy"]), len(CHECKS["trainer"])
    assert counts["xfailed"] == "1", done.stdout
    assert counts["failed"] == "2", done.stdout
    assert int(counts["passed"]) + int(counts["skipped"]) == one + other - 3
    assert "[XPASS(strict)] passes" in done.stdout


def test_ids_say_part_and_check():
    mark = parametrize(broken.sample_order)
    assert "sample_order-time" in {case.id for case in mark.args[1]}


def test_the_kit_imports_neither_tensorflow_nor_pytest():
    script = (
        "import sys; from pslbench.strategies.centroid import centroid; from pslbench.testing import check; "
        "report = check(centroid); assert report.ok, report; "
        "sys.exit(str({'tensorflow', 'keras', 'pytest'} & sys.modules.keys()).replace('set()', ''))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr.strip() == ""


def test_check_on_the_command_line(cli, tmp_path):
    outcome = cli("check", "centroid")
    assert outcome.status == 0, outcome.err
    for name in ("no_peeking", "sample_order", "20 passed, 0 expected failure, 0 skipped, 0 failed"):
        assert name in outcome.out
    both = cli("check", "birch", "kmeans", "--verbose")
    assert both.status == 0
    assert "expected failure: birch, sample_order: the tree depends" in both.out
    assert "The order of the samples makes no difference" in both.out


def test_a_value_that_is_typed_holds_though_it_is_the_default(cli):
    left_out = (f"--skip={each.name}=it is the values that matter" for each in checks(cnn))
    outcome = cli("check", "cnn:epochs=6", *left_out)
    assert "cnn:min_steps=1,batch_size=32 " in outcome.out


def test_a_part_is_named_with_its_plugin_where_another_kind_has_one_of_that_name(cli, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(LIGHT.replace("import sklearn", "").replace("light_import", "pixels"))
    outcome = cli("check", "mine/pixels", "--plugin", path)
    assert outcome.status == 0, outcome.err
    assert "(strategy)" in outcome.out
    assert "embedder" not in outcome.out


def test_check_of_a_plugin_file(cli, tmp_path):
    path = tmp_path / "heavy.py"
    path.write_text(LIGHT)
    outcome = cli("check", "--plugin", path, "-v")
    assert outcome.status == 1
    assert "move that into the function that needs it" in outcome.out
    assert "Traceback" in outcome.out
    known = cli("check", "light_import", "--plugin", path, "--known-failure", "light_import=it is to show it")
    assert known.status == 0
    skipped = cli("check", "--plugin", path, "--skip", "light_import=for now")
    assert skipped.status == 0
    assert "for now" in skipped.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["centriod"], "unknown part 'centriod'; did you mean 'centroid'?"),
        ([], "no part is named"),
        (["npz"], "npz:path="),
        (["centroid:kep=1"], "did you mean 'keep'"),
        (["centroid", "--known-failure", "time"], "has no reason"),
        (["centroid", "--skip", "tiem=slow"], "unknown check 'tiem'; did you mean 'time'?"),
        (["--plugin", "BAD"], "ZeroDivisionError"),
    ],
)
def test_bad_input_of_check(cli, tmp_path, arguments, says):
    bad = tmp_path / "bad.py"
    bad.write_text("1 / 0")
    outcome = cli("check", *(bad if word == "BAD" else word for word in arguments))
    assert outcome.status == 2
    assert says in outcome.err


def test_the_documents_tell_of_every_check():
    table = (Path(__file__).parents[1] / "docs" / "checks.md").read_text()
    assert {name for name in re.findall(r"`(\w+)`", table) if name in NAMES} == NAMES


def test_a_budget_that_is_refused_does_not_end_the_check_of_budgets():
    @strategy("greedy", uses="x")
    def greedy(pool: Pool) -> PseudoLabels:
        """Refuse one label, and overspend with many."""
        if pool.budget == 1:
            raise InputError("one label is too few")
        chosen = range(pool.budget + (pool.budget > 20))
        return PseudoLabels(chosen, pool.label(chosen))

    (failed,) = [each for each in check(greedy).failures if each.check == "budget"]
    assert "with a budget of 30" in failed.reason


def test_the_file_of_an_installed_package_is_checked(cli):
    outcome = cli(
        "check", "--plugin", Path(__file__).parents[1] / "plugins" / "pslbench-animals" / "pslbench_animals.py"
    )
    assert outcome.status == 0
    assert "0 failed" in outcome.out
