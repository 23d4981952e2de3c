"""What makes a comparison unfair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from pslbench.analysis.leaderboard import LeaderboardEntry

NAMED = 3  # strategies, before the rest is counted


def _seeds(entry: LeaderboardEntry) -> str:
    """`0-4, 7`: the seeds that it has, runs of them from end to end."""
    seeds = sorted(row.seed for row in entry.rows)
    runs = [[seed for _, seed in run] for _, run in groupby(enumerate(seeds), key=lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)


def _distinct(attribute: str) -> Callable[[LeaderboardEntry], str]:
    return lambda entry: ", ".join(sorted({str(getattr(row, attribute)) for row in entry.rows}))


CHECKS: tuple[tuple[str, Callable[[LeaderboardEntry], str], str], ...] = (
    ("seeds", _seeds, "only those in common are compared"),
    ("trainer", lambda s: s.part("trainer"), "a difference may be the trainers', not the strategies'"),
    ("data", lambda s: ", ".join(sorted({row.checksum[:8] for row in s.rows})), "the scores are of different samples"),
    ("labels spent", lambda s: f"{s.mean('labels_spent'):,.6g}", "who spends less may do worse for that alone"),
    ("arithmetic", _distinct("compute_dtype"), "rounding alone may change a score"),
)


def fairness_warnings(compared: Sequence[LeaderboardEntry]) -> list[str]:
    """A sentence for each of these in which the combinations differ: seeds, trainer, data, labels spent, arithmetic.

    Upper bounds spend more by what they are; their labels are left out.
    """
    said = []
    for what, value_of, so in CHECKS:
        rivals = [s for s in compared if s.rows and not (s.is_bound and what == "labels spent")]
        values: dict[str, list[str]] = {}
        for entry in rivals:
            values.setdefault(value_of(entry) or "unknown", []).append(entry.part("strategy"))
        if len(values) > 1:
            each = "; ".join(f"{value} ({_some(names)})" for value, names in values.items())
            said.append(f"Unequal {what}: {each}: {so}.")
    return said


def _some(names: Sequence[str]) -> str:
    names = list(dict.fromkeys(names))
    rest = len(names) - NAMED
    return ", ".join(names if rest <= 1 else [*names[:NAMED], f"{rest} more"])
