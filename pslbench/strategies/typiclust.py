from pslbench.contracts import Pool, PseudoLabels
from pslbench.contracts.arrays import Floats, Ints
from pslbench.parts import strategy

MAX_NEIGHBORS = 20
MAX_SMALL_CLUSTER = 5  # samples; clusters of this size or smaller are left out


@strategy("typiclust", reference="Hacohen, Dekel & Weinshall 2022, Active Learning on a Budget")
def typiclust(pool: Pool) -> PseudoLabels:
    """Label the most typical sample of each cluster, in its densest region, and train on those alone.

    There are as many clusters as labels (in the paper at most 500), so time grows with the squares of the cluster
    sizes.
    """
    selected = select_typical(pool, pool.budget)
    return PseudoLabels(selected, pool.label(selected))


def select_typical(pool: Pool, count: int) -> Ints:
    """Select the most typical samples of the largest clusters, int64 (count,), in rounds if clusters are few."""
    import numpy as np

    members = [np.flatnonzero(pool.clusters.assignment == cluster) for cluster in range(pool.clusters.k)]
    large = [indices for indices in members if len(indices) > MAX_SMALL_CLUSTER] or list(filter(len, members))
    queues = [indices[np.argsort(-typicality(pool.features[indices]), kind="stable")] for indices in large]
    ranked = sorted((place, -len(queue), number) for number, queue in enumerate(queues) for place in range(len(queue)))
    selected = np.array([queues[number][place] for place, _, number in ranked[:count]], np.int64)
    if missing := count - len(selected):
        selected = np.append(selected, np.setdiff1d(np.arange(len(pool)), selected)[:missing])
    return selected


def typicality(features: Floats) -> Floats:
    """Return 1 / (mean distance to the nearest others), float (n,), of features, float32 (n, d): equation 1."""
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    k = min(MAX_NEIGHBORS, len(features) // 2)
    if k == 0:
        return np.ones(len(features), np.float32)
    distances, _ = NearestNeighbors(n_neighbors=k).fit(features).kneighbors()
    return np.asarray(1 / (distances.mean(axis=1) + 1e-5))
