"""One row per cell and one row per combination, as the CSV files and the tables show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import isnan
from typing import TYPE_CHECKING, Any, Protocol

from pslbench.analysis.statistics import Interval, mean_interval
from pslbench.analysis.ties import NO_GAP, GapToBest, gaps_to_best
from pslbench.errors import deprecated, unknown
from pslbench.results.codec import RENAMED, SCORES, STAGES
from pslbench.results.records import UNUSED, Combination, Result

if TYPE_CHECKING:
    import pandas as pd

COMBINATION_COLUMNS = ("dataset", "budget", "strategy", "clusterer", "embedder", "trainer")
LOWER_IS_BETTER = ("nll", "ece", "gap_", "failed_", "labels_", "test_set_", "peak_", "seconds_")  # prefixes of columns
SHORT_NAMES = {"accuracy": "test_accuracy", "direct": "direct_accuracy", "pseudo": "pseudo_accuracy"}  # in tables
SHORT_NAMES |= {"labels": "labels_spent", "seconds": "seconds_total", "group": "tie_groups"}
OLD_NAMES = {"behind": "gap_to_best", "behind_half_width": "gap_to_best_half_width", "groups": "tie_groups"}  # in 0.1
OLD_NAMES |= {"failed": "failed_cells", **RENAMED}


class HasRows(Protocol):
    @property
    def rows(self) -> tuple[Result, ...]: ...


def is_upper_bound(entry: HasRows) -> bool:
    """Return whether the strategy of any row may query every label."""
    return any(row.upper_bound for row in entry.rows)


def used_test_set(entry: HasRows) -> bool:
    """Return whether the trainer of any row evaluated itself on the test set."""
    return any(row.test_set_evaluations for row in entry.rows)


@dataclass(frozen=True)
class LeaderboardEntry:
    """One combination over its seeds.

    Attributes:
        rows: its successful rows, by seed.
        failed_cells: the number of its failed cells.
        gap: how its test accuracy compares with that of the best entry of its board.
    """

    combination: Combination
    rows: tuple[Result, ...]
    failed_cells: int
    gap: GapToBest = NO_GAP

    @property
    def ranked(self) -> bool:
        """Whether there are rows and all of them compete."""
        return bool(self.rows) and all(row.ranked for row in self.rows)

    def part(self, kind: str) -> str:
        return str(self.combination[COMBINATION_COLUMNS.index(kind)])

    def by_seed(self, score: str = "test_accuracy") -> dict[int, float]:
        return {row.seed: row.scores[score] for row in self.rows if score in row.scores}

    def score(self, name: str) -> Interval:
        return mean_interval(list(self.by_seed(name).values()))

    def mean(self, attribute: str, key: str | None = None) -> float:
        """Return the mean over seeds of an attribute of the rows, or of one key if the attribute is a dictionary."""
        values = [getattr(row, attribute) for row in self.rows]
        return mean_interval([value[key] for value in values if key in value] if key else values).mean


def boards(results: Sequence[Result], group: str = "") -> list[list[LeaderboardEntry]]:
    """Return one board for each dataset, budget and value of the part `group`.

    A board has the competing combinations from best to worst, then the others. A combination that does not use the
    part `group` is on the board of each value.
    """
    ordered = sorted(results, key=lambda row: (row.combination, row.seed))
    entries = [_entry(combination, list(rows)) for combination, rows in groupby(ordered, key=lambda r: r.combination)]
    entries.sort(key=_rank_key)
    by_task = [list(board) for _, board in groupby(entries, key=lambda entry: entry.combination[:2])]
    return [_with_gaps(part) for board in by_task for part in _split(board, group)]


def leaderboard_entries(results: Sequence[Result]) -> list[LeaderboardEntry]:
    """Return the entries of all boards by dataset and budget, one board after the other."""
    return [entry for board in boards(results) for entry in board]


def column(name: str) -> str:
    """Return the column of `leaderboard.csv` that a name stands for.

    A name of version 0.1 causes a DeprecationWarning.

    Raises:
        InputError: the column is unknown; the message suggests the nearest one.
    """
    known = leaderboard_row(LeaderboardEntry(("", 0, "", "", "", ""), (), 0)).keys()
    name = current_name(name.replace(" ", "_"))
    if (full_name := SHORT_NAMES.get(name, name)) not in known:
        raise unknown("column", name, (*known, *SHORT_NAMES), "the head of leaderboard.csv")
    return full_name


def current_name(column: str) -> str:
    """Return the current name of a column, and warn that its name of version 0.1 is deprecated."""
    if column in OLD_NAMES:
        deprecated(f"the column name '{column}'", f"'{OLD_NAMES[column]}'")
    return OLD_NAMES.get(column, column)


def sort_entries(board: Sequence[LeaderboardEntry], by: str) -> list[LeaderboardEntry]:
    """Return the entries sorted by a column of `leaderboard.csv`: numbers from best to worst, text alphabetically."""
    if by == "test_accuracy":
        return list(board)
    sign = 1 if by.startswith(LOWER_IS_BETTER) or by.endswith("half_width") else -1

    def sort_key(entry: LeaderboardEntry) -> tuple[Any, ...]:
        value = leaderboard_row(entry)[by]
        if isinstance(value, str):
            return (False, value)
        is_missing = value is None or isnan(value)
        return (is_missing, 0 if is_missing else sign * value)

    return sorted(board, key=sort_key)


def _entry(combination: Combination, rows: list[Result]) -> LeaderboardEntry:
    successful = tuple(row for row in rows if row.ok)
    return LeaderboardEntry(combination, successful, len(rows) - len(successful))


def _rank_key(entry: LeaderboardEntry) -> tuple[Any, ...]:
    accuracy = entry.score("test_accuracy").mean
    return *entry.combination[:2], not entry.ranked, isnan(accuracy), -accuracy, entry.combination


def _split(board: list[LeaderboardEntry], group: str) -> list[list[LeaderboardEntry]]:
    values = sorted({entry.part(group) for entry in board} - {UNUSED}) if group else []
    return [[entry for entry in board if entry.part(group) in (value, UNUSED)] for value in values] or [board]


def _with_gaps(board: list[LeaderboardEntry]) -> list[LeaderboardEntry]:
    competing = [entry for entry in board if entry.ranked]
    gaps = gaps_to_best([entry.by_seed() for entry in competing])
    return [replace(entry, gap=gap) for entry, gap in zip(competing, gaps, strict=True)] + board[len(competing) :]


def leaderboard_frame(results: Sequence[Result]) -> pd.DataFrame:
    """Return the table `leaderboard.csv`: one row per combination, with means over seeds and their half-widths."""
    import pandas as pd

    return pd.DataFrame([leaderboard_row(entry) for entry in leaderboard_entries(results)])


def leaderboard_row(entry: LeaderboardEntry) -> dict[str, Any]:
    """Return the columns of `leaderboard.csv` with their values."""
    scores, gap = {name: entry.score(name) for name in SCORES}, entry.gap
    return {
        **dict(zip(COMBINATION_COLUMNS, entry.combination, strict=True)),
        "seeds": len(entry.rows),
        "failed_cells": entry.failed_cells,
        "ranked": entry.ranked,
        "tied_with_best": None if gap.is_unclear else gap.is_tied,
        "tie_groups": gap.tie_groups,
        "gap_to_best": gap.difference.mean if gap.difference else None,
        "gap_to_best_half_width": gap.difference.half_width if gap.difference else None,
        "labels_spent": entry.mean("labels_spent"),
        "test_set_evaluations": entry.mean("test_set_evaluations"),
        **{name: score.mean for name, score in scores.items()},
        **{f"{name}_half_width": score.half_width for name, score in scores.items()},
        **{f"seconds_{name}": entry.mean("seconds", name) for name in STAGES},
        "peak_memory_mb": entry.mean("peak_memory_mb"),
    }
