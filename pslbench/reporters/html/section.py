"""The declaration of a section, and its panels per board, dataset or combination."""

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from pslbench.analysis.statistics import MIN_SEEDS
from pslbench.errors import pluralize
from pslbench.reporters.formats import board_title, dataset_title
from pslbench.reporters.html.inspected import InspectedCombination
from pslbench.reporters.html.rendering import render_panels
from pslbench.reporters.html.report_data import Board, ReportData

Render = Callable[[ReportData], Markup]


@dataclass(frozen=True)
class Section:
    """One section of the report.

    Attributes:
        name: its name in the navigation bar.
        title: its heading.
        intro: the text below the heading.
        render: returns its content as HTML, or raises SectionUnavailable.
        has_intervals: whether it shows confidence intervals over seeds.
    """

    name: str
    title: str
    intro: str
    render: Render
    has_intervals: bool = False

    def describe(self, data: ReportData) -> str:
        """Return the intro. It names the reason if intervals are missing."""
        if self.has_intervals and data.lacks_intervals:
            return f"{self.intro} Combinations with fewer than {MIN_SEEDS} seeds have no interval."
        return self.intro


def section(name: str, title: str, intro: str, has_intervals: bool = False) -> Callable[[Render], Section]:
    """Declare a section. The decorated function returns its content as HTML, or raises SectionUnavailable."""
    return lambda render: Section(name, title, intro, render, has_intervals)


def render_board_panels(data: ReportData, render: Callable[[Board], Markup], header: str = "") -> Markup:
    """Return one panel per dataset and budget."""
    return render_panels("board", data.boards, board_title, render, header=header, note=_series_note(data))


def render_dataset_panels(data: ReportData, render: Callable[[str], Markup], header: str = "") -> Markup:
    """Return one panel per dataset."""
    return render_panels("dataset", data.datasets, dataset_title, render, header=header, note=_series_note(data))


def per_combination(render: Callable[[InspectedCombination], Markup]) -> Render:
    """Return a function that returns one panel per inspected combination."""

    def render_combination_panels(data: ReportData) -> Markup:
        total = sum(bool(entry.rows) for entry in data.entries)
        omitted = total - len(data.inspected)
        text = f"The report omits {pluralize(omitted, 'combination')}; -f html:combinations={total} shows all."
        return render_panels("combination", data.inspected, lambda c: c.title, render, note=text if omitted else "")

    return render_combination_panels


def _series_note(data: ReportData) -> str:
    omitted = len(data.all_series) - len(data.series)
    return f"The charts omit {pluralize(omitted, 'combination')}; the leaderboard lists all." if omitted else ""
