from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.selection import query_labels


@strategy("constant", uses="x", baseline=True)
def constant(pool: Pool) -> PseudoLabels:
    """Label random samples and predict their most frequent class for every sample: a baseline without a classifier."""
    return query_labels(pool, "random")
