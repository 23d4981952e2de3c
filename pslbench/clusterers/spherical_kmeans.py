from __future__ import annotations

from typing import Annotated

from annotated_types import Ge

from pslbench.contracts.arrays import Floats, Ints
from pslbench.parts import clusterer


@clusterer("spherical-kmeans", reference="Dhillon & Modha 2001, Concept Decompositions")
def spherical_kmeans(k: int, seed: int, *, max_iter: Annotated[int, Ge(1)] = 100) -> SphericalKMeans:
    """Cluster by k-means with angles: each sample belongs to the center with the largest cosine similarity.

    Args:
        seed: determines the k-means++ initialization.
        max_iter: the largest number of iterations.
    """
    return SphericalKMeans(k, seed, max_iter)


class SphericalKMeans:
    """Lloyd's algorithm on the unit sphere. A cluster that loses all its members keeps its center."""

    def __init__(self, k: int, seed: int, max_iter: int) -> None:
        self._k, self._seed, self._max_iter = k, seed, max_iter

    def fit(self, features: Floats) -> SphericalKMeans:
        import numpy as np
        from scipy.sparse import csr_matrix
        from sklearn.cluster import kmeans_plusplus
        from sklearn.preprocessing import normalize

        x, n = normalize(features), len(features)
        self._directions, _ = kmeans_plusplus(x, self._k, random_state=self._seed)
        self.labels_ = self.predict(features)
        for _ in range(self._max_iter):
            members = csr_matrix((np.ones(n, x.dtype), (self.labels_, np.arange(n))), shape=(self._k, n))
            sums = members @ x
            is_nonzero = sums.any(axis=1)
            if is_nonzero.any():
                self._directions[is_nonzero] = normalize(sums[is_nonzero])
            previous, self.labels_ = self.labels_, self.predict(features)
            if (previous == self.labels_).all():
                break
        return self

    def predict(self, features: Floats) -> Ints:
        """Return the cluster, int64 (m,), of each sample, float32 (m, d)."""
        nearest: Ints = (features @ self._directions.T).argmax(axis=1)
        return nearest
