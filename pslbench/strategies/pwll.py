from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.diffusion import TOLERANCE, as_pseudo_labels, gaussian_affinities, laplacian, one_hot, solve
from pslbench.strategies.laplace import harmonic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pslbench.contracts.arrays import Ints


ROUGH = 1e-2  # tolerance while samples are chosen, each time from the solution before


@strategy("pwll", uses="graph", reference="Miller & Calder 2023, Poisson Reweighted Laplacian Uncertainty Sampling")
def pwll(pool: Pool, *, tau: Annotated[float, Ge(0)] = 0.001) -> PseudoLabels:
    """Ask, one at a time, for the sample that the labels on the graph reach least, then spread all labels over it.

    The first is drawn at random. Time grows with budget times pool.

    Args:
        pool: with a graph.
        tau: how fast labels fade with distance.
    """
    import numpy as np

    weights = gaussian_affinities(pool.graph).astype(np.float32)
    lap = laplacian(weights)
    chosen = np.array([pool.rng.integers(len(pool))])
    labels, u, potential = pool.label(chosen), None, None
    while True:
        last = len(chosen) == pool.budget
        potential = solve(lap, _charges(len(pool), chosen), potential, ROUGH)
        weighed = _reweighted(weights, potential[:, 0], tau)
        u = harmonic(weighed, chosen, one_hot(labels, pool.n_classes), u, TOLERANCE if last else ROUGH)
        if last:
            return as_pseudo_labels(u, chosen, labels)
        reached = np.linalg.norm(u, axis=1)
        reached[chosen] = np.inf
        chosen = np.append(chosen, reached.argmin())
        labels = np.append(labels, pool.label(chosen[-1:]))


def _charges(n: int, chosen: Ints) -> NDArray[Any]:
    """1 at each chosen sample, less the mean, float32 (n, 1)."""
    import numpy as np

    charges = np.full((n, 1), -len(chosen) / n, np.float32)
    charges[chosen] += 1
    return charges


def _reweighted(weights: Any, potential: NDArray[Any], tau: float) -> Any:
    """The Laplacian, float32, of the weights times the potential, made positive, at both ends; plus tau."""
    import numpy as np
    from scipy.sparse import diags, identity

    gamma = diags(potential - potential.min() + 1e-5)
    return (laplacian(gamma @ weights @ gamma) + tau * identity(len(potential))).tocsr().astype(np.float32)
