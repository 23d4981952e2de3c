"""Leaderboards as tables of text, for reporters that typeset them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pslbench.analysis.budget_curves import Curve, budget_curves
from pslbench.analysis.leaderboard import LeaderboardEntry, boards, leaderboard_entries
from pslbench.reporters.formats import dataset_title, few_seeds_note, format_mean, parts_title
from pslbench.reporters.leaderboard_table import columns, explain_marks, legend, marks, title, varying_parts
from pslbench.results.records import Result, ResultsReader

BOLD_COLUMNS = ("strategy", "test accuracy")  # of the best row


@dataclass(frozen=True)
class TableCell:
    """The text of a table cell; bold for the best row."""

    text: str
    bold: bool = False


@dataclass(frozen=True)
class TypesetTable:
    """One table.

    Attributes:
        title: what all rows have in common.
        headers: the title of each column, and whether the column holds text rather than numbers.
        rows: one cell per column, the best row first, the rows that do not compete last.
        n_competing: the number of rows that compete.
        legend: the meaning of numbers and marks, one line each.
    """

    title: str
    headers: list[tuple[str, bool]]
    rows: list[list[TableCell]]
    n_competing: int
    legend: list[str]


def typeset_tables(results: Sequence[Result], reader: ResultsReader | None = None) -> Iterator[TypesetTable]:
    """Yield a table of strategies by budget for each dataset with several budgets, then a table for each board."""
    yield from map(_typeset_curves, budget_curves(leaderboard_entries(results, reader)))
    yield from map(_typeset_board, boards(results, reader=reader))


def _typeset_board(board: list[LeaderboardEntry]) -> TypesetTable:
    shown = columns(board)
    return TypesetTable(
        title(board, shown),
        [(column.head, column.justify == "left") for column in shown],
        [[TableCell(c.cell(row), row.gap.is_best and c.head in BOLD_COLUMNS) for c in shown] for row in board],
        sum(entry.ranked for entry in board),
        legend(board, shown),
    )


def _typeset_curves(curves: list[Curve]) -> TypesetTable:
    points = [point for curve in curves for point in curve.points]
    budgets = sorted({point.combination[1] for point in points})
    kinds, parts = varying_parts(curves), parts_title(points)
    means = f"mean ± half-width of its 95% interval over seeds{few_seeds_note(point.rows for point in points)}"
    return TypesetTable(
        " · ".join([dataset_title(curves[0].part("dataset")), *[parts] * bool(parts), "test accuracy by budget"]),
        [*((kind, True) for kind in kinds), *((f"{budget:,}", False) for budget in budgets)],
        [[*(TableCell(c.part(kind)) for kind in kinds), *(_typeset_point(c, b) for b in budgets)] for c in curves],
        sum(curve.ranked for curve in curves),
        [f"columns: number of labels; rows: by area under the curve; cells: {means}", *explain_marks(points)],
    )


def _typeset_point(curve: Curve, budget: int) -> TableCell:
    """Return the test accuracy of a curve at a budget with its marks; empty if it was not run at that budget."""
    for point in curve.points:
        if point.combination[1] == budget:
            text = " ".join([format_mean(point.score("test_accuracy"), 3), *marks(point)])
            return TableCell(text, point.gap.is_best)
    return TableCell("")
