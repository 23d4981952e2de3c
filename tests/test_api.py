"""The public API changes only on purpose."""

import difflib
import importlib.util
import re
from pathlib import Path

import pytest

import pslbench
from pslbench.plugins import spec

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


def test_every_deprecated_name_is_listed(api):
    head, _, reference = PAGE.read_text().partition(api.MARK)
    members = re.findall(r"- `(\w+).*?`: Deprecated", reference)
    assert set(members) <= set(DEPRECATED)
    table = head.partition("## Deprecated")[2]
    assert all(name in table for name in DEPRECATED)
