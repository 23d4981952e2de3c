"""`make perf`: the CPU time of pslbench report, and the time in which a browser draws a large report.html."""

import shutil
import subprocess
import sys

import pytest
from helpers import command, cpu_of_children
from reported import write_large_report

VISIBLE_CHARTS = "[...document.querySelectorAll('.vega')].filter(chart => chart.checkVisibility())"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return write_large_report(tmp_path_factory.mktemp("large"))


@pytest.fixture
def page():
    if not (path := shutil.which("chromium")):
        pytest.skip("Chromium is missing: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 1280, "height": 900})
        browser.close()


@pytest.mark.benchmark(group="report.html in Chromium")
@pytest.mark.parametrize("charts", ["first", "all visible"])
def test_drawing(benchmark, report, page, charts):
    def draw():
        page.goto(report.as_uri())
        if charts == "all visible":
            page.set_viewport_size({"width": 1280, "height": 20_000})
        else:
            page.locator(".vega").first.scroll_into_view_if_needed()
        is_in_view = "chart.getBoundingClientRect().top < innerHeight"
        page.wait_for_function(f"{VISIBLE_CHARTS}.filter(chart => {is_in_view}).every(chart => chart.dataset.drawn)")

    benchmark.pedantic(draw, rounds=5, warmup_rounds=1)
    assert page.locator(".vega[data-drawn]").count() >= (8 if charts == "all visible" else 1)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The results of all strategies on mnist-5k with three seeds, as `make bench` has them, but with logreg."""
    folder = tmp_path_factory.mktemp("bench") / "results"
    assert command("run", "--all", "-t", "logreg", "-o", folder).status == 0
    return folder


@pytest.mark.benchmark(group="pslbench report, in CPU seconds: against importing the libraries", timer=cpu_of_children)
@pytest.mark.parametrize("what", ["import altair, jinja2, sklearn.manifold", "report"])
def test_report(benchmark, results, what):
    arguments = ["-m", "pslbench", "report", str(results)] if what == "report" else ["-c", what]
    words = [sys.executable, *arguments]
    benchmark.pedantic(lambda: subprocess.run(words, check=True, capture_output=True), rounds=5, warmup_rounds=1)
