"""Combinations that differ in their strategy alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from pslbench.analysis.leaderboard import LeaderboardEntry

NONE = "-"


def settings(entries: Sequence[LeaderboardEntry], *same: str) -> list[list[LeaderboardEntry]]:
    """Those that have the parts named in `same`, the embedder and the clusterer in common, setting by setting.

    One that uses no embedder or no clusterer belongs to every setting that has the rest in common.
    """

    def shared(entry: LeaderboardEntry) -> tuple[str, ...]:
        return tuple(entry.part(kind) for kind in same)

    found = []
    for _, group in groupby(sorted(entries, key=shared), key=shared):
        members = list(group)
        spaces = dict.fromkeys(_space(each) for each in members)
        for space in spaces:
            if not any(space != other and _covers(other, space) for other in spaces):
                found.append([each for each in members if _covers(space, _space(each))])
    return found


def _space(entry: LeaderboardEntry) -> tuple[str, str]:
    return entry.part("embedder"), entry.part("clusterer")


def _covers(space: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether `other` is the same, save for parts that it does not use."""
    return all(theirs in (ours, NONE) for ours, theirs in zip(space, other, strict=True))


def title(setting: Sequence[LeaderboardEntry], *kinds: str) -> str:
    """What a setting has in common of parts of these kinds."""
    names = [sorted({each.part(kind) for each in setting} - {NONE}) for kind in kinds]
    return " · ".join(name for each in names if len(each) == 1 for name in each)
