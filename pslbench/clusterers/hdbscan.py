from __future__ import annotations

from typing import Annotated

from annotated_types import Ge

from pslbench.contracts.arrays import Floats, Ints
from pslbench.parts import clusterer


@clusterer("hdbscan", max_pool=20_000, reference="Campello, Moulavi & Sander 2013")
def hdbscan(
    k: int, *, min_cluster_size: Annotated[int, Ge(2)] = 5, min_samples: Annotated[int, Ge(1)] = 3
) -> LargestClusters:
    """Find the k largest clusters of high density, and assign all other samples to the nearest center.

    There may be fewer than k clusters.

    Args:
        k: the largest number of clusters.
        min_cluster_size: the least number of samples per cluster.
        min_samples: the number of neighbors from which density is estimated.
    """
    return LargestClusters(k, min_cluster_size, min_samples)


class LargestClusters:
    """HDBSCAN of scikit-learn, with every sample in one of at most k clusters."""

    def __init__(self, k: int, min_cluster_size: int, min_samples: int) -> None:
        self._k, self._min_cluster_size, self._min_samples = k, min_cluster_size, min_samples

    def fit(self, features: Floats) -> LargestClusters:
        import numpy as np
        from sklearn.cluster import HDBSCAN
        from sklearn.metrics import pairwise_distances_argmin

        min_samples = min(self._min_samples, len(features))
        fitter = HDBSCAN(min_cluster_size=self._min_cluster_size, min_samples=min_samples, copy=True)
        labels = fitter.fit(features).labels_
        clusters, sizes = np.unique(labels[labels >= 0], return_counts=True)
        members = [labels == cluster for cluster in clusters[np.argsort(-sizes, kind="stable")[: self._k]]]
        centers = [features[is_member].mean(axis=0) for is_member in members] or [features.mean(axis=0)]
        self.labels_: Ints = pairwise_distances_argmin(features, np.stack(centers))
        for number, is_member in enumerate(members):
            self.labels_[is_member] = number
        return self
