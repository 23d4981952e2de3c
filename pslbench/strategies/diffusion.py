"""Labels that spread over a graph, by linear systems in its Laplacian."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pslbench.contracts import Graph, PseudoLabels
from pslbench.strategies.selecting import kept_and_bought

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from pslbench.contracts.arrays import Ints

TOLERANCE = 1e-3
LEAK = 1e-4  # of each sample's degree: makes the systems regular; what no label reaches stays at 0


def gaussian_affinities(graph: Graph, k: int = 10) -> csr_matrix:
    """Return the weights of the graph of k nearest neighbors, float64 (n, n), symmetric, without self-loops.

    (W + Wᵀ) / 2 with W_ij = exp(-4 d_ij² / d_k(i)²) if j is one of the k nearest of i, at distance d_ij, where d_k(i)
    is the distance of the k-th (Calder et al. 2020, Poisson Learning, section 4, with k = 10).
    """
    import numpy as np

    squares = graph.nearest_distances(k).astype(np.float64) ** 2
    widths = np.maximum(squares[:, -1:], np.finfo(np.float64).tiny)
    directed = graph.weighted(np.exp(-4 * squares / widths))
    return ((directed + directed.T) / 2).tocsr()


def laplacian(weights: csr_matrix, leak: float = LEAK) -> csr_matrix:
    """(1 + leak) D - W of symmetric weights, (n, n); D are the row sums."""
    import numpy as np
    from scipy.sparse import diags

    degrees = np.asarray(weights.sum(axis=1)).ravel()
    return (diags((1 + leak) * degrees) - weights).tocsr()


def solve(
    a: csr_matrix, b: NDArray[Any], start: NDArray[Any] | None = None, tolerance: float = TOLERANCE
) -> NDArray[Any]:
    """x with a x = b by conjugate gradients, preconditioned with the diagonal of `a`, for all columns of b together.

    Args:
        a: symmetric, positive definite, (n, n).
        b: float (n, m).
        start: float (n, m), a guess of x; zero if none.
        tolerance: of each residual, as a share of the norm of its column of b.
    """
    import numpy as np

    def per_column(u: NDArray[Any], v: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(np.einsum("ij,ij->j", u, v))

    x = np.zeros_like(b) if start is None else start.copy()
    scale = 1 / a.diagonal()[:, None]
    residual = b - a @ x
    direction = scaled = scale * residual
    energy, enough = per_column(residual, scaled), tolerance**2 * per_column(b, b)
    for _ in range(len(b)):
        if (per_column(residual, residual) <= enough).all():
            break
        image = a @ direction
        step = _ratio(energy, per_column(direction, image))
        x += step * direction
        residual -= step * image
        scaled = scale * residual
        energy, before = per_column(residual, scaled), energy
        direction = scaled + _ratio(energy, before) * direction
    return x


def _ratio(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    ratio: NDArray[Any] = np.divide(a, b, out=np.zeros_like(a), where=b > 0)
    return ratio


def one_hot(labels: Ints, n_classes: int) -> NDArray[Any]:
    """float64 (m, classes) of labels, int64 (m,)."""
    import numpy as np

    return np.eye(n_classes)[labels]


def as_pseudo_labels(u: NDArray[Any], chosen: Ints, labels: Ints) -> PseudoLabels:
    """The largest entry of each row of u, float (n, classes), and what was asked for; rows of zeros get no label."""
    import numpy as np

    return kept_and_bought(u.argmax(axis=1), np.asarray(u.any(axis=1)), chosen, labels)
