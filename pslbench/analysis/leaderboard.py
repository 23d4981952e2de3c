"""Rows a cell, and rows a combination: what the CSV files and the tables show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import isnan
from typing import TYPE_CHECKING, Any

from pslbench.analysis.statistics import Interval, interval, paired_difference
from pslbench.contracts import Result

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("dataset", "budget", "strategy", "clusterer", "embedder", "trainer")
SCORES = (
    *("test_accuracy", "macro_f1", "nll", "ece", "direct_accuracy", "pseudo_accuracy", "coverage"),
    *("purity", "nmi", "ari", "classes_seen"),
)
STAGES = ("embed", "graph", "cluster", "label", "train", "score", "total")


@dataclass(frozen=True)
class Standing:
    """One combination over its seeds.

    Attributes:
        rows: its rows that ended well, by seed.
        failed: how many of its rows did not.
        behind: how far it is behind the best in test accuracy, in pairs over the seeds both have; None for the best
            itself and for one that does not compete.
    """

    combination: tuple[str, int, str, str, str, str]
    rows: tuple[Result, ...]
    failed: int
    behind: Interval | None = None

    @property
    def tied(self) -> bool:
        """Whether it cannot be told apart from the best: the 95% interval holds zero."""
        return self.behind is not None and not self.unclear and self.behind.holds_zero

    @property
    def unclear(self) -> bool:
        """Whether it cannot be judged against the best: no interval, or better over the seeds in common."""
        return self.behind is not None and (isnan(self.behind.half_width) or self.behind.high < 0)

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
        return any(row.test_looks for row in self.rows)

    def part(self, kind: str) -> str:
        return str(self.combination[PARTS.index(kind)])

    def by_seed(self, score: str) -> dict[int, float]:
        return {row.seed: row.scores[score] for row in self.rows if score in row.scores}

    def score(self, name: str) -> Interval:
        return interval(list(self.by_seed(name).values()))

    def mean(self, attribute: str, key: str | None = None) -> float:
        """The mean over seeds of a number of the row, or of an entry of one of its dictionaries."""
        values = [getattr(row, attribute) for row in self.rows]
        return interval([v[key] for v in values if key in v] if key else values).mean


def standings(results: Sequence[Result]) -> list[Standing]:
    """Combinations by data set and budget; in each the competing ones from best to worst, then those that do not."""
    ordered = sorted(results, key=lambda row: (row.combination, row.seed))
    found = []
    for combination, group in groupby(ordered, key=lambda row: row.combination):
        rows = list(group)
        good = tuple(row for row in rows if row.ok)
        found.append(Standing(combination, good, len(rows) - len(good)))
    found.sort(key=_order)
    return [
        Standing(s.combination, s.rows, s.failed, _behind(boards[0], s))
        for _, boards in ((key, list(board)) for key, board in groupby(found, key=lambda s: s.combination[:2]))
        for s in boards
    ]


def _order(standing: Standing) -> tuple[Any, ...]:
    accuracy = standing.score("test_accuracy").mean
    return *standing.combination[:2], not standing.ranked, isnan(accuracy), -accuracy, standing.combination


def _behind(best: Standing, other: Standing) -> Interval | None:
    if other is best or not other.ranked:
        return None
    return paired_difference(best.by_seed("test_accuracy"), other.by_seed("test_accuracy"))


def results_frame(results: Sequence[Result]) -> pd.DataFrame:
    """A row a cell, as in `results.csv`."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                **{name: getattr(row, name) for name in (*PARTS, "seed", "status", "labels_spent")},
                **{name: getattr(row, name) for name in ("upper_bound", "test_looks", "precision")},
                **{name: row.scores.get(name) for name in SCORES},
                **{f"seconds_{name}": row.seconds.get(name) for name in STAGES},
                "peak_memory_mb": row.peak_memory_mb,
                "error": f"{row.error['type']}: {row.error['message']}" if row.error else None,
                "key": row.key,
                "finished": row.finished,
            }
            for row in results
        ]
    )


def leaderboard_frame(results: Sequence[Result]) -> pd.DataFrame:
    """A row a combination, as in `leaderboard.csv`: means over seeds, and half-widths of their 95% intervals."""
    import pandas as pd

    return pd.DataFrame([_leaderboard_row(standing) for standing in standings(results)])


def _leaderboard_row(standing: Standing) -> dict[str, Any]:
    scores = {name: standing.score(name) for name in SCORES}
    return {
        **dict(zip(PARTS, standing.combination, strict=True)),
        "seeds": len(standing.rows),
        "failed": standing.failed,
        "ranked": standing.ranked,
        "tied_with_best": None if standing.unclear else standing.tied,
        "behind": standing.behind.mean if standing.behind else None,
        "behind_half_width": standing.behind.half_width if standing.behind else None,
        "labels_spent": standing.mean("labels_spent"),
        "test_looks": standing.mean("test_looks"),
        **{name: score.mean for name, score in scores.items()},
        **{f"{name}_half_width": score.half_width for name, score in scores.items()},
        **{f"seconds_{name}": standing.mean("seconds", name) for name in STAGES},
        "peak_memory_mb": standing.mean("peak_memory_mb"),
    }
