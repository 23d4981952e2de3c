from collections.abc import Iterator
from typing import Annotated

from annotated_types import Gt, Interval

from pslbench.contracts import Pool, PseudoLabels
from pslbench.contracts.arrays import Bools, Floats, Ints
from pslbench.parts import strategy

BATCH_ROWS = 1024  # balls per batch, so that the graph of all balls is never in memory
PURITY_SAMPLES = 2000  # samples that the purity of balls is estimated from


@strategy("probcover", uses="features", reference="Yehuda et al. 2022, Active Learning Through a Covering Lens")
def probcover(
    pool: Pool, *, purity: Annotated[float, Interval(gt=0, lt=1)] = 0.95, delta: Annotated[float | None, Gt(0)] = None
) -> PseudoLabels:
    """Label the samples whose balls of radius delta cover the most samples, and train on those alone.

    Time grows with the square of the size of the pool, memory with the size.

    Args:
        purity: the share of balls within one cluster of k-means, with as many clusters as classes. It determines delta.
        delta: the radius, in units of the features; if none, the largest one with this purity.
    """
    selected = select_cover(pool.features, delta or estimate_pure_radius(pool, purity), pool.budget)
    return PseudoLabels(selected, pool.label(selected))


def estimate_pure_radius(pool: Pool, purity: float) -> float:
    """Estimate the largest radius of pure balls, for a share `purity`: a quantile of distances to other clusters."""
    import numpy as np
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.metrics import pairwise_distances_argmin_min

    seed = int(pool.rng.integers(2**32))
    labels = MiniBatchKMeans(min(pool.n_classes, len(pool)), n_init=3, random_state=seed).fit(pool.features).labels_
    centers = np.sort(pool.rng.permutation(len(pool))[:PURITY_SAMPLES])
    distances = [np.zeros(0)]
    for cluster in np.unique(labels):
        inside, outside = centers[labels[centers] == cluster], pool.features[labels != cluster]
        if len(inside) and len(outside):
            distances.append(pairwise_distances_argmin_min(pool.features[inside], outside)[1])
    to_other_clusters = np.concatenate(distances)
    return float(np.quantile(to_other_clusters, 1 - purity)) if len(to_other_clusters) else float("inf")


def select_cover(features: Floats, delta: float, budget: int) -> Ints:
    """Select samples, int64 (budget,), one after the other: the one whose ball contains the most uncovered samples.

    If all samples are covered, the first samples that are not selected follow. Features are float32 (n, d).
    """
    import numpy as np

    n = len(features)
    gain, is_covered, selected = np.zeros(n, np.int64), np.zeros(n, bool), list[int]()
    squares = np.einsum("ij,ij->i", features, features)
    for is_inside in iterate_balls(features, squares, np.arange(n), delta):
        gain += is_inside.sum(axis=0)
    for _ in range(budget):
        gain[selected] = np.iinfo(np.int64).min
        best = int(gain.argmax())
        selected.append(best)
        (ball,) = iterate_balls(features, squares, np.array([best]), delta)
        newly_covered = np.flatnonzero(ball[0] & ~is_covered)
        is_covered[newly_covered] = True
        for is_inside in iterate_balls(features, squares, newly_covered, delta):
            gain -= is_inside.sum(axis=0)
    return np.array(selected, np.int64)


def iterate_balls(features: Floats, squares: Floats, centers: Ints, delta: float) -> Iterator[Bools]:
    """Yield which samples, bool (b, n), are within `delta` of each of the next b centers.

    `squares` are the squared norms, float32 (n,), of the features, float32 (n, d).
    """
    import numpy as np

    for first in range(0, len(centers), BATCH_ROWS):
        batch = centers[first : first + BATCH_ROWS]
        products = features[batch] @ features.T
        products *= -2
        products += squares
        is_inside = products <= (delta**2 - squares[batch])[:, None]
        is_inside[np.arange(len(batch)), batch] = True
        yield is_inside
