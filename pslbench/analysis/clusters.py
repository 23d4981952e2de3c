"""Summaries of clusters. The functions take arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats, Ints


@dataclass(frozen=True, eq=False)
class ClusterSummary:
    """The size and the errors of one cluster.

    Attributes:
        cluster: its index.
        size: the number of its members.
        purity: the share of its most frequent class, in (0, 1].
        wrong: the number of members whose class differs from the label of the cluster.
        worst: int64 (up to `show`,), members with a wrong label first, the farthest from the medoid first.
    """

    cluster: int
    size: int
    purity: float
    wrong: int
    worst: Ints


def summarize_clusters(
    x: Floats, y: Ints, assignment: Ints, medoids: Ints, labels: Ints, show: int = 4
) -> list[ClusterSummary]:
    """Return a summary of each cluster that has members, those with the most wrong members first.

    Args:
        x, y: the pool, float (n, ...), and its classes, int (n,).
        assignment: the cluster of each sample, int (n,).
        medoids, labels: the medoid and the label of each cluster, int (k,).
        show: the maximal number of members in `worst`; the medoid is never one of them.
    """
    import numpy as np

    flat = x.reshape(len(x), -1)
    distance = np.linalg.norm(flat - flat[medoids[assignment]], axis=1)
    is_wrong = y != labels[assignment]
    order = np.lexsort((-distance, ~is_wrong, assignment))
    summaries = []
    for members in np.split(order, np.flatnonzero(np.diff(assignment[order])) + 1):
        cluster = int(assignment[members[0]])
        purity = float(np.bincount(y[members]).max() / len(members))
        worst = members[members != medoids[cluster]][:show]
        summaries.append(ClusterSummary(cluster, len(members), purity, int(is_wrong[members].sum()), worst))
    return sorted(summaries, key=lambda summary: (-summary.wrong, -summary.size, summary.cluster))
