from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Ge

from pslbench.parts import clusterer


@clusterer("kmeans", reference="Lloyd 1982; Arthur & Vassilvitskii 2007, k-means++")
def kmeans(k: int, seed: int, *, n_init: Annotated[int, Ge(1)] = 1, max_iter: Annotated[int, Ge(1)] = 300) -> Any:
    """Lloyd's k-means on all samples, from k-means++ centres.

    Args:
        k: how many clusters.
        seed: of the starts.
        n_init: starts, of which the one with the lowest inertia at the end is kept.
        max_iter: passes over the data at the most.
    """
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=n_init, max_iter=max_iter, random_state=seed)
