from __future__ import annotations

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy


@strategy("centroid-only", reference="Géron 2019, Hands-On Machine Learning, ch. 9")
def centroid_only(pool: Pool) -> PseudoLabels:
    """Label the sample nearest each cluster's centre and train on those alone."""
    import numpy as np

    chosen = np.unique(pool.clusters.medoids)
    return PseudoLabels(chosen, pool.label(chosen))
