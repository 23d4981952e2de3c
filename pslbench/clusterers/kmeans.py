from __future__ import annotations

from typing import Any

from pslbench.parts import clusterer


@clusterer("kmeans", reference="Lloyd 1982; Arthur & Vassilvitskii 2007, k-means++")
def kmeans(k: int, seed: int, *, n_init: int = 1, max_iter: int = 300) -> Any:
    """Lloyd's k-means on all samples, from k-means++ centres."""
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=n_init, max_iter=max_iter, random_state=seed)
