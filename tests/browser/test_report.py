"""The report in Chromium, as a reader sees it. Skips without Chromium; fails where PSLBENCH_REQUIRE_BROWSER is set."""

import os
import shutil
from pathlib import Path

import pytest
from reported import EVIL, reported

SIZES = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 800}}
PATIENCE = 60_000  # ms; the machine may be busy
BAD = ("error", "warning")


@pytest.fixture(scope="module")
def chromium():
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        reason = "there is no Chromium on this machine: apt-get install chromium"
        if os.environ.get("PSLBENCH_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Opened:
    """A page of the report, and what went wrong on it."""

    def __init__(self, browser, size="desk", scheme="light"):
        self.context = browser.new_context(viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce")
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.wrong = []
        self.page.on(
            "console", lambda said: self.wrong.append(said.text) if said.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.wrong.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self._asked(request.url))
        self.page.goto((reported() / "report.html").as_uri())

    def _asked(self, url):
        if not url.startswith(("file:", "data:", "blob:")):
            self.wrong.append(url)

    def drawn(self, section):
        """The charts of a section that are shown, once they are drawn."""
        charts = self.page.locator(f"#{section} .vega:visible").all()
        for chart in charts:
            chart.scroll_into_view_if_needed()
            self.page.wait_for_function("chart => chart.dataset.drawn", arg=chart.element_handle())
        return charts


@pytest.fixture
def opened(chromium):
    pages = []

    def open_(*how):
        pages.append(Opened(chromium, *how))
        return pages[-1]

    yield open_
    for each in pages:
        each.context.close()
        assert not each.wrong


CUT_OFF = """() => {
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
def test_everything_is_drawn_and_nothing_is_cut_off(opened, size, scheme):
    report = opened(size, scheme)
    for section in ("budgets", "costs", "pairs", "confusion", "calibration", "map", "time"):
        charts = report.drawn(section)
        assert charts, section
        assert all(chart.locator("svg, canvas").count() for chart in charts)
    assert report.page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
    assert report.page.evaluate(TOO_WIDE) == []
    assert report.page.evaluate(CUT_OFF) == []
    shots = os.environ.get("PSLBENCH_SCREENSHOTS")  # a folder, for those who want to look
    if shots:
        report.page.screenshot(path=Path(shots) / f"{size}-{scheme}.png", full_page=True)


def names(report):
    return report.page.locator("#table tbody tr:not([hidden]) .first").all_inner_texts()


def test_the_leaderboard_sorts_and_filters(opened):
    report = opened()
    page = report.page
    assert names(report)[:2] == sorted(names(report)[:2], key=lambda name: name != names(report)[0])
    assert page.locator("#count").inner_text() == "4 of 8 rows"
    head = page.locator("#table th", has_text="Strategy").first
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert names(report) == [EVIL, "centroid", "greedy", "random"]
    head.locator("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert names(report) == ["random", "greedy", "centroid", EVIL]
    page.locator("#table th", has_text="Accuracy").locator("button").click()
    assert set(names(report)[-2:]) == {EVIL, "greedy"}, "rows without a value come last"
    page.select_option("[data-filter=budget]", "")
    assert len(names(report)) == 8
    page.fill("#find", "centro")
    assert names(report) == ["centroid", "centroid"]
    page.fill("#find", "nothing like it")
    assert page.locator("#count").inner_text() == "0 of 8 rows"


def test_the_theme_is_switched_and_remembered(opened):
    report = opened("desk", "light")
    page = report.page
    background = "getComputedStyle(document.body).backgroundColor"
    report.drawn("budgets")
    light = page.evaluate(background)
    label = "document.querySelector('#budgets .vega .role-axis-label text').getAttribute('fill')"
    before = page.evaluate(label)
    page.locator("#theme").focus()
    page.keyboard.press("Enter")
    assert page.locator("#theme").get_attribute("aria-pressed") == "true"
    assert page.evaluate(background) != light
    report.drawn("budgets")
    assert page.evaluate(label) != before
    page.reload()
    assert page.locator("#theme").get_attribute("aria-pressed") == "true"
    assert page.evaluate(background) != light


def test_pointing_at_a_chart_gives_values_as_text(opened):
    report = opened()
    page = report.page
    report.drawn("budgets")
    point = page.locator(f"#budgets .mark-symbol path[aria-label*='{EVIL}']").first
    point.hover(force=True)
    page.wait_for_selector("#vg-tooltip-element.visible")
    said = page.locator("#vg-tooltip-element").inner_text()
    assert EVIL in said
    assert "accuracy" in said


def test_a_name_in_the_legend_brings_its_series_out(opened):
    report = opened()
    page = report.page
    report.drawn("budgets")
    line = page.locator("#budgets .mark-line path")
    full = {each.get_attribute("opacity") for each in line.all()}
    button = page.locator("#budgets [data-series=centroid]")
    button.focus()
    page.keyboard.press("Space")
    assert button.get_attribute("aria-pressed") == "true"
    assert page.locator("#costs [data-series=centroid]").get_attribute("aria-pressed") == "true"
    page.wait_for_function("document.querySelector('#budgets .mark-line path[opacity=\"0.1\"]')")
    button.click()
    page.wait_for_function("!document.querySelector('#budgets .mark-line path[opacity=\"0.1\"]')")
    assert {each.get_attribute("opacity") for each in line.all()} == full


def test_menus_show_another_combination_everywhere(opened):
    report = opened("phone")
    page = report.page
    report.drawn("confusion")
    menu = page.locator("#confusion select")
    options = menu.locator("option").all_inner_texts()
    menu.select_option(index=len(options) - 1)
    assert page.locator("#clusters select").input_value() == str(len(options) - 1)
    assert options[-1] in report.drawn("confusion")[0].get_attribute("data-label")
    report.drawn("map")
    way = page.locator("#map .vega:visible select")
    way.select_option("error")
    assert way.input_value() == "error"


def test_the_keyboard_reaches_what_can_be_used(opened):
    page = opened().page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.locator("#failures summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#failures pre").first.is_visible()
    assert page.evaluate("[...document.querySelectorAll('button, select, input')].every(e => e.tabIndex >= 0)")
