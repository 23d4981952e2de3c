from __future__ import annotations

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.diffusion import as_pseudo_labels, laplacian, one_hot, solve
from pslbench.strategies.selecting import Selection, bought

FINE = 1e-5  # tolerance: with few labels the potentials of two classes come close


@strategy("poisson", uses=("clusters", "graph"), reference="Calder, Cook, Thorpe & Slepčev 2020, Poisson Learning")
def poisson(pool: Pool, *, select: Selection = "medoids") -> PseudoLabels:
    """Spread the labels over the graph as the potential of charges that sit on the labelled samples.

    L u = sum over labelled j of (y_j - mean y) at j. A leak of 1e-4 of each sample's degree is added to L: graphs fall
    into parts, and charges that do not add up to zero in each have no potential without it. Time grows with the edges
    of the graph, ten a sample.

    Args:
        pool: with clusters and a graph.
        select: the samples that are labelled: those nearest cluster centres, the most typical of their cluster
            (typiclust), or random ones.
    """
    import numpy as np

    chosen, labels = bought(pool, select)
    y = one_hot(labels, pool.n_classes)
    source = np.zeros((len(pool), pool.n_classes))
    source[chosen] = y - y.mean(axis=0) if len(np.unique(labels)) > 1 else y
    u = solve(laplacian(pool.graph.affinities()), source, tolerance=FINE)
    return as_pseudo_labels(u, chosen, labels)
