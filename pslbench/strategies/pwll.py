from typing import Annotated

from annotated_types import Ge

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.selection import query_more

ROUGH_TOLERANCE, FINAL_TOLERANCE = 1e-2, 1e-3  # while samples are selected, and for the labels


@strategy("pwll", uses="graph", reference="Miller & Calder 2023, Poisson Reweighted Laplacian Uncertainty Sampling")
def pwll(pool: Pool, *, tau: Annotated[float, Ge(0)] = 0.001) -> PseudoLabels:
    """Label, one after the other, the sample with the lowest scores, and spread all labels over the graph.

    The first sample is random. Time grows with the budget times the size of the pool.

    Args:
        tau: how fast scores decay with the distance from a label.
    """
    import numpy as np
    from scipy.sparse import diags, identity

    from pslbench.strategies import propagation

    n = len(pool)
    weights = propagation.gaussian_affinities(pool.graph).astype(np.float32)
    laplacian = propagation.make_laplacian(weights)
    first = np.array([pool.rng.integers(n)])
    queried, scores, potential = PseudoLabels(first, pool.label(first)), None, None
    while True:
        is_last = len(queried.indices) == pool.budget
        charges = np.full((n, 1), -len(queried.indices) / n, np.float32)  # 1 at labeled samples, minus the mean
        charges[queried.indices] += 1
        potential = propagation.solve(laplacian, charges, potential, ROUGH_TOLERANCE)
        gamma = diags(potential[:, 0] - potential.min() + 1e-5)  # weights grow with the potential at both ends
        reweighted = propagation.make_laplacian(gamma @ weights @ gamma) + tau * identity(n)
        system = reweighted.tocsr().astype(np.float32)
        tolerance = FINAL_TOLERANCE if is_last else ROUGH_TOLERANCE
        scores = propagation.solve_harmonic(system, queried, pool.n_classes, scores, tolerance)
        if is_last:
            return propagation.label_by_scores(scores, queried)
        norms = np.linalg.norm(scores, axis=1)
        norms[queried.indices] = np.inf
        queried = query_more(pool, queried, norms.argmin(keepdims=True))
