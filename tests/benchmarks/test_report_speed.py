"""`make perf`: the time in which a browser draws report.html of 12 strategies, 6 budgets and 10 seeds."""

import shutil

import pytest
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
