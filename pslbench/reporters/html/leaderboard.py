from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isnan
from typing import Any

from markupsafe import Markup

from pslbench.analysis.fairness import fairness_warnings
from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.analysis.statistics import Interval
from pslbench.reporters.formats import format_mean, format_number
from pslbench.reporters.html.section import AbsentError, Section, render, section
from pslbench.reporters.html.study import Study
from pslbench.reporters.leaderboard_table import MARKS

SHOWN = MARKS[1:]  # ties with the best are among the letters
Cell = tuple[str, Any]  # what is shown, and what is sorted by


def leaderboard(study: Study) -> Section:
    """Every combination, sortable and filterable."""
    intro = (
        f"Means over seeds, ± the half-width of the 95% interval{study.few}. Combinations of one board that share a "
        f"letter under ties cannot be told apart: paired t tests over seeds, corrected for all pairs (Holm){study.few}."
    )
    return section("leaderboard", "Leaderboard", "Leaderboard", intro, lambda: _table(study))


def _table(study: Study) -> Markup:
    if not study.boards:
        raise AbsentError("There are no results.")
    columns = [column for column in _columns(study) if any(_there(column[2](s)) for b in study.boards for s in b)]
    rows = [
        {
            "dataset": entry.part("dataset"),
            "budget": entry.part("budget"),
            "rank": rank if entry.ranked else None,
            "name": study.name(entry),
            "marks": "".join(mark for mark, holds, _ in SHOWN if holds(entry)),
            "cells": [cell(entry) for _, _, cell in columns],
        }
        for board in study.boards
        for rank, entry in enumerate(board, 1)
    ]
    marks = [(mark, says) for mark, holds, says in SHOWN if any(holds(s) for b in study.boards for s in b)]
    return render(
        "leaderboard",
        heads=[(title, says) for title, says, _ in columns],
        rows=rows,
        datasets=study.datasets,
        budgets=sorted({board[0].combination[1] for board in study.boards}),
        marks=marks,
        fairness_warnings=[
            f"{study.title(b)}: {says}" for b in study.boards for says in fairness_warnings([s for s in b if s.ranked])
        ],
    )


def _there(cell: Cell) -> bool:
    return cell[1] not in (None, "")


def _columns(study: Study) -> Sequence[tuple[str, str, Callable[[LeaderboardEntry], Cell]]]:
    """Head, what it means, and what stands in it."""
    return (
        ("Accuracy", "test accuracy", _accuracy),
        ("Ties", "combinations that share a letter cannot be told apart", lambda s: (s.gap.tie_groups,) * 2),
        ("Macro F1", "mean F1 of the classes", _score("macro_f1")),
        ("NLL", "negative log-likelihood of the true class, nats", _score("nll")),
        ("ECE", "expected calibration error", _score("ece")),
        ("Direct", "accuracy of the label of a test sample's cluster", _score("direct_accuracy")),
        ("Pseudo", "accuracy of pseudo-labels", _score("pseudo_accuracy")),
        ("Coverage", "share of the pool with a pseudo-label", _score("coverage")),
        ("Purity", "share of the pool that is of its cluster's most frequent class", _score("purity")),
        ("Spent", "labels asked for", lambda s: _number(s.mean("labels_spent"), 0)),
        ("Seconds", "a cell, all stages", lambda s: _number(s.mean("seconds", "total"), 1)),
        ("Seeds", "that ended well", _seeds),
    )


def _accuracy(entry: LeaderboardEntry) -> Cell:
    mean = entry.score("test_accuracy")
    return format_mean(mean), _sorted(mean)


def _score(name: str) -> Callable[[LeaderboardEntry], Cell]:
    def cell(entry: LeaderboardEntry) -> Cell:
        mean = entry.score(name)
        return format_number(mean.mean, 3), _sorted(mean)

    return cell


def _sorted(mean: Interval) -> float | None:
    return None if isnan(mean.mean) else mean.mean


def _number(value: float, digits: int) -> Cell:
    return format_number(value, digits), None if isnan(value) else value


def _seeds(entry: LeaderboardEntry) -> Cell:
    failed = f", {entry.failed_cells} failed" if entry.failed_cells else ""
    return f"{len(entry.rows)}{failed}", len(entry.rows)
