"""Groups of combinations that differ only in their strategy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.results.records import UNUSED


def comparable_groups(entries: Sequence[LeaderboardEntry], *kinds: str) -> list[list[LeaderboardEntry]]:
    """Return groups of entries with the same embedder, the same clusterer and the same parts of these kinds.

    An entry without an embedder or a clusterer is in every group that has the same other parts.
    """

    def shared(entry: LeaderboardEntry) -> tuple[str, ...]:
        return tuple(entry.part(kind) for kind in kinds)

    groups = []
    for _, group in groupby(sorted(entries, key=shared), key=shared):
        members = list(group)
        spaces = dict.fromkeys(map(_embedder_and_clusterer, members))
        for space in spaces:
            if not any(space != other and _covers(other, space) for other in spaces):
                groups.append([entry for entry in members if _covers(space, _embedder_and_clusterer(entry))])
    return groups


def _embedder_and_clusterer(entry: LeaderboardEntry) -> tuple[str, str]:
    return entry.part("embedder"), entry.part("clusterer")


def _covers(space: tuple[str, str], other: tuple[str, str]) -> bool:
    """Return whether `other` has the same parts as `space`, or leaves them unused."""
    return all(part in (name, UNUSED) for name, part in zip(space, other, strict=True))


def group_title(entries: Sequence[LeaderboardEntry], *kinds: str) -> str:
    """Return the parts of these kinds that all entries share, as a title."""
    names = [{entry.part(kind) for entry in entries} - {UNUSED} for kind in kinds]
    return " · ".join(name for shared in names if len(shared) == 1 for name in shared)
