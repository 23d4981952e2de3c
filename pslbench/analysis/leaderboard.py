"""Rows a cell, and rows a combination: what the CSV files and the tables show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import isnan
from typing import TYPE_CHECKING, Any

from pslbench.analysis.statistics import Interval, interval, paired_difference
from pslbench.errors import unknown
from pslbench.results.records import Result

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

PARTS = ("dataset", "budget", "strategy", "clusterer", "embedder", "trainer")
SCORES = (
    *("test_accuracy", "macro_f1", "nll", "ece", "direct_accuracy", "pseudo_accuracy", "coverage"),
    *("purity", "nmi", "ari", "classes_seen"),
)
STAGES = ("embed", "graph", "cluster", "label", "train", "score", "total")
ALPHA = 0.05
LONGEST = 10_000  # of an error, in characters
LESS_IS_BETTER = (
    "nll",
    "ece",
    "behind",
    "failed",
    "labels_spent",
    "test_set_evaluations",
    "peak_memory_mb",
    "seconds_",
)
ON_SCREEN = {  # what tables call columns of leaderboard.csv
    "accuracy": "test_accuracy",
    "direct": "direct_accuracy",
    "pseudo": "pseudo_accuracy",
    "labels": "labels_spent",
    "seconds": "seconds_total",
    "group": "groups",
}


@dataclass(frozen=True)
class LeaderboardEntry:
    """One combination over its seeds.

    Attributes:
        rows: its rows that ended well, by seed.
        failed: how many of its rows did not.
        behind: how far it is behind the best in test accuracy, in pairs over the seeds both have; None for the best
            itself and for one that does not compete.
        groups: letters, or words where there are more than 52; two rows of a board that share one cannot be
            told apart, corrected for all pairs of the board.
    """

    combination: tuple[str, int, str, str, str, str]
    rows: tuple[Result, ...]
    failed: int
    behind: Interval | None = None
    groups: str = ""

    @property
    def tied(self) -> bool:
        """Whether it cannot be told apart from the best."""
        return self.behind is not None and self.behind.is_tie

    @property
    def unclear(self) -> bool:
        """Whether it cannot be judged against the best: no interval, or better over the seeds in common."""
        return self.behind is not None and self.behind.is_unclear

    @property
    def ranked(self) -> bool:
        return bool(self.rows) and all(row.ranked for row in self.rows)

    @property
    def is_bound(self) -> bool:
        """Whether any of its rows had an unlimited account."""
        return any(row.upper_bound for row in self.rows)

    @property
    def looked(self) -> bool:
        """Whether the trainer of any of its rows looked at the test set."""
        return any(row.test_set_evaluations for row in self.rows)

    def part(self, kind: str) -> str:
        return str(self.combination[PARTS.index(kind)])

    def by_seed(self, score: str = "test_accuracy") -> dict[int, float]:
        return {row.seed: row.scores[score] for row in self.rows if score in row.scores}

    def score(self, name: str) -> Interval:
        return interval(list(self.by_seed(name).values()))

    def mean(self, attribute: str, key: str | None = None) -> float:
        """The mean over seeds of a number of the row, or of an entry of one of its dictionaries."""
        values = [getattr(row, attribute) for row in self.rows]
        return interval([v[key] for v in values if key in v] if key else values).mean


def boards(results: Sequence[Result], group: str = "") -> list[list[LeaderboardEntry]]:
    """Combinations by data set, budget and the part named `group`; in each board the competing ones from best to worst,
    then those that do not compete. One that uses no such part stands in each of those boards."""
    ordered = sorted(results, key=lambda row: (row.combination, row.seed))
    found = [_standing(combination, list(rows)) for combination, rows in groupby(ordered, key=lambda r: r.combination)]
    found.sort(key=_order)
    together = [list(board) for _, board in groupby(found, key=lambda s: s.combination[:2])]
    return [_judged(part) for board in together for part in _split(board, group)]


def leaderboard_entries(results: Sequence[Result]) -> list[LeaderboardEntry]:
    """The boards by data set and budget, one after another."""
    return [entry for board in boards(results) for entry in board]


def column(name: str) -> str:
    """The column of `leaderboard.csv` that a name means. Raises InputError, naming the nearest one."""
    known = leaderboard_row(LeaderboardEntry(("", 0, "", "", "", ""), (), 0)).keys()
    meant = ON_SCREEN.get(name.replace(" ", "_"), name.replace(" ", "_"))
    if meant not in known:
        raise unknown("column", name, (*known, *ON_SCREEN))
    return meant


def in_order(board: Sequence[LeaderboardEntry], by: str) -> list[LeaderboardEntry]:
    """By a column of `leaderboard.csv`, the better ones first, words by the alphabet; by test accuracy as they come."""
    if by == "test_accuracy":
        return list(board)
    sign = 1 if by.startswith(LESS_IS_BETTER) or by.endswith("half_width") else -1

    def place(entry: LeaderboardEntry) -> tuple[Any, ...]:
        value = leaderboard_row(entry)[by]
        if isinstance(value, str):
            return (False, value)
        missing = value is None or isnan(value)
        return (missing, 0 if missing else sign * value)

    return sorted(board, key=place)


def _standing(combination: tuple[str, int, str, str, str, str], rows: list[Result]) -> LeaderboardEntry:
    good = tuple(row for row in rows if row.ok)
    return LeaderboardEntry(combination, good, len(rows) - len(good))


def _order(entry: LeaderboardEntry) -> tuple[Any, ...]:
    accuracy = entry.score("test_accuracy").mean
    return *entry.combination[:2], not entry.ranked, isnan(accuracy), -accuracy, entry.combination


def _split(board: list[LeaderboardEntry], group: str) -> list[list[LeaderboardEntry]]:
    values = sorted({entry.part(group) for entry in board} - {"-"}) if group else []
    return [[s for s in board if s.part(group) in (value, "-")] for value in values] or [board]


def _judged(board: list[LeaderboardEntry]) -> list[LeaderboardEntry]:
    """The board with what the test accuracies of those that compete, in pairs, say of each."""
    from pslbench.analysis.groups import letters
    from pslbench.analysis.significance import holm_of_pairs, paired_t_tests

    competing = [entry for entry in board if entry.ranked]
    shared = letters(holm_of_pairs(paired_t_tests(accuracies(competing))) < ALPHA)
    judged = [
        replace(s, groups=mine, behind=paired_difference(competing[0].by_seed(), s.by_seed()) if rank else None)
        for rank, (s, mine) in enumerate(zip(competing, shared, strict=True))
    ]
    return judged + board[len(competing) :]


def accuracies(board: Sequence[LeaderboardEntry]) -> Numbers:
    """Test accuracies, float (combinations, seeds); NaN where one has no such seed."""
    import numpy as np

    by_seed = [entry.by_seed() for entry in board]
    seeds = sorted({seed for each in by_seed for seed in each})
    return np.array([[each.get(seed, np.nan) for seed in seeds] for each in by_seed]).reshape(len(board), len(seeds))


def results_frame(results: Sequence[Result]) -> pd.DataFrame:
    """A row a cell, as in `results.csv`."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                **{name: getattr(row, name) for name in (*PARTS, "seed", "status", "labels_spent")},
                **{name: getattr(row, name) for name in ("upper_bound", "test_set_evaluations", "compute_dtype")},
                **{name: row.scores.get(name) for name in SCORES},
                **{f"seconds_{name}": row.seconds.get(name) for name in STAGES},
                "peak_memory_mb": row.peak_memory_mb,
                "error": " ".join("{type}: {message}".format(**row.error).split())[:LONGEST] if row.error else None,
                "key": row.key,
                "finished": row.finished,
            }
            for row in results
        ]
    )


def leaderboard_frame(results: Sequence[Result]) -> pd.DataFrame:
    """A row a combination, as in `leaderboard.csv`: means over seeds, and half-widths of their 95% intervals."""
    import pandas as pd

    return pd.DataFrame([leaderboard_row(entry) for entry in leaderboard_entries(results)])


def leaderboard_row(entry: LeaderboardEntry) -> dict[str, Any]:
    """The columns of `leaderboard.csv` with their values."""
    scores = {name: entry.score(name) for name in SCORES}
    return {
        **dict(zip(PARTS, entry.combination, strict=True)),
        "seeds": len(entry.rows),
        "failed": entry.failed,
        "ranked": entry.ranked,
        "tied_with_best": None if entry.unclear else entry.tied,
        "groups": entry.groups,
        "behind": entry.behind.mean if entry.behind else None,
        "behind_half_width": entry.behind.half_width if entry.behind else None,
        "labels_spent": entry.mean("labels_spent"),
        "test_set_evaluations": entry.mean("test_set_evaluations"),
        **{name: score.mean for name, score in scores.items()},
        **{f"{name}_half_width": score.half_width for name, score in scores.items()},
        **{f"seconds_{name}": entry.mean("seconds", name) for name in STAGES},
        "peak_memory_mb": entry.mean("peak_memory_mb"),
    }
