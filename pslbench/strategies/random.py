from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.selection import query_labels


@strategy("random", uses="x")
def random(pool: Pool) -> PseudoLabels:
    """Label random samples and train on those alone: the baseline that every method must beat."""
    return query_labels(pool, "random")
