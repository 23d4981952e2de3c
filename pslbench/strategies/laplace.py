from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.diffusion import TOLERANCE, as_pseudo_labels, gaussian_affinities, laplacian, one_hot, solve
from pslbench.strategies.selecting import Selection, bought

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
    """Spread the labels over the graph so that each sample is the weighted mean of its neighbours.

    Time grows with the edges of the graph, ten a sample.

    Args:
        pool: with clusters and a graph.
        select: the samples that are labelled: those nearest cluster centres, the most typical of their cluster
            (typiclust), or random ones.
    """
    chosen, labels = bought(pool, select)
    u = harmonic(laplacian(gaussian_affinities(pool.graph)), chosen, one_hot(labels, pool.n_classes))
    return as_pseudo_labels(u, chosen, labels)


def harmonic(
    lap: csr_matrix,
    chosen: Ints,
    values: NDArray[Any],
    start: NDArray[Any] | None = None,
    tolerance: float = TOLERANCE,
) -> NDArray[Any]:
    """u, (n, m) in the arithmetic of lap, with lap u = 0 save at the samples `chosen`, where it is `values`.

    Args:
        lap: symmetric, positive definite, (n, n).
        chosen: int64 (c,).
        values: of u at these samples, float (c, m).
        start: a guess of u.
        tolerance: as in `solve`.
    """
    import numpy as np

    free = np.setdiff1d(np.arange(lap.shape[0]), chosen)
    u = np.zeros((lap.shape[0], values.shape[1]), lap.dtype)
    u[chosen] = values
    rows = lap[free]
    right = -(rows[:, chosen] @ u[chosen])
    u[free] = solve(rows[:, free], right, None if start is None else start[free], tolerance)
    return u
