"""Leaderboards as rows of text, for reporters that typeset tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pslbench.analysis.budget_curves import Curve, budget_curves
from pslbench.analysis.comparable_groups import group_title
from pslbench.analysis.leaderboard import LeaderboardEntry, boards, leaderboard_entries
from pslbench.reporters.formats import few_seeds_note, format_mean
from pslbench.reporters.leaderboard_table import columns, explain_marks, legend, marks, title, varying_parts
from pslbench.results.records import Result


@dataclass(frozen=True)
class Cell:
    """What stands in one place of a table; `bold` for the best."""

    text: str
    bold: bool = False


@dataclass(frozen=True)
class Sheet:
    """One table.

    Attributes:
        title: what all its rows have in common.
        heads: of its columns, each with whether it holds words and not numbers.
        competing: its rows that compete, a cell a column, best first.
        others: those that do not.
        legend: what numbers and marks mean, line by line.
    """

    title: str
    heads: tuple[tuple[str, bool], ...]
    competing: tuple[tuple[Cell, ...], ...]
    others: tuple[tuple[Cell, ...], ...]
    legend: tuple[str, ...]


def sheets(results: Sequence[Result]) -> Iterator[Sheet]:
    """Strategies by budget, of each data set that has several; then every board, as it is on the screen."""
    yield from map(_by_budget, budget_curves(leaderboard_entries(results)))
    yield from map(_of_board, boards(results))


def _of_board(board: list[LeaderboardEntry]) -> Sheet:
    chosen, rows = columns(board), dict[bool, list[tuple[Cell, ...]]]({True: [], False: []})
    for entry in board:
        best = {"strategy", "test accuracy"} if _is_best(entry) else set()
        rows[entry.ranked].append(tuple(Cell(column.cell(entry), column.head in best) for column in chosen))
    heads = tuple((column.head, column.justify == "left") for column in chosen)
    return Sheet(title(board, chosen), heads, tuple(rows[True]), tuple(rows[False]), tuple(legend(board, chosen)))


def _by_budget(curves: list[Curve]) -> Sheet:
    points = [point for curve in curves for point in curve.points]
    budgets = sorted({point.combination[1] for point in points})
    kinds = varying_parts(curves)
    rows = [(*(Cell(c.part(kind)) for kind in kinds), *(_at(c, budget) for budget in budgets)) for c in curves]
    competing = sum(curve.ranked for curve in curves)
    means = f"mean ± half-width of its 95% interval over seeds{few_seeds_note(points)}"
    return Sheet(
        f"{group_title(points, 'dataset', 'embedder', 'clusterer', 'trainer')} · test accuracy by budget",
        (*((kind, True) for kind in kinds), *((f"{budget:,}", False) for budget in budgets)),
        tuple(rows[:competing]),
        tuple(rows[competing:]),
        (f"by number of labels, rows by the area under it: {means}", *explain_marks(points)),
    )


def _at(curve: Curve, budget: int) -> Cell:
    """What a curve says at one budget, with its marks."""
    for point in curve.points:
        if point.combination[1] == budget:
            return Cell(" ".join([format_mean(point.score("test_accuracy"), 3), *marks(point)]), _is_best(point))
    return Cell("")


def _is_best(entry: LeaderboardEntry) -> bool:
    return entry.gap.is_best
