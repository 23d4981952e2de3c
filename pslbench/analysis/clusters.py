"""What is in each cluster: pure functions of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats, Ints


@dataclass(frozen=True, eq=False)
class Portrait:
    """One cluster.

    Attributes:
        cluster: its number.
        size: how many members it has.
        purity: the share of its most frequent class, in (0, 1].
        wrong: how many members are of another class than its label.
        worst: int64 (up to `show`,), members of another class first, the farthest from the medoid first.
    """

    cluster: int
    size: int
    purity: float
    wrong: int
    worst: Ints


def portraits(x: Floats, y: Ints, assignment: Ints, medoids: Ints, labels: Ints, show: int = 4) -> list[Portrait]:
    """The clusters that have members, those with most wrong members first.

    Args:
        x, y: the pool, float (n, ...), and its classes, int (n,).
        assignment: the cluster of each sample, int (n,).
        medoids, labels: the medoid and the class given to each cluster, int (k,).
        show: how many members to name at most; the medoid is not among them.
    """
    import numpy as np

    flat = x.reshape(len(x), -1)
    distance = np.linalg.norm(flat - flat[medoids[assignment]], axis=1)
    wrong = y != labels[assignment]
    order = np.lexsort((-distance, ~wrong, assignment))
    found = []
    for members in np.split(order, np.flatnonzero(np.diff(assignment[order])) + 1):
        cluster = int(assignment[members[0]])
        purity = float(np.bincount(y[members]).max() / len(members))
        worst = members[members != medoids[cluster]][:show]
        found.append(Portrait(cluster, len(members), purity, int(wrong[members].sum()), worst))
    return sorted(found, key=lambda portrait: (-portrait.wrong, -portrait.size, portrait.cluster))
