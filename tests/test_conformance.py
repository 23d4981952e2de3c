"""All built-in parts and all packages of plugins/ pass the checks of the kit, and every check can fail."""

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
    trainer,
)
from pslbench.datasets.mnist import FASHION, MNIST
from pslbench.plugins.discovery import discover
from pslbench.testing import Skip, check, checks, parametrize, pool
from pslbench.testing.builtin import BUILTIN_SETTINGS, settings_of
from pslbench.testing.report import KINDS_OF_CHECK, Check
from pslbench.trainers.cnn import cnn

BUILTIN = discover().plugins[0].parts
BROKEN = [part for part in vars(broken).values() if isinstance(part, Part)]
NAMES = {function.__name__.removeprefix("check_") for function in KINDS_OF_CHECK}
IMPORTS_SKLEARN = """
import sklearn
from pslbench import PseudoLabels, hookimpl, strategy

@strategy("light_import")
def light_import(pool):
    '''Import scikit-learn at the top of the module.'''
    selected = pool.clusters.distances.argsort()[: pool.budget]
    return PseudoLabels(selected, pool.label(selected))

@hookimpl
def pslbench_register():
    yield light_import
"""


@pytest.fixture(autouse=True)
def clear_memory_of_broken_parts():
    """Clear what broken parts store in their module."""
    for memory in (broken.STOLEN_LABELS, broken.REMEMBERED_LABELS, broken.SHARED_MEANS):
        memory.clear()


def write_files(name, folder, arrays):
    """Write files that the dataset of this name can read, and return the values of its parameters."""
    if name == "npz":
        np.savez(folder / "tiny.npz", **arrays)
        return {"path": str(folder / "tiny.npz")}
    from PIL import Image

    for part in ("train", "test"):
        for number, (image, label) in enumerate(zip(arrays[f"x_{part}"], arrays[f"y_{part}"], strict=True)):
            path = folder / part / str(label) / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((255 * image).astype(np.uint8)).save(path)
    return {"path": str(folder)}


@pytest.mark.parametrize("part", BUILTIN, ids=lambda part: f"{part.kind}-{part.name}")
def test_every_built_in_part_conforms(part, tmp_path, arrays):
    for source in (MNIST, FASHION):
        if part.name == source.name and not any(source.find()):
            pytest.skip(f"{source.name} is not on this machine")
    files = write_files(part.name, tmp_path, arrays) if part.name in ("npz", "images") else {}
    settings = settings_of(part)
    report = check(part, settings.known_failures, settings.skips, values={**settings.values, **files})
    print(report)
    assert report.ok, report


def test_check_settings_name_built_in_parts():
    assert set(BUILTIN_SETTINGS) <= {(part.kind, part.name) for part in BUILTIN}


def test_every_package_of_plugins_runs_the_kit_in_its_tests():
    packages = Path(__file__).parents[1] / "plugins"
    without_checks = [
        project.parent.name
        for project in packages.glob("*/pyproject.toml")
        if not any("pslbench.testing" in path.read_text() for path in project.parent.glob("tests/test_*.py"))
    ]
    assert not without_checks


def failed(part, **arguments):
    """Return the reasons of the checks that failed."""
    return {outcome.check: outcome.reason for outcome in check(part, **arguments).failures}


@pytest.mark.parametrize("part", BROKEN, ids=lambda part: part.function.__name__)
def test_a_broken_part_fails_exactly_its_check(part):
    report = check(part)
    assert [outcome.check for outcome in report.failures] == [part.name], report
    assert report.failures[0].reason


def query_nearest(pool: Pool, *, some: Annotated[int, Interval(ge=0.5, le=9)] = 1) -> PseudoLabels:
    """Query the samples nearest their centers.

    Args:
        some: not used.
    """
    return broken.query(pool, broken.nearest(pool))


@strategy("choices")
def with_choices(pool: Pool, *, how: Literal[True, "auto"] | None = None) -> PseudoLabels:
    """Query the samples nearest their centers.

    Args:
        how: not used.
    """
    return query_nearest(pool)


@strategy("spawns")
def spawns(pool: Pool) -> PseudoLabels:
    """Draw from a generator that the generator of the pool spawned."""
    (child,) = pool.rng.spawn(1)
    return broken.query(pool, child.choice(len(pool), pool.budget, replace=False))


@strategy("soft")
def soft(pool: Pool) -> PseudoLabels:
    """Return soft labels."""
    selected = broken.nearest(pool)
    one_hot = np.eye(pool.n_classes)[pool.label(selected)]
    return PseudoLabels(selected, 0.9 * one_hot + 0.1 / pool.n_classes)


@strategy("trains", trains=True)
def trains(pool: Pool) -> PseudoLabels:
    """Train on the queried labels and return the predictions."""
    queried = query_nearest(pool)
    return PseudoLabels(np.arange(len(pool)), pool.train(queried).predict_proba(pool.x).argmax(axis=1))


@trainer("hard-labels-only", soft_labels=False)
def hard_labels_only(data):
    """Take no soft labels."""
    return broken.soft_labels(data)


@clusterer("limited", max_pool=100)
def limited(k: int, seed: int):
    """Raise MemoryError on pools larger than max_pool."""
    from sklearn.cluster import KMeans

    class LimitedKMeans(KMeans):
        def fit(self, features):
            if len(features) > 100:
                raise MemoryError
            return super().fit(features)

    return LimitedKMeans(k, n_init=1, random_state=seed)


@reporter("names-its-folder", writes=True)
def names_its_folder(results, reader):
    """Write the path of the folder."""
    (reader.folder / "where.txt").write_text(f"{reader.folder}")
    return f"from {Path.cwd()}"


UNUSUAL = [with_choices, spawns, soft, trains, hard_labels_only, limited, names_its_folder]


@pytest.mark.parametrize("part", [strategy("limits")(query_nearest), *UNUSUAL], ids=lambda part: part.name)
def test_an_unusual_but_correct_part_passes(part):
    report = check(part)
    assert report.ok, report
    assert part.file == Path(__file__)


@pytest.mark.parametrize(
    ("name", "doc", "version", "says"),
    [
        ("all", "Query.", "1", "the name 'all'"),
        ("a:b", "Query.", "1", "choose another"),
        ("one", "Query", "1", "not a sentence"),
        ("one", "Query.\n\n    Args:\n        other: not used.", "1", "describe some"),
        ("one", "Query.\n\n    Args:\n        some: not used.", "", "version"),
    ],
)
def test_incomplete_metadata_fails(name, doc, version, says):
    def function(pool, *, some: int = 1):
        return query_nearest(pool)

    function.__doc__ = doc
    assert says in failed(strategy(name, version=version)(function))["metadata"]


def test_a_kept_report_of_a_peeking_part_does_not_affect_the_next_part():
    report = check(broken.no_peeking)
    assert check(with_choices).ok
    assert not report.ok


CALLS_CHECK = IMPORTS_SKLEARN.replace("import sklearn", "from pslbench.testing import check")


def test_a_file_that_calls_check_at_import_is_refused(tmp_path):
    path = tmp_path / "itself.py"
    path.write_text(CALLS_CHECK + "print(check(light_import))")
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=60)
    assert "under if __name__ == '__main__':" in done.stdout


def test_the_refusal_of_a_reporter_mentions_rows():
    @reporter("refuses")
    def refuses(results, reader):
        """Refuse everything."""
        raise InputError("there is no tracker")

    assert "rows of a run (there is no tracker)" in failed(refuses)["output"]


def test_a_slow_import_fails_only_the_import_check(tmp_path):
    path = tmp_path / "heavy.py"
    path.write_text(IMPORTS_SKLEARN)
    (part,) = discover([str(path)]).plugins[-1].parts
    reasons = failed(part)
    assert list(reasons) == ["light_import"]
    assert "sklearn" in reasons["light_import"]


def test_there_is_a_broken_part_for_every_check():
    assert {part.name for part in BROKEN} | {"light_import"} == NAMES


def test_only_one_check_reports_that_a_part_does_not_run():
    report = check(broken.output)
    assert report.counts["failed"] == 1
    assert "classes, 0 to 2" in report.failures[0].reason
    assert sum("see the check output" in outcome.reason for outcome in report.outcomes) > 10


def test_a_known_failure_must_fail():
    known = {"sample_order": "it starts at the first sample"}
    report = check(broken.sample_order, known_failures=known)
    assert report.ok
    assert report.counts["expected failure"] == 1
    assert report.counts["passed"] == len(report.outcomes) - 1
    reasons = failed(broken.sample_order, known_failures={**known, "duplicates": "an old bug"})
    assert list(reasons) == ["duplicates"]
    assert "an old bug" in reasons["duplicates"]


def test_skips_and_known_failures_need_a_reason():
    report = check(broken.time, skips={"time": "it is known to be slow"})
    assert report.ok
    assert [o.reason for o in report.outcomes if o.check == "time"] == ["it is known to be slow"]
    without_reason = ({"known_failures": {"metadata": ""}}, {"skips": {"metadata": " "}})
    for arguments, function in itertools.product(without_reason, (check, parametrize)):
        with pytest.raises(InputError, match="has no reason"):
            function(broken.sample_order, **arguments)


def test_a_check_that_skips_without_a_reason_fails():
    def silent(subject):
        raise Skip

    with pytest.raises(AssertionError, match="without a reason"):
        Check("silent", checks(broken.output)[0]._subject, silent)()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"known_failures": {"sample_oder": "x"}}, "did you mean 'sample_order'"),
        ({"skips": {"weights": "x"}}, "unknown check"),
        ({"values": {"shaer": 1}}, "did you mean 'share'"),
        ({"values": {"share": 3}}, "share=3"),
        ({"values": {"share": "half"}}, "share=half"),
        ({"skips": {"time": None}}, "has no reason"),
    ],
)
def test_unknown_names_and_wrong_values_raise_input_errors(given, says):
    with pytest.raises(InputError, match=re.escape(says)):
        check(broken.default_construction, **given)


def test_an_object_that_is_not_a_part_is_refused():
    for value in ("centroid", query_nearest):
        with pytest.raises(InputError, match="is not a part"):
            check(value)


def test_warnings_about_a_data_set_are_remarks():
    @dataset("one-of-two")
    def one_of_two():
        """Test one class only."""
        x, y = np.linspace(0, 1, 8, dtype=np.float32).reshape(4, 2), np.array([0, 1, 0, 1])
        return Dataset("one-of-two", x, y, x[:2] / 2, np.zeros(2, np.int64))

    (output,) = [outcome for outcome in check(one_of_two).outcomes if outcome.check == "output"]
    assert output.status == "passed"
    assert "no test sample is of class 1" in output.reason


def test_remarks_say_what_was_tried():
    remarks = {outcome.check: outcome.reason for outcome in check(soft).outcomes}
    assert remarks["admitted_values"] == "no parameter has choices or limits to try"
    assert remarks["determinism"] == "the seed has no effect on this pool"
    remarks = {outcome.check: outcome.reason for outcome in check(with_choices).outcomes}
    assert remarks["admitted_values"] == "values tried besides the defaults: 2"


def test_the_pool_for_tests_charges_labels_and_trains():
    tiny = pool(budget=5)
    labels = query_nearest(tiny)
    assert len(labels.labels) == 5
    assert tiny.train(labels).predict_proba(tiny.x).argmax(axis=1).max() < tiny.n_classes
    with pytest.raises(BudgetExceeded):
        tiny.label(range(6))


def test_values_change_the_name_and_the_outcome(tmp_path):
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

@parametrize(broken.sample_order, {"sample_order": "first samples", "duplicates": "passes"}, {"time": "slow"})
def test_one(check):
    check()

@parametrize(broken.no_probabilities)
def test_other(check):
    check()
"""


def test_parametrize_makes_one_pytest_test_per_check(tmp_path):
    (tmp_path / "test_it.py").write_text(PYTEST)
    words = [sys.executable, "-m", "pytest", "-pno:xdist", "-pno:cacheprovider", "-q", "--tb=line", "test_it.py"]
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path})
    counts = dict(reversed(pair.split()) for pair in done.stdout.splitlines()[-1].split(" in ")[0].split(", "))
    n_checks = len(checks(broken.sample_order)) + len(checks(broken.no_probabilities))
    assert counts["xfailed"] == "1", done.stdout
    assert counts["failed"] == "2", done.stdout
    assert int(counts["passed"]) + int(counts["skipped"]) == n_checks - 3
    assert "[XPASS(strict)] passes" in done.stdout


def test_test_ids_contain_part_and_check():
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


def test_check_command_reports_every_check(cli, tmp_path):
    outcome = cli("check", "centroid")
    assert outcome.status == 0, outcome.err
    for name in ("no_peeking", "sample_order", "0 expected failure, 0 skipped, 0 failed"):
        assert name in outcome.out
    both = cli("check", "birch", "kmeans", "--verbose")
    assert both.status == 0
    assert "expected failure: birch, sample_order:" in both.out
    assert "does not depend on the order" in both.out


def test_a_typed_value_overrides_the_settings_of_a_built_in_part(cli):
    skips = (f"--skip={each.name}=only the values matter" for each in checks(cnn))
    outcome = cli("check", "cnn:epochs=6", *skips)
    assert "cnn:epochs=6,min_steps=1,batch_size=32 " in outcome.out


def test_the_name_of_the_plugin_selects_between_parts_of_two_kinds(cli, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(IMPORTS_SKLEARN.replace("import sklearn", "").replace("light_import", "pixels"))
    outcome = cli("check", "mine/pixels", "--plugin", path)
    assert outcome.status == 0, outcome.err
    assert "(strategy)" in outcome.out
    assert "embedder" not in outcome.out


def test_check_command_on_a_plugin_file(cli, tmp_path):
    path = tmp_path / "heavy.py"
    path.write_text(IMPORTS_SKLEARN)
    outcome = cli("check", "--plugin", path, "-v")
    assert outcome.status == 1
    assert "into the function" in outcome.out
    assert "Traceback" in outcome.out
    known = cli("check", "light_import", "--plugin", path, "--known-failure", "light_import=for now")
    assert known.status == 0
    skipped = cli("check", "--plugin", path, "--skip", "light_import=for now")
    assert skipped.status == 0
    assert "for now" in skipped.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["centriod"], "did you mean 'centroid'?"),
        ([], "no part is named"),
        (["npz"], "npz:path="),
        (["centroid:kep=1"], "did you mean 'keep'"),
        (["centroid", "--known-failure", "time"], "has no reason"),
        (["centroid", "--skip", "tiem=slow"], "did you mean 'time'?"),
        (["--plugin", "BAD"], "ZeroDivisionError"),
    ],
)
def test_bad_input_of_the_check_command(cli, tmp_path, arguments, says):
    bad = tmp_path / "bad.py"
    bad.write_text("1 / 0")
    outcome = cli("check", *(bad if word == "BAD" else word for word in arguments))
    assert outcome.status == 2
    assert says in outcome.err


def test_the_documentation_lists_every_check():
    page = (Path(__file__).parents[1] / "docs" / "checks.md").read_text()
    assert {name for name in re.findall(r"`(\w+)`", page) if name in NAMES} == NAMES


def test_a_refused_budget_does_not_hide_a_failure_with_another_budget():
    @strategy("greedy", uses="x")
    def greedy(pool: Pool) -> PseudoLabels:
        """Refuse a budget of 1, and exceed a budget above 20."""
        if pool.budget == 1:
            raise InputError("one label is too few")
        return broken.query(pool, range(pool.budget + (pool.budget > 20)))

    assert "with a budget of 30" in failed(greedy)["budget"]


def test_the_file_of_an_installed_package_is_checked(cli):
    file = Path(__file__).parents[1] / "plugins" / "pslbench-animals" / "pslbench_animals.py"
    outcome = cli("check", "--plugin", file)
    assert outcome.status == 0
    assert "0 failed" in outcome.out
