from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.propagation import gaussian_affinities, label_by_scores, make_laplacian, one_hot, solve
from pslbench.strategies.selection import Selection, query_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

FINE_TOLERANCE = 1e-5  # with few labels the potentials of two classes are close to each other


@strategy("poisson", uses=("clusters", "graph"), reference="Calder, Cook, Thorpe & Slepčev 2020, Poisson Learning")
def poisson(pool: Pool, *, select: Selection = "medoids") -> PseudoLabels:
    """Spread labels over the graph as the potential of charges on the labeled samples (Poisson learning).

    Time grows with the number of edges, ten per sample.

    Args:
        pool: with clusters and a graph.
        select: the samples to label: cluster medoids, the most typical samples (typiclust), or random ones.
    """
    queried = query_labels(pool, select)
    return label_by_scores(solve_poisson(gaussian_affinities(pool.graph), queried, pool.n_classes), queried)


def solve_poisson(weights: csr_matrix, queried: PseudoLabels, n_classes: int) -> NDArray[Any]:
    """Return u, float64 (n, classes), with L u = the sum over labeled j of (y_j - mean y) at j: equation 1.3.

    A leak of 1e-4 of each degree is added to the Laplacian L of the symmetric weights, (n, n). Without it there is no
    potential if the graph has several components and the charges of one do not sum to zero.
    """
    import numpy as np

    y = one_hot(queried.hard_labels, n_classes)
    source = np.zeros((weights.shape[0], n_classes))
    source[queried.indices] = y - y.mean(axis=0) if len(np.unique(queried.labels)) > 1 else y
    return solve(make_laplacian(weights), source, tolerance=FINE_TOLERANCE)
