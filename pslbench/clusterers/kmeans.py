from typing import Annotated, Any

from annotated_types import Ge

from pslbench.parts import clusterer


@clusterer("kmeans", reference="Lloyd 1982; Arthur & Vassilvitskii 2007, k-means++")
def kmeans(k: int, seed: int, *, n_init: Annotated[int, Ge(1)] = 1, max_iter: Annotated[int, Ge(1)] = 300) -> Any:
    """Cluster by Lloyd's k-means algorithm with k-means++ initialization.

    Args:
        seed: determines the initializations.
        n_init: the number of initializations; the result with the lowest inertia is used.
        max_iter: the largest number of iterations.
    """
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=n_init, max_iter=max_iter, random_state=seed)
