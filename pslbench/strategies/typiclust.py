from __future__ import annotations

from typing import TYPE_CHECKING

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats, Ints

NEIGHBOURS = 20
SMALLEST = 5  # clusters of so few, or fewer, are left out


@strategy("typiclust", reference="Hacohen, Dekel & Weinshall 2022, Active Learning on a Budget")
def typiclust(pool: Pool) -> PseudoLabels:
    """Label the most typical sample of each cluster, the one in its densest part, and train on those alone.

    Takes as many clusters as there are labels (the paper: no more than 500), so time grows with the square of the
    clusters' sizes.
    """
    chosen = most_typical(pool, pool.budget)
    return PseudoLabels(chosen, pool.label(chosen))


def most_typical(pool: Pool, count: int) -> Ints:
    """`count` samples, int64: the most typical ones of the largest clusters, going round again where those are few."""
    import numpy as np

    members = [np.flatnonzero(pool.clusters.assignment == cluster) for cluster in range(pool.clusters.k)]
    large = [each for each in members if len(each) > SMALLEST] or [each for each in members if len(each)]
    queues = [each[np.argsort(-typicality(pool.features[each]), kind="stable")] for each in large]
    ranked = sorted(
        ((place, -len(queue), number) for number, queue in enumerate(queues) for place in range(min(len(queue), count)))
    )
    chosen = np.array([queues[number][place] for place, _, number in ranked[:count]], np.int64)
    if short := count - len(chosen):
        chosen = np.append(chosen, np.setdiff1d(np.arange(len(pool)), chosen)[:short])
    return chosen


def typicality(features: Floats) -> Floats:
    """1 / (mean distance to the nearest others), float (n,), of features, float32 (n, d): equation 1 of the paper."""
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    k = min(NEIGHBOURS, len(features) // 2)
    if k == 0:
        return np.ones(len(features), np.float32)
    distances, _ = NearestNeighbors(n_neighbors=k).fit(features).kneighbors()
    typical: Floats = 1 / (distances.mean(axis=1) + 1e-5)
    return typical
