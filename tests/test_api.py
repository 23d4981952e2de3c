"""The public API changes only on purpose."""

import difflib
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
from helpers import row

import pslbench
from pslbench import Clusters, ResultsReader, TrainingData
from pslbench.neighbors import nearest_neighbors
from pslbench.plugins import spec
from pslbench.results import codec
from pslbench.strategies.propagation import gaussian_affinities

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
TO_DO = (
    "the public API differs from docs/api.md. If that is intended: run `make docs` to write the page, increase "
    "API_VERSION in pslbench/plugins/spec.py unless that was done since the last release, and add a line to "
    "CHANGELOG.md. What was removed or changed must have been deprecated before (docs/api.md)"
)
DEPRECATED = [
    *("Records", "Labelling", "labelling", "recipe", "precision", "test_looks", "centres", "neighbours", "affinities"),
    *("unlabelled", "plan", "check(part, name=value)"),
]


@pytest.fixture
def api():
    """The module docs/api.py."""
    spec_of_module = importlib.util.spec_from_file_location("api_page", PAGE.with_suffix(".py"))
    module = importlib.util.module_from_spec(spec_of_module)
    spec_of_module.loader.exec_module(module)
    return module


def changed_lines(api):
    """Return the lines of a diff between the page and the code."""
    lines = difflib.unified_diff(PAGE.read_text().splitlines(), api.render_page().splitlines(), lineterm="", n=0)
    return [line for line in lines if re.match(r"[+-](?![+-])", line)]


def test_the_page_agrees_with_the_code(api):
    changed = changed_lines(api)
    assert not changed, "\n".join((TO_DO, *changed))


def test_a_change_of_the_code_is_detected(api, monkeypatch):
    def pslbench_run_started(run: "RunInfo", when: "float") -> "None":  # noqa: F821
        """Called when a run begins."""

    monkeypatch.setattr(pslbench, "__all__", [name for name in pslbench.__all__ if name != "Pool"])
    monkeypatch.setattr(spec, "pslbench_run_started", pslbench_run_started)
    changed = changed_lines(api)
    assert "-### Pool" in changed
    assert "+`pslbench_run_started(run: RunInfo, when: float) -> None`" in changed
    assert not any("### Part" in line for line in changed)


def test_every_public_name_has_a_description(api):
    page = PAGE.read_text().partition(api.MARK)[2]
    entries = re.findall(r"^### (.+)\n+(.*)", page, re.MULTILINE)
    assert {name for name, _ in entries} >= set(pslbench.__all__)
    assert all(re.search(r"\w", description) for _, description in entries)
    assert f"### API_VERSION\n`{pslbench.API_VERSION}`" in page


GRAPH = nearest_neighbors(np.eye(4, dtype=np.float32))
ONES = np.ones(1, np.float32)
CLUSTERS = Clusters(np.zeros(1, np.int64), ONES[None], np.zeros(1, np.int64), ONES)
DATA = TrainingData(ONES[None], np.zeros(1, np.int64), np.zeros(1, np.int64), None, 2, ONES[None], lambda _: 0.0)
RENAMED = [
    *((row("random", 0, 0.5), old, new) for old, new in codec.RENAMED.items()),
    (ResultsReader(Path(), (), lambda _: ONES, lambda _: None, lambda _: None), "labelling", "labeling"),
    (CLUSTERS, "centres", "centers"),
    (GRAPH, "neighbours", "neighbors"),
    (DATA, "unlabelled", "unlabeled"),
    (pslbench, "Records", "ResultsReader"),
    (pslbench, "Labelling", "LabelingRecord"),
]


@pytest.mark.parametrize(("owner", "old", "new"), RENAMED, ids=[old for _, old, _ in RENAMED])
def test_a_deprecated_name_works_and_names_its_replacement(owner, old, new):
    where = owner.__name__ if owner is pslbench else type(owner).__name__
    with pytest.warns(DeprecationWarning, match=re.escape(f"{where}.{old} is deprecated; use {where}.{new}")) as caught:
        value = getattr(owner, old)
    assert Path(caught[0].filename) == Path(__file__)
    np.testing.assert_equal(value, getattr(owner, new))


def test_the_deprecated_affinities_of_a_graph_are_the_gaussian_ones():
    with pytest.warns(DeprecationWarning, match="use gaussian_affinities"):
        affinities = GRAPH.affinities(3)
    np.testing.assert_equal(affinities.toarray(), gaussian_affinities(GRAPH, 3).toarray())


def test_every_deprecated_name_is_listed(api):
    head, _, reference = PAGE.read_text().partition(api.MARK)
    members = re.findall(r"- `(\w+).*?`: Deprecated", reference)
    assert set(members) <= set(DEPRECATED)
    table = head.partition("## Deprecated")[2]
    assert all(name in table for name in DEPRECATED)
