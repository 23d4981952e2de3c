"""The public API does not change unnoticed."""

import difflib
import importlib.util
import re
from pathlib import Path

import pytest

import pslbench
from pslbench.plugins import spec

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
TO_DO = (
    "the public API is not what docs/api.md says. Where that is meant: run `make docs`, which writes the page anew, "
    "raise API_VERSION in pslbench/plugins/spec.py unless it was raised since the last release, and write a line into "
    "CHANGELOG.md; what was taken away or changed must have been deprecated before (docs/api.md)"
)


@pytest.fixture
def api():
    """docs/api.py, as a module."""
    where = importlib.util.spec_from_file_location("api_page", PAGE.with_suffix(".py"))
    module = importlib.util.module_from_spec(where)
    where.loader.exec_module(module)
    return module


def changes(api):
    """The lines of the page that would be others, as of diff."""
    lines = difflib.unified_diff(PAGE.read_text().splitlines(), api.written().splitlines(), lineterm="", n=0)
    return [line for line in lines if re.match(r"[+-](?![+-])", line)]


def test_the_page_is_what_the_code_says(api):
    changed = changes(api)
    assert not changed, "\n".join((TO_DO, *changed))


def test_a_change_is_noticed(api, monkeypatch):
    def pslbench_run_started(plan: "Plan", when: "float") -> "None":  # noqa: F821
        """A run begins."""

    monkeypatch.setattr(pslbench, "__all__", [name for name in pslbench.__all__ if name != "Pool"])
    monkeypatch.setattr(spec, "pslbench_run_started", pslbench_run_started)
    changed = changes(api)
    assert "-### Pool" in changed
    assert "+`pslbench_run_started(plan: Plan, when: float) -> None`" in changed
    assert not any("### Part" in line for line in changed)


def test_every_public_name_says_what_it_is(api):
    page = PAGE.read_text().partition(api.MARK)[2]
    named = re.findall(r"^### (.+)\n+(.*)", page, re.MULTILINE)
    assert {name for name, _ in named} >= set(pslbench.__all__)
    assert all(re.search(r"\w", said) for _, said in named)
    assert f"### API_VERSION\n`{pslbench.API_VERSION}`" in page
