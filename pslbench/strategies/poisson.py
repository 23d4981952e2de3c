from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.selection import Selection, query_labels


@strategy("poisson", uses=("clusters", "graph"), reference="Calder, Cook, Thorpe & Slepčev 2020, Poisson Learning")
def poisson(pool: Pool, *, select: Selection = "medoids") -> PseudoLabels:
    """Spread labels over the graph as the potential of charges on the labeled samples (Poisson learning).

    Time grows with the number of edges, ten per sample.

    Args:
        select: the samples to label: cluster medoids, the most typical samples (typiclust), or random ones.
    """
    from pslbench.strategies.propagation import gaussian_affinities, label_by_scores, solve_poisson

    queried = query_labels(pool, select)
    return label_by_scores(solve_poisson(gaussian_affinities(pool.graph), queried, pool.n_classes), queried)
