from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from annotated_types import Gt, Interval

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pslbench.contracts.arrays import Floats, Ints

ROWS = 1024  # at a time: the graph of all balls is never held
SAMPLE = 2000  # samples that the purity of balls is measured on


@strategy("probcover", uses="features", reference="Yehuda et al. 2022, Active Learning Through a Covering Lens")
def probcover(
    pool: Pool, *, purity: Annotated[float, Interval(gt=0, lt=1)] = 0.95, delta: Annotated[float | None, Gt(0)] = None
) -> PseudoLabels:
    """Label the samples whose balls of radius delta cover the most others not covered yet, and train on those alone.

    Time grows with the square of the pool, memory with the pool.

    Args:
        pool: with features.
        purity: delta is the largest radius at which this share of balls lies within one cluster of k-means, with as
            many clusters as there are classes.
        delta: the radius itself, in units of the features.
    """
    chosen = greedy_cover(pool.features, delta or pure_radius(pool, purity), pool.budget)
    return PseudoLabels(chosen, pool.label(chosen))


def pure_radius(pool: Pool, purity: float) -> float:
    """The largest radius of which a share `purity` of balls is pure: a quantile of distances to another cluster."""
    import numpy as np
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.metrics import pairwise_distances_argmin_min

    seed = int(pool.rng.integers(2**32))
    cluster = MiniBatchKMeans(min(pool.n_classes, len(pool)), n_init=3, random_state=seed).fit(pool.features).labels_
    centers = np.sort(pool.rng.permutation(len(pool))[:SAMPLE])
    to_another = [np.zeros(0)]
    for each in np.unique(cluster):
        inside, outside = centers[cluster[centers] == each], pool.features[cluster != each]
        if len(inside) and len(outside):
            to_another.append(pairwise_distances_argmin_min(pool.features[inside], outside)[1])
    distances = np.concatenate(to_another)
    return float(np.quantile(distances, 1 - purity)) if len(distances) else float("inf")


def greedy_cover(features: Floats, delta: float, budget: int) -> Ints:
    """`budget` samples, int64, of features, float32 (n, d), each the one whose ball has the most uncovered samples.

    Where all are covered the first samples not chosen yet follow.
    """
    import numpy as np

    n = len(features)
    gain, covered, chosen = np.zeros(n, np.int64), np.zeros(n, bool), list[int]()
    squares = np.einsum("ij,ij->i", features, features)
    for near in balls(features, squares, np.arange(n), delta):
        gain += near.sum(axis=0)
    for _ in range(budget):
        gain[chosen] = np.iinfo(np.int64).min
        best = int(gain.argmax())
        chosen.append(best)
        (ball,) = balls(features, squares, np.array([best]), delta)
        newly = np.flatnonzero(ball[0] & ~covered)
        covered[newly] = True
        for near in balls(features, squares, newly, delta):
            gain -= near.sum(axis=0)
    return np.array(chosen, np.int64)


def balls(features: Floats, squares: Floats, centers: Ints, delta: float) -> Iterator[NDArray[np.bool_]]:
    """For some of the `centres` after others, which samples, bool (some, n), lie within `delta` of each.

    `squares` are the squared norms, float32 (n,), of the features, float32 (n, d).
    """
    import numpy as np

    for first in range(0, len(centers), ROWS):
        some = centers[first : first + ROWS]
        products = features[some] @ features.T
        products *= -2
        products += squares
        near = products <= (delta**2 - squares[some])[:, None]
        near[np.arange(len(some)), some] = True
        yield near
