from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Gt

from pslbench.contracts.arrays import Floats, Ints
from pslbench.parts import clusterer


@clusterer("birch", reference="Zhang, Ramakrishnan & Livny 1996")
def birch(
    k: int, *, threshold: Annotated[float, Gt(0)] = 0.5, branching_factor: Annotated[int, Ge(2)] = 50
) -> ScaledBirch:
    """Build a tree of subclusters and merge them into k clusters by Ward's method.

    Args:
        threshold: the largest radius of a subcluster, as a share of the root mean square distance of the samples to
            their mean. It is halved until there are at least k subclusters.
        branching_factor: the largest number of subclusters per node of the tree.
    """
    return ScaledBirch(k, threshold, branching_factor)


class ScaledBirch:
    """scikit-learn's Birch with a threshold that does not depend on the units of the features."""

    def __init__(self, k: int, threshold: float, branching_factor: int) -> None:
        self._k, self._threshold, self._branching_factor = k, threshold, branching_factor

    def fit(self, features: Floats) -> ScaledBirch:
        import numpy as np
        from sklearn.cluster import AgglomerativeClustering, Birch

        smallest = float(np.finfo(np.float32).tiny)
        threshold = max(self._threshold * float(np.sqrt(features.var(axis=0).sum())), smallest)
        tree = Birch(threshold=threshold, branching_factor=self._branching_factor, n_clusters=None)
        while len(tree.fit(features).subcluster_centers_) < self._k and tree.threshold > smallest:
            tree.threshold /= 2
        self.labels_: Ints = tree.labels_
        if len(tree.subcluster_centers_) >= max(self._k, 2):  # there are fewer if few samples are distinct
            self.labels_ = AgglomerativeClustering(self._k).fit(tree.subcluster_centers_).labels_[tree.labels_]
        return self
