from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.propagation import (
    TOLERANCE,
    gaussian_affinities,
    label_by_scores,
    make_laplacian,
    one_hot,
    solve,
)
from pslbench.strategies.selection import Selection, query_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from pslbench.contracts.arrays import Ints


@strategy(
    "laplace",
    enabled=False,
    uses=("clusters", "graph"),
    reference="Zhu, Ghahramani & Lafferty 2003, Harmonic Functions",
)
def laplace(pool: Pool, *, select: Selection = "medoids") -> PseudoLabels:
    """Spread labels over the graph so that the scores of each sample are the weighted mean of its neighbors' scores.

    Time grows with the number of edges, ten per sample.

    Args:
        pool: with clusters and a graph.
        select: the samples to label: cluster medoids, the most typical samples (typiclust), or random ones.
    """
    queried = query_labels(pool, select)
    laplacian = make_laplacian(gaussian_affinities(pool.graph))
    scores = solve_harmonic(laplacian, queried.indices, one_hot(queried.hard_labels, pool.n_classes))
    return label_by_scores(scores, queried)


def solve_harmonic(
    laplacian: csr_matrix,
    labeled: Ints,
    values: NDArray[Any],
    start: NDArray[Any] | None = None,
    tolerance: float = TOLERANCE,
) -> NDArray[Any]:
    """Return u, (n, m) in the dtype of the Laplacian, with laplacian @ u = 0 outside `labeled`, and `values` there.

    Args:
        laplacian: symmetric, positive definite, (n, n).
        labeled: int64 (c,), the samples whose values are known.
        values: the values of u at these samples, float (c, m).
        start: an initial guess of u.
        tolerance: as in `solve`.
    """
    import numpy as np

    free = np.setdiff1d(np.arange(laplacian.shape[0]), labeled)
    u = np.zeros((laplacian.shape[0], values.shape[1]), laplacian.dtype)
    u[labeled] = values
    rows = laplacian[free]
    right = -(rows[:, labeled] @ u[labeled])
    u[free] = solve(rows[:, free], right, None if start is None else start[free], tolerance)
    return u
