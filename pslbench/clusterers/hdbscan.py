from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge

from pslbench.parts import clusterer

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats, Ints


@clusterer("hdbscan", max_pool=20_000, reference="Campello, Moulavi & Sander 2013")
def hdbscan(k: int, *, min_cluster_size: Annotated[int, Ge(2)] = 5, min_samples: Annotated[int, Ge(1)] = 3) -> Any:
    """Clusters of high density, the k largest of them; what is left over goes to the nearest of their centres.

    There may be fewer than k: how many it finds is the data's to say.

    Args:
        k: the most clusters.
        min_cluster_size: samples that make a cluster.
        min_samples: neighbours that density is measured by.
    """
    return LargestClusters(k, min_cluster_size, min_samples)


class LargestClusters:
    """scikit-learn's HDBSCAN with every sample in one of at most k clusters."""

    def __init__(self, k: int, min_cluster_size: int, min_samples: int) -> None:
        self._k, self._min_cluster_size, self._min_samples = k, min_cluster_size, min_samples

    def fit(self, features: Floats) -> LargestClusters:
        import numpy as np
        from sklearn.cluster import HDBSCAN
        from sklearn.metrics import pairwise_distances_argmin

        near = min(self._min_samples, len(features))
        found = HDBSCAN(min_cluster_size=self._min_cluster_size, min_samples=near, copy=True).fit(features)
        numbers, sizes = np.unique(found.labels_[found.labels_ >= 0], return_counts=True)
        kept = numbers[np.argsort(-sizes, kind="stable")[: self._k]]
        centers = [features[found.labels_ == number].mean(axis=0) for number in kept] or [features.mean(axis=0)]
        self.labels_: Ints = pairwise_distances_argmin(features, np.stack(centers))
        for place, number in enumerate(kept):
            self.labels_[found.labels_ == number] = place
        return self
