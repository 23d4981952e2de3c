from __future__ import annotations

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy


@strategy("centroid", reference="Géron 2019, Hands-On Machine Learning, ch. 9")
def centroid(pool: Pool, *, keep: float = 1.0) -> PseudoLabels:
    """Label the sample nearest each cluster's centre and give its label to the cluster, or its nearest share `keep`."""
    clusters = pool.clusters
    label_of = pool.label(clusters.medoids)
    kept = clusters.nearest(keep)
    return PseudoLabels(kept, label_of[clusters.assignment[kept]], cluster_labels=label_of)
