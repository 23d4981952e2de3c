from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Ge

from pslbench.parts import clusterer


@clusterer("minibatch-kmeans", reference="Sculley 2010, Web-scale k-means clustering")
def minibatch_kmeans(
    k: int,
    seed: int,
    *,
    n_init: Annotated[int, Ge(1)] = 3,
    max_iter: Annotated[int, Ge(1)] = 10_000,
    batch_size: Annotated[int, Ge(1)] = 1024,
) -> Any:
    """Mini-batch k-means from the best of some k-means++ starts, as in the notebook.

    Args:
        k: how many clusters.
        seed: of starts and batches.
        n_init: starts to choose from. The notebook's 50 take ten times as long and end at the same inertia.
        max_iter: passes over the data at the most; it stops when 10 batches in a row bring nothing.
        batch_size: scikit-learn's of today. The notebook's 100 stops early, at a higher inertia.
    """
    from sklearn.cluster import MiniBatchKMeans

    return MiniBatchKMeans(k, n_init=n_init, max_iter=max_iter, batch_size=batch_size, random_state=seed)
