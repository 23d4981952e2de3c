from math import isnan
from typing import Any, NamedTuple

from markupsafe import Markup

from pslbench.analysis.fairness import fairness_warnings
from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.reporters.formats import board_title, dataset_title, format_mean, format_number
from pslbench.reporters.html.rendering import SectionUnavailable, render_template
from pslbench.reporters.html.report_data import ReportData
from pslbench.reporters.html.section import section
from pslbench.reporters.leaderboard_table import explain_marks, marks, shown_values


class Column(NamedTuple):
    """A column of the table: its title, its tooltip, its name in leaderboard.csv and its number of decimals."""

    title: str
    tooltip: str
    name: str
    digits: int = 3


COLUMNS = (
    Column("Accuracy", "accuracy on the test set", "test_accuracy"),
    Column("Macro F1", "mean F1 score of the classes", "macro_f1"),
    Column("NLL", "negative log-likelihood of the true class, in nats", "nll"),
    Column("ECE", "expected calibration error", "ece"),
    Column("Direct", "accuracy of the label of each test sample's cluster", "direct_accuracy"),
    Column("Pseudo", "accuracy of the pseudo-labels; - if all of them are true labels", "pseudo_accuracy"),
    Column("Coverage", "share of the pool that has a pseudo-label", "coverage"),
    Column("Purity", "share of the pool that has the most frequent class of its cluster", "purity"),
    Column("Spent", "number of labels that the strategy queried", "labels_spent", 0),
    Column("Seconds", "wall-clock seconds per cell, all stages", "seconds_total", 1),
    Column("Seeds", "number of seeds with results", "seeds", 0),
)


@section(
    "Leaderboard",
    "Leaderboard",
    "One row per combination: means over seeds ± half-widths of their 95% confidence intervals. A board is one dataset "
    "with one budget. Its rows are compared seed by seed; the more pairs there are, the larger a difference must be. "
    "A row with ≈ cannot be told apart from the best one: the difference can be chance. A row above it may have no ≈, "
    "because scores that vary less from seed to seed show more.",
    has_intervals=True,
)
def leaderboard(data: ReportData) -> Markup:
    if not (entries := data.entries):
        raise SectionUnavailable("There are no results.")
    values = {entry.combination: shown_values(entry) for entry in entries}
    columns = [column for column in COLUMNS if not all(_is_missing(row[column.name]) for row in values.values())]
    rows = [
        {
            "dataset": entry.part("dataset"),
            "budget": entry.part("budget"),
            "rank": rank if entry.ranked else None,
            "name": data.series_name(entry),
            "marks": marks(entry),
            "cells": [_format_cell(entry, column, values[entry.combination][column.name]) for column in columns],
        }
        for board in data.boards
        for rank, entry in enumerate(board, 1)
    ]
    legend = [line.split(" ", 1) for line in explain_marks(entries)]
    legend += [
        ["!", f"{board_title(board)}: {warning}"]
        for board in data.boards
        for warning in fairness_warnings([entry for entry in board if entry.ranked])
    ]
    budgets = sorted({board[0].combination[1] for board in data.boards})
    return render_template(
        "leaderboard",
        columns=columns,
        rows=rows,
        datasets={name: dataset_title(name) for name in data.datasets},
        budgets=budgets,
        legend=legend,
    )


def _is_missing(value: Any) -> bool:
    return value == "" or (isinstance(value, float) and isnan(value))


def _format_cell(entry: LeaderboardEntry, column: Column, value: Any) -> tuple[str, Any]:
    """Return the text of a cell, and the value by which the table sorts it."""
    text = value if isinstance(value, str) else format_number(value, column.digits)
    if column.name == "test_accuracy":
        text = format_mean(entry.score("test_accuracy"))
    if column.name == "seeds" and entry.failed_cells:
        text += f", {entry.failed_cells} failed"
    return text, "" if _is_missing(value) else value
