"""Labels that spread over a graph, by linear systems in its Laplacian."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pslbench.contracts import PseudoLabels
from pslbench.strategies.selecting import kept_and_bought

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from pslbench.contracts import Ints

TOLERANCE = 1e-3
LEAK = 1e-4  # of each sample's degree: makes the systems regular; what no label reaches stays at 0


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
