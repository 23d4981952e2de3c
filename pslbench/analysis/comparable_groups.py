"""Groups of combinations that can be compared: they differ only in their strategy, or their table has no gaps."""

from collections.abc import Sequence

from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.contracts.arrays import Bools
from pslbench.results.records import UNUSED


def comparable_groups(entries: Sequence[LeaderboardEntry], *kinds: str) -> list[list[LeaderboardEntry]]:
    """Return groups of entries with the same embedder, the same clusterer and the same parts of these kinds.

    An entry that uses no part of a kind is in every group that has the same other parts.
    """
    members = [(entry, tuple(entry.part(kind) for kind in (*kinds, "embedder", "clusterer"))) for entry in entries]
    all_parts = sorted({parts for _, parts in members})
    largest = [own for own in all_parts if not any(own != other and _covers(other, own) for other in all_parts)]
    return [[entry for entry, parts in members if _covers(own, parts)] for own in largest]


def _covers(parts: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether the others are the same parts, or leave them unused."""
    return all(other in (part, UNUSED) for part, other in zip(parts, others, strict=True))


def group_title(entries: Sequence[LeaderboardEntry], *kinds: str) -> str:
    """Return the parts of these kinds that all entries share, as a title."""
    names = [{entry.part(kind) for entry in entries} - {UNUSED} for kind in kinds]
    return " · ".join(name for shared in names if len(shared) == 1 for name in shared)


def complete_submatrix(is_present: Bools) -> tuple[list[int], list[int]]:
    """Return rows and columns of a table, bool (rows, columns), such that all their cells are present.

    The row or column with the largest share of gaps is removed until there are none. Of equal shares, columns go
    before rows, and the last goes first. The last two columns stay. A larger part without gaps can exist, because the
    algorithm is greedy.
    """
    import numpy as np

    rows, columns = map(list, map(range, is_present.shape))
    while (gaps := ~is_present[np.ix_(rows, columns)]).any():
        of_row, of_column = gaps.mean(axis=1)[::-1], gaps.mean(axis=0)[::-1]
        if len(columns) > 2 and of_column.max() >= of_row.max():
            columns.pop(-1 - int(of_column.argmax()))
        else:
            rows.pop(-1 - int(of_row.argmax()))
    return rows, columns
