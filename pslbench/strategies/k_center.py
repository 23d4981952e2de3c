from __future__ import annotations

from typing import TYPE_CHECKING

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Ints


@strategy("k-center", enabled=False, uses="features", reference="Gonzalez 1985; Sener & Savarese 2018, Core-Set")
def k_center(pool: Pool) -> PseudoLabels:
    """Label the sample farthest from all labelled ones, again and again, and train on those alone.

    The first is drawn at random. Time grows with budget times pool.
    """
    chosen = farthest_first(pool, pool.budget)
    return PseudoLabels(chosen, pool.label(chosen))


def farthest_first(pool: Pool, count: int) -> Ints:
    """`count` samples, int64, each the farthest from those before it: at most twice the best covering radius."""
    import numpy as np
    from sklearn.metrics.pairwise import euclidean_distances

    features = pool.features
    chosen = [int(pool.rng.integers(len(pool)))]
    nearest = np.full(len(pool), np.inf, np.float32)
    while len(chosen) < count:
        last = chosen[-1:]
        distances = euclidean_distances(features, features[last], squared=True)[:, 0]
        nearest = np.minimum(nearest, distances)
        nearest[last] = -1
        chosen.append(int(nearest.argmax()))
    return np.array(chosen, np.int64)
