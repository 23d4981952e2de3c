from __future__ import annotations

from typing import Any

from pslbench.parts import clusterer


@clusterer("minibatch-kmeans", reference="Sculley 2010, Web-scale k-means clustering")
def minibatch_kmeans(k: int, seed: int, *, n_init: int = 50, max_iter: int = 10_000, batch_size: int = 1024) -> Any:
    """Mini-batch k-means as in the notebook, with scikit-learn's batches of today (1,024; the notebook had 100)."""
    from sklearn.cluster import MiniBatchKMeans

    return MiniBatchKMeans(k, n_init=n_init, max_iter=max_iter, batch_size=batch_size, random_state=seed)
