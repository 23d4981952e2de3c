"""Differences between combinations that make their comparison unfair."""

from collections.abc import Callable, Sequence
from itertools import groupby

from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.results.records import Result

MAX_NAMES = 3  # strategies that a warning names for each value


def _seeds(entry: LeaderboardEntry) -> str:
    """Return the seeds with consecutive ones as ranges: `0-4, 7`."""
    seeds = sorted(row.seed for row in entry.rows)
    runs = [[seed for _, seed in run] for _, run in groupby(enumerate(seeds), key=lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)


def _distinct(value_of: Callable[[Result], object]) -> Callable[[LeaderboardEntry], str]:
    return lambda entry: ", ".join(sorted({str(value_of(row)) for row in entry.rows}))


CHECKS: tuple[tuple[str, Callable[[LeaderboardEntry], str], str], ...] = (  # what, its value, what follows
    ("protocol versions", _distinct(lambda r: r.protocol), "rows of different protocol versions cannot be compared"),
    ("seeds", _seeds, "only the shared seeds are compared"),
    ("trainer", lambda entry: entry.part("trainer"), "differences may come from the trainers, not the strategies"),
    ("data", _distinct(lambda row: row.checksum[:8]), "the scores belong to different samples"),
    ("labels spent", lambda entry: f"{entry.mean('labels_spent'):,.6g}", "fewer labels can explain a lower score"),
    ("arithmetic", _distinct(lambda row: row.compute_dtype), "rounding can change a score"),
)


def fairness_warnings(entries: Sequence[LeaderboardEntry]) -> list[str]:
    """Return one sentence for each of these in which the entries differ: protocol version, seeds, trainer, data,
    labels spent, arithmetic.

    Upper bounds may spend more labels, and baselines have no trainer, by definition.
    """
    sentences = []
    for what, value_of, consequence in CHECKS:
        strategies: dict[str, list[str]] = {}
        for entry in entries:
            if entry.rows and not _is_exempt(entry, what):
                strategies.setdefault(value_of(entry) or "unknown", []).append(entry.part("strategy"))
        if len(strategies) > 1:
            values = "; ".join(f"{value} ({list_names(names)})" for value, names in strategies.items())
            sentences.append(f"Unequal {what}: {values}: {consequence}.")
    return sentences


def _is_exempt(entry: LeaderboardEntry, what: str) -> bool:
    if what == "labels spent":
        return any(row.upper_bound for row in entry.rows)
    return what in ("trainer", "arithmetic") and any(row.baseline for row in entry.rows)


def list_names(names: Sequence[str]) -> str:
    """Return distinct names, the first three if there are more than four."""
    names = list(dict.fromkeys(names))
    rest = len(names) - MAX_NAMES
    return ", ".join(names if rest <= 1 else [*names[:MAX_NAMES], f"{rest} more"])
