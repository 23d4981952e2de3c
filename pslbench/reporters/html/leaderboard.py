from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan

from markupsafe import Markup

from pslbench.analysis.fairness import fairness_warnings
from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.reporters.formats import number, spread
from pslbench.reporters.html.rendering import SectionUnavailable, render_template
from pslbench.reporters.html.report_data import ReportData, board_title
from pslbench.reporters.html.section import section
from pslbench.reporters.leaderboard_table import MARKS

MARKS_BESIDE_NAMES = MARKS[1:]  # the letters show ties


@dataclass(frozen=True)
class Column:
    """A column of the leaderboard: its title, its tooltip, and the text and the sort value of an entry."""

    title: str
    tooltip: str
    text: Callable[[LeaderboardEntry], str]
    value: Callable[[LeaderboardEntry], float | str]

    def is_empty(self, entry: LeaderboardEntry) -> bool:
        """Return whether the entry has no value."""
        value = self.value(entry)
        return value == "" or (isinstance(value, float) and isnan(value))


@section(
    "Leaderboard",
    "Leaderboard",
    "One row per combination: means over seeds ± half-widths of their 95% confidence intervals. If two combinations of "
    "a board have a tie letter in common, their accuracies do not differ significantly (paired t tests over seeds, "
    "adjusted for all pairs of the board by Holm's method). A board is one dataset with one budget.",
    has_intervals=True,
)
def leaderboard(data: ReportData) -> Markup:
    entries = [entry for board in data.boards for entry in board]
    if not entries:
        raise SectionUnavailable("There are no results.")
    columns = [column for column in COLUMNS if not all(map(column.is_empty, entries))]
    rows = [
        {
            "dataset": entry.part("dataset"),
            "budget": entry.part("budget"),
            "rank": rank if entry.ranked else None,
            "name": data.series_name(entry),
            "marks": "".join(mark for mark, applies, _ in MARKS_BESIDE_NAMES if applies(entry)),
            "cells": [(c.text(entry), "" if c.is_empty(entry) else c.value(entry)) for c in columns],
        }
        for board in data.boards
        for rank, entry in enumerate(board, 1)
    ]
    legend = [(mark, meaning) for mark, applies, meaning in MARKS_BESIDE_NAMES if any(map(applies, entries))]
    legend += [
        ("!", f"{board_title(board)}: {warning}")
        for board in data.boards
        for warning in fairness_warnings([entry for entry in board if entry.ranked])
    ]
    budgets = sorted({board[0].combination[1] for board in data.boards})
    return render_template(
        "leaderboard", columns=columns, rows=rows, datasets=data.datasets, budgets=budgets, legend=legend
    )


def _score_column(title: str, tooltip: str, name: str) -> Column:
    return Column(title, tooltip, lambda s: number(s.score(name).mean, 3), lambda s: s.score(name).mean)


def _format_seeds(entry: LeaderboardEntry) -> str:
    return f"{len(entry.rows)}" + (f", {entry.failed} failed" if entry.failed else "")


COLUMNS = (
    Column(
        "Accuracy",
        "accuracy on the test set",
        lambda s: spread(s.score("test_accuracy")),
        lambda s: s.score("test_accuracy").mean,
    ),
    Column("Ties", "combinations with a letter in common do not differ significantly", *[lambda s: s.groups] * 2),
    _score_column("Macro F1", "mean F1 score of the classes", "macro_f1"),
    _score_column("NLL", "negative log-likelihood of the true class, in nats", "nll"),
    _score_column("ECE", "expected calibration error", "ece"),
    _score_column("Direct", "accuracy of the label of each test sample's cluster", "direct_accuracy"),
    _score_column("Pseudo", "accuracy of the pseudo-labels", "pseudo_accuracy"),
    _score_column("Coverage", "share of the pool that has a pseudo-label", "coverage"),
    _score_column("Purity", "share of the pool that has the most frequent class of its cluster", "purity"),
    Column(
        "Spent",
        "number of labels that the strategy queried",
        lambda s: number(s.mean("labels_spent"), 0),
        lambda s: s.mean("labels_spent"),
    ),
    Column(
        "Seconds",
        "wall-clock seconds per cell, all stages",
        lambda s: number(s.mean("seconds", "total"), 1),
        lambda s: s.mean("seconds", "total"),
    ),
    Column("Seeds", "number of seeds with results", _format_seeds, lambda s: len(s.rows)),
)
