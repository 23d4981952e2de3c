from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.selection import query_labels


@strategy("centroid-only", reference="Géron 2019, Hands-On Machine Learning, ch. 9")
def centroid_only(pool: Pool) -> PseudoLabels:
    """Label the medoid of each cluster and train on the medoids alone."""
    return query_labels(pool, "medoids")
