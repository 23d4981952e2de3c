from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.selection import Selection, query_labels


@strategy(
    "laplace",
    enabled=False,
    disabled_reason="poisson is stronger with few labels",
    uses=("clusters", "graph"),
    reference="Zhu, Ghahramani & Lafferty 2003, Harmonic Functions",
)
def laplace(pool: Pool, *, select: Selection = "medoids") -> PseudoLabels:
    """Spread labels over the graph so that each sample has the weighted mean scores of its neighbors.

    Time grows with the number of edges, ten per sample.

    Args:
        select: the samples to label: cluster medoids, the most typical samples (typiclust), or random ones.
    """
    from pslbench.strategies.propagation import gaussian_affinities, label_by_scores, make_laplacian, solve_harmonic

    queried = query_labels(pool, select)
    laplacian = make_laplacian(gaussian_affinities(pool.graph))
    return label_by_scores(solve_harmonic(laplacian, queried, pool.n_classes), queried)
