"""The report in Chromium. Without Chromium the tests skip, or fail if PSLBENCH_REQUIRE_BROWSER is set."""

import os
import shutil
from pathlib import Path

import pytest
from reported import EVIL, make_report

SIZES = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 800}}
TIMEOUT = 60_000  # ms; the machine may be busy


@pytest.fixture(scope="module")
def chromium():
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        reason = "Chromium is missing: apt-get install chromium"
        if os.environ.get("PSLBENCH_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class OpenReport:
    """A page that shows the report, and its problems: errors, warnings, dialogs and network requests."""

    def __init__(self, browser, size="desk", scheme="light"):
        self.context = browser.new_context(viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce")
        self.page = self.context.new_page()
        self.page.set_default_timeout(TIMEOUT)
        self.problems = []
        self.page.on("console", lambda m: self.problems.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.problems.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self._check_request(request.url))
        self.page.goto((make_report() / "report.html").as_uri())

    def _check_request(self, url):
        if not url.startswith(("file:", "data:", "blob:")):
            self.problems.append(url)

    def draw(self, section):
        """Wait until the visible charts of a section are drawn, and return them."""
        charts = self.page.locator(f"#{section} .vega:visible").all()
        for chart in charts:
            chart.scroll_into_view_if_needed()
            self.page.wait_for_function("chart => chart.dataset.drawn", arg=chart.element_handle())
        return charts


@pytest.fixture
def open_report(chromium):
    pages = []

    def open_page(*options):
        pages.append(OpenReport(chromium, *options))
        return pages[-1]

    yield open_page
    for report in pages:
        report.context.close()
        assert not report.problems


CLIPPED_TEXT = """() => {
    const shown = element => element.checkVisibility({ opacityProperty: true });
    const within = (r, box) =>
        r.left > box.left - 2 && r.right < box.right + 2 && r.top > box.top - 2 && r.bottom < box.bottom + 2;
    return [...document.querySelectorAll('.vega svg text')]
        .filter(text => text.textContent.trim() && shown(text))
        .filter(text => !within(text.getBoundingClientRect(), text.closest('svg').getBoundingClientRect()))
        .map(text => text.textContent);
}"""
TOO_WIDE = """() => [...document.querySelectorAll('main *')]
    .filter(element => element.checkVisibility() && !element.closest('.scroller, pre, nav'))
    .filter(element => element.getBoundingClientRect().right > innerWidth + 1)
    .map(element => element.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_are_drawn_without_clipped_text(open_report, size, scheme):
    report = open_report(size, scheme)
    for section in ("budgets", "costs", "pairs", "confusion", "calibration", "map", "time"):
        charts = report.draw(section)
        assert charts, section
        assert all(chart.locator("svg, canvas").count() for chart in charts)
    assert report.page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
    assert report.page.evaluate(TOO_WIDE) == []
    assert report.page.evaluate(CLIPPED_TEXT) == []
    folder = os.environ.get("PSLBENCH_SCREENSHOTS")  # a folder
    if folder:
        report.page.screenshot(path=Path(folder) / f"{size}-{scheme}.png", full_page=True)


def visible_names(report):
    return report.page.locator("#table tbody tr:not([hidden]) .first").all_inner_texts()


def test_leaderboard_sorts_and_filters(open_report):
    report = open_report()
    page = report.page
    assert visible_names(report)[:2] == ["centroid", "random"]
    assert page.locator("#count").inner_text() == "4 of 8 rows"
    head = page.locator("#table th", has_text="Strategy").first
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert visible_names(report) == [EVIL, "centroid", "greedy", "random"]
    head.locator("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert visible_names(report) == ["random", "greedy", "centroid", EVIL]
    page.locator("#table th", has_text="Accuracy").locator("button").click()
    assert set(visible_names(report)[-2:]) == {EVIL, "greedy"}, "rows without a value are last"
    page.select_option("[data-filter=budget]", "")
    assert len(visible_names(report)) == 8
    page.fill("#search", "centro")
    assert visible_names(report) == ["centroid", "centroid"]
    page.fill("#search", "no such name")
    assert page.locator("#count").inner_text() == "0 of 8 rows"


def test_theme_is_switched_and_stored(open_report):
    report = open_report("desk", "light")
    page = report.page
    background = "getComputedStyle(document.body).backgroundColor"
    report.draw("budgets")
    light = page.evaluate(background)
    label = "document.querySelector('#budgets .vega .role-axis-label text').getAttribute('fill')"
    before = page.evaluate(label)
    page.locator("#theme").focus()
    page.keyboard.press("Enter")
    assert page.locator("#theme").get_attribute("aria-pressed") == "true"
    assert page.evaluate(background) != light
    report.draw("budgets")
    assert page.evaluate(label) != before
    page.reload()
    assert page.locator("#theme").get_attribute("aria-pressed") == "true"
    assert page.evaluate(background) != light


def test_chart_has_tooltips(open_report):
    report = open_report()
    page = report.page
    report.draw("budgets")
    point = page.locator(f"#budgets .mark-symbol path[aria-label*='{EVIL}']").first
    point.hover(force=True)
    page.wait_for_selector("#vg-tooltip-element.visible")
    tooltip = page.locator("#vg-tooltip-element").inner_text()
    assert EVIL in tooltip
    assert "accuracy" in tooltip


def test_legend_highlights_series(open_report):
    report = open_report()
    page = report.page
    report.draw("budgets")
    line = page.locator("#budgets .mark-line path")
    initial = {path.get_attribute("opacity") for path in line.all()}
    button = page.locator("#budgets [data-series=centroid]")
    button.focus()
    page.keyboard.press("Space")
    assert button.get_attribute("aria-pressed") == "true"
    assert page.locator("#costs [data-series=centroid]").get_attribute("aria-pressed") == "true"
    page.wait_for_function("document.querySelector('#budgets .mark-line path[opacity=\"0.1\"]')")
    button.click()
    page.wait_for_function("!document.querySelector('#budgets .mark-line path[opacity=\"0.1\"]')")
    assert {path.get_attribute("opacity") for path in line.all()} == initial


def test_menus_of_one_name_change_together(open_report):
    report = open_report("phone")
    page = report.page
    report.draw("confusion")
    menu = page.locator("#confusion select")
    options = menu.locator("option").all_inner_texts()
    menu.select_option(index=len(options) - 1)
    assert page.locator("#clusters select").input_value() == str(len(options) - 1)
    assert options[-1] in report.draw("confusion")[0].get_attribute("data-label")
    report.draw("map")
    menu = page.locator("#map .vega:visible select")
    menu.select_option("error")
    assert menu.input_value() == "error"


def test_keyboard_reaches_all_controls(open_report):
    page = open_report().page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.locator("#failures summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#failures pre").first.is_visible()
    assert page.evaluate("[...document.querySelectorAll('button, select, input')].every(e => e.tabIndex >= 0)")
