from typing import Annotated

from annotated_types import Interval

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy


@strategy("centroid", reference="Géron 2019, Hands-On Machine Learning, ch. 9")
def centroid(pool: Pool, *, keep: Annotated[float, Interval(gt=0, le=1)] = 1.0) -> PseudoLabels:
    """Label the medoid of each cluster and give its label to the cluster.

    Args:
        keep: the share of each cluster, nearest its center, that gets the label and is trained on.
    """
    clusters = pool.clusters
    cluster_labels = pool.label(clusters.medoids)
    nearest = clusters.nearest(keep)
    return PseudoLabels(nearest, cluster_labels[clusters.assignment[nearest]], cluster_labels=cluster_labels)
