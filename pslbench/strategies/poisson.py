from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.diffusion import as_pseudo_labels, gaussian_affinities, laplacian, one_hot, solve
from pslbench.strategies.selecting import Selection, bought

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from pslbench.contracts.arrays import Ints

FINE = 1e-5  # tolerance: with few labels the potentials of two classes come close


@strategy("poisson", uses=("clusters", "graph"), reference="Calder, Cook, Thorpe & Slepčev 2020, Poisson Learning")
def poisson(pool: Pool, *, select: Selection = "medoids") -> PseudoLabels:
    """Spread the labels over the graph as the potential of charges that sit on the labelled samples.

    Time grows with the edges of the graph, ten a sample.

    Args:
        pool: with clusters and a graph.
        select: the samples that are labelled: those nearest cluster centres, the most typical of their cluster
            (typiclust), or random ones.
    """
    chosen, labels = bought(pool, select)
    return as_pseudo_labels(potential(gaussian_affinities(pool.graph), chosen, labels, pool.n_classes), chosen, labels)


def potential(weights: csr_matrix, chosen: Ints, labels: Ints, n_classes: int) -> NDArray[Any]:
    """u with L u = sum over labelled j of (y_j - mean y) at j, float64 (n, classes); of the paper, equation 1.3.

    A leak of 1e-4 of each sample's degree is added to L: graphs fall into parts, and charges that do not add up to zero
    in each have no potential without it.

    Args:
        weights: symmetric, (n, n).
        chosen, labels: int64 (m,), the labelled samples and their classes.
        n_classes: how many there are.
    """
    import numpy as np

    y = one_hot(labels, n_classes)
    source = np.zeros((weights.shape[0], n_classes))
    source[chosen] = y - y.mean(axis=0) if len(np.unique(labels)) > 1 else y
    return solve(laplacian(weights), source, tolerance=FINE)
