from __future__ import annotations

from typing import Annotated

from annotated_types import Interval

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy


@strategy("centroid", reference="Géron 2019, Hands-On Machine Learning, ch. 9")
def centroid(pool: Pool, *, keep: Annotated[float, Interval(gt=0, le=1)] = 1.0) -> PseudoLabels:
    """Label the sample nearest each cluster's centre and give its label to the cluster.

    Args:
        pool: with clusters.
        keep: the share of each cluster, nearest its centre, that is given the label and trained on.
    """
    clusters = pool.clusters
    label_of = pool.label(clusters.medoids)
    kept = clusters.nearest(keep)
    return PseudoLabels(kept, label_of[clusters.assignment[kept]], cluster_labels=label_of)
