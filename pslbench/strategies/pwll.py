from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.propagation import gaussian_affinities, label_by_scores, make_laplacian, solve, solve_harmonic
from pslbench.strategies.selection import query_more

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pslbench.contracts.arrays import Ints

ROUGH_TOLERANCE, FINAL_TOLERANCE = 1e-2, 1e-3  # while samples are selected, and for the labels


@strategy("pwll", uses="graph", reference="Miller & Calder 2023, Poisson Reweighted Laplacian Uncertainty Sampling")
def pwll(pool: Pool, *, tau: Annotated[float, Ge(0)] = 0.001) -> PseudoLabels:
    """Label, one after the other, the sample with the lowest scores, and spread all labels over the graph.

    The first sample is random. Time grows with the budget times the size of the pool.

    Args:
        pool: with a graph.
        tau: how fast scores decay with the distance from a label.
    """
    import numpy as np

    weights = gaussian_affinities(pool.graph).astype(np.float32)
    laplacian = make_laplacian(weights)
    first = np.array([pool.rng.integers(len(pool))])
    queried, scores, potential = PseudoLabels(first, pool.label(first)), None, None
    while True:
        is_last = len(queried.indices) == pool.budget
        potential = solve(laplacian, _charges(len(pool), queried.indices), potential, ROUGH_TOLERANCE)
        reweighted = _reweighted_laplacian(weights, potential[:, 0], tau)
        tolerance = FINAL_TOLERANCE if is_last else ROUGH_TOLERANCE
        scores = solve_harmonic(reweighted, queried, pool.n_classes, scores, tolerance)
        if is_last:
            return label_by_scores(scores, queried)
        norms = np.linalg.norm(scores, axis=1)
        norms[queried.indices] = np.inf
        queried = query_more(pool, queried, norms.argmin(keepdims=True))


def _charges(n: int, labeled: Ints) -> NDArray[Any]:
    """Return 1 at each labeled sample, minus the mean, float32 (n, 1)."""
    import numpy as np

    charges = np.full((n, 1), -len(labeled) / n, np.float32)
    charges[labeled] += 1
    return charges


def _reweighted_laplacian(weights: Any, potential: NDArray[Any], tau: float) -> Any:
    """Return the Laplacian, float32, of the weights times the positive potential at both ends, plus tau."""
    import numpy as np
    from scipy.sparse import diags, identity

    gamma = diags(potential - potential.min() + 1e-5)
    return (make_laplacian(gamma @ weights @ gamma) + tau * identity(len(potential))).tocsr().astype(np.float32)
