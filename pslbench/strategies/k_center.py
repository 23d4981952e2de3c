from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy


@strategy(
    "k-center",
    enabled=False,
    disabled_reason="typiclust is stronger",
    uses="features",
    reference="Gonzalez 1985; Sener & Savarese 2018, Core-Set",
)
def k_center(pool: Pool) -> PseudoLabels:
    """Label, one after the other, the sample farthest from all labeled ones, and train on those alone.

    The first sample is random. The largest distance of a sample to a labeled one is at most twice the optimum. Time
    grows with the budget times the size of the pool.
    """
    import numpy as np
    from sklearn.metrics.pairwise import euclidean_distances

    selected = [int(pool.rng.integers(len(pool)))]
    nearest = np.full(len(pool), np.inf, np.float32)
    while len(selected) < pool.budget:
        last = selected[-1:]
        distances = euclidean_distances(pool.features, pool.features[last], squared=True)[:, 0]
        nearest = np.minimum(nearest, distances)
        nearest[last] = -1
        selected.append(int(nearest.argmax()))
    return PseudoLabels(np.array(selected), pool.label(selected))
