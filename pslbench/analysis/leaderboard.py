"""One row per combination, as the CSV files and the tables show them; selection and order of rows by their columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import groupby
from math import isnan
from typing import TYPE_CHECKING, Any

from pslbench.analysis.significance import pairwise_p_values
from pslbench.analysis.statistics import MIN_SEEDS, Interval, mean_interval
from pslbench.analysis.ties import NO_GAP, NO_TESTS, CorrectedTests, GapToBest, gaps_to_best
from pslbench.contracts.arrays import Bools
from pslbench.errors import InputError, deprecated, unknown
from pslbench.results.codec import RENAMED, SCORES, STAGES
from pslbench.results.records import UNUSED, Combination, Result, ResultsReader

if TYPE_CHECKING:
    import pandas as pd

COMBINATION_COLUMNS = ("dataset", "budget", "strategy", "clusterer", "embedder", "trainer")
FILTER_COLUMNS = (*COMBINATION_COLUMNS, "seed", "status", "compute_dtype")
LOWER_IS_BETTER = ("nll", "ece", "gap_", "failed_", "labels_", "test_set_", "peak_", "seconds_")  # prefixes of columns
SHORT_NAMES = {"accuracy": "test_accuracy", "direct": "direct_accuracy", "pseudo": "pseudo_accuracy"}  # in tables
SHORT_NAMES |= {"labels": "labels_spent", "seconds": "seconds_total"}
OLD_NAMES = {"behind": "gap_to_best", "behind_half_width": "gap_to_best_half_width"}  # in 0.1
OLD_NAMES |= {"failed": "failed_cells", **RENAMED}


@dataclass(frozen=True)
class LeaderboardEntry:
    """One combination over its seeds.

    Attributes:
        rows: its successful rows, by seed.
        failed_cells: the number of its failed cells.
        gap: how its test accuracy compares with that of the best entry of its board.
        tests: the p values between the combinations with the same dataset and budget.
        correct: which test samples it classifies correctly, bool (n,), if that is known to be the same on every seed.
    """

    combination: Combination
    rows: tuple[Result, ...]
    failed_cells: int
    gap: GapToBest = NO_GAP
    tests: CorrectedTests = field(default=NO_TESTS, repr=False, compare=False)
    correct: Bools | None = field(default=None, repr=False, compare=False)

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


def boards(
    results: Sequence[Result], group: str = "", reader: ResultsReader | None = None
) -> list[list[LeaderboardEntry]]:
    """Return one board for each dataset, budget and value of the part `group`.

    A board has the competing combinations from best to worst, then the others. A combination that does not use the
    part `group` is on the board of each value.

    With a reader, p values are corrected for all combinations of the folder that have the same dataset and budget, so
    that they do not depend on what is shown. Combinations that do not depend on the seed are then compared on the test
    samples.
    """
    keys, seeds = {row.key for row in results}, {row.seed for row in results}
    others = [row for row in reader.rows() if row.seed in seeds and row.key not in keys] if reader else []
    shown = _by_task(results, reader)
    complete = _by_task([*results, *others], reader) if others else shown
    tests = {board[0].combination[:2]: _correct_tests(board) for board in complete}
    parts = [part for board in shown for part in _split(board, group)]
    return [_with_gaps(part, tests[part[0].combination[:2]]) for part in parts]


def _by_task(results: Sequence[Result], reader: ResultsReader | None) -> list[list[LeaderboardEntry]]:
    by_combination: dict[Combination, list[Result]] = {}
    for row in sorted(results, key=lambda row: row.seed):
        by_combination.setdefault(row.combination, []).append(row)
    entries = [
        LeaderboardEntry(combination, tuple(row for row in rows if row.ok), sum(not row.ok for row in rows))
        for combination, rows in by_combination.items()
    ]
    entries.sort(key=_rank_key)
    by_task = [list(board) for _, board in groupby(entries, key=lambda entry: entry.combination[:2])]
    return [_with_correct(board, reader) for board in by_task]


def leaderboard_entries(results: Sequence[Result], reader: ResultsReader | None = None) -> list[LeaderboardEntry]:
    """Return the entries of all boards by dataset and budget, one board after the other."""
    return [entry for board in boards(results, reader=reader) for entry in board]


def _correct_tests(board: Sequence[LeaderboardEntry]) -> CorrectedTests:
    competing = [entry for entry in board if entry.ranked]
    p = pairwise_p_values([entry.by_seed() for entry in competing], [entry.correct for entry in competing])
    names = [entry.combination for entry in competing]
    return CorrectedTests({(a, b): float(p[i, j]) for i, a in enumerate(names) for j, b in enumerate(names) if i != j})


def column(name: str, results: Sequence[Result]) -> str:
    """Return the column of `leaderboard.csv` that a name stands for.

    A name of version 0.1 causes a DeprecationWarning.

    Raises:
        InputError: the column is unknown, and the message suggests the nearest one; or no entry has a value in it.
    """
    known = _columns()
    name = current_name(name.replace(" ", "_"))
    if (full_name := SHORT_NAMES.get(name, name)) not in known:
        raise unknown("column", name, (*known, *SHORT_NAMES), "the head of leaderboard.csv")
    if full_name != "test_accuracy" and all(_sort_key(entry, full_name)[0] for entry in leaderboard_entries(results)):
        raise InputError(f"no row has a {full_name}; sort by another column, for example test_accuracy")
    return full_name


def _columns() -> Sequence[str]:
    """Return the columns of `leaderboard.csv`."""
    return [*leaderboard_row(LeaderboardEntry(("", 0, "", "", "", ""), (), 0))]


def current_name(column: str) -> str:
    """Return the current name of a column, and warn that its name of version 0.1 is deprecated."""
    if column in OLD_NAMES:
        deprecated(f"the column name '{column}'", f"'{OLD_NAMES[column]}'")
    return OLD_NAMES.get(column, column)


def sort_entries(board: Sequence[LeaderboardEntry], by: str) -> list[LeaderboardEntry]:
    """Return the entries sorted by a column of `leaderboard.csv`: numbers from best to worst, text alphabetically."""
    if by == "test_accuracy":
        return list(board)
    return sorted(board, key=lambda entry: _sort_key(entry, by))


def _sort_key(entry: LeaderboardEntry, by: str) -> tuple[bool, str | float]:
    """Return whether the entry has no value in a column, and what sorts it. The best entry has no gap to itself."""
    value = 0.0 if by.startswith("gap_") and entry.gap.is_best else leaderboard_row(entry)[by]
    if isinstance(value, str):
        return False, value
    if value is None or isnan(value):
        return True, 0.0
    return False, value if by.startswith(LOWER_IS_BETTER) or by.endswith("half_width") else -value


def filter_rows(results: Sequence[Result], conditions: Sequence[str]) -> list[Result]:
    """Return the rows that match `column=value` conditions: any condition of a column, in every column that has one.

    A value can be a pattern, for example `strategy=centroid*`.

    Raises:
        InputError: a condition is malformed, a column or value is unknown, or no row matches.
    """
    patterns: dict[str, list[str]] = {}
    for condition in conditions:
        name, equals, value = condition.partition("=")
        if not equals:
            raise InputError(f"'{condition}' is not column=value; write for example strategy=random")
        if (name := current_name(name)) not in FILTER_COLUMNS:
            if name in (*_columns(), *SHORT_NAMES):
                columns = ", ".join(FILTER_COLUMNS)
                raise InputError(f"rows cannot be filtered by {name}; filter by {columns}, or write --sort {name}")
            raise unknown("column", name, FILTER_COLUMNS)
        known = {str(getattr(row, name)) for row in results}
        if not any(_matches(text, [value]) for text in known):
            raise unknown(name, value, sorted(known))
        patterns.setdefault(name, []).append(value)
    matching = [row for row in results if all(_matches(str(getattr(row, c)), p) for c, p in patterns.items())]
    if not matching:
        raise InputError(f"no row matches {' and '.join(conditions)} together; leave out a condition")
    return matching


def _matches(value: str, patterns: Sequence[str]) -> bool:
    # A value can itself contain the special characters of patterns, as in [a].npz.
    return any(value == pattern or fnmatchcase(value, pattern) for pattern in patterns)


def _rank_key(entry: LeaderboardEntry) -> tuple[Any, ...]:
    accuracy = entry.score("test_accuracy").mean
    return *entry.combination[:2], not entry.ranked, isnan(accuracy), -accuracy, entry.combination


def _split(board: list[LeaderboardEntry], group: str) -> list[list[LeaderboardEntry]]:
    values = sorted({entry.part(group) for entry in board} - {UNUSED}) if group else []
    return [[entry for entry in board if entry.part(group) in (value, UNUSED)] for value in values] or [board]


def _with_gaps(board: list[LeaderboardEntry], tests: CorrectedTests) -> list[LeaderboardEntry]:
    competing, others = ([e for e in board if e.ranked == is_ranked] for is_ranked in (True, False))
    p = [tests.p_value(competing[0].combination, entry.combination) for entry in competing]
    gaps = gaps_to_best([entry.by_seed() for entry in competing], p)
    pairs = zip([*competing, *others], [*gaps, *[NO_GAP] * len(others)], strict=True)
    return [replace(entry, gap=gap, tests=tests) for entry, gap in pairs]


def _with_correct(board: list[LeaderboardEntry], reader: ResultsReader | None) -> list[LeaderboardEntry]:
    """Return the entries; those that are the same on every seed know what they classify correctly, if there are two."""
    is_fixed = [len(entry.rows) >= MIN_SEEDS and entry.score("test_accuracy").is_constant for entry in board]
    if reader is None or sum(is_fixed) < 2:
        return board
    return [
        replace(entry, correct=_correct_samples(entry.rows, reader)) if fixed else entry
        for entry, fixed in zip(board, is_fixed, strict=True)
    ]


def _correct_samples(rows: Sequence[Result], reader: ResultsReader) -> Bools | None:
    """Return which test samples are classified correctly, bool (n,); None if that depends on the seed or is lost."""
    try:
        first, *others = [reader.probabilities(row).argmax(axis=1) for row in rows]
        correct: Bools = first == reader.dataset(rows[0]).y_test
    except Exception:  # a dataset of a plugin may raise anything
        return None
    return correct if all((classes == first).all() for classes in others) else None


def leaderboard_frame(results: Sequence[Result], reader: ResultsReader | None = None) -> pd.DataFrame:
    """Return the table `leaderboard.csv`: one row per combination, with means over seeds and their half-widths."""
    import pandas as pd

    return pd.DataFrame([leaderboard_row(entry) for entry in leaderboard_entries(results, reader)])


def leaderboard_row(entry: LeaderboardEntry) -> dict[str, Any]:
    """Return the columns of `leaderboard.csv` with their values."""
    scores, gap = {name: entry.score(name) for name in SCORES}, entry.gap
    return {
        **dict(zip(COMBINATION_COLUMNS, entry.combination, strict=True)),
        "seeds": len(entry.rows),
        "failed_cells": entry.failed_cells,
        "ranked": entry.ranked,
        "tied_with_best": None if gap.obstacle else gap.is_tied,
        "gap_to_best": gap.difference.mean if gap.difference else None,
        "gap_to_best_half_width": gap.difference.half_width if gap.difference else None,
        "labels_spent": entry.mean("labels_spent"),
        "test_set_evaluations": entry.mean("test_set_evaluations"),
        **{name: score.mean for name, score in scores.items()},
        **{f"{name}_half_width": score.half_width for name, score in scores.items()},
        **{f"seconds_{name}": entry.mean("seconds", name) for name in STAGES},
        "peak_memory_mb": entry.mean("peak_memory_mb"),
    }
