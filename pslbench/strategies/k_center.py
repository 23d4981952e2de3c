from __future__ import annotations

from typing import TYPE_CHECKING

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Ints


@strategy("k-center", enabled=False, uses="features", reference="Gonzalez 1985; Sener & Savarese 2018, Core-Set")
def k_center(pool: Pool) -> PseudoLabels:
    """Label, one after the other, the sample farthest from all labeled ones, and train on those alone.

    The first sample is random. Time grows with the budget times the size of the pool.
    """
    selected = select_farthest(pool, pool.budget)
    return PseudoLabels(selected, pool.label(selected))


def select_farthest(pool: Pool, count: int) -> Ints:
    """Select samples, int64 (count,), each the farthest from the earlier ones: at most twice the optimal radius."""
    import numpy as np
    from sklearn.metrics.pairwise import euclidean_distances

    features = pool.features
    selected = [int(pool.rng.integers(len(pool)))]
    nearest = np.full(len(pool), np.inf, np.float32)
    while len(selected) < count:
        last = selected[-1:]
        distances = euclidean_distances(features, features[last], squared=True)[:, 0]
        nearest = np.minimum(nearest, distances)
        nearest[last] = -1
        selected.append(int(nearest.argmax()))
    return np.array(selected, np.int64)
