from __future__ import annotations

from typing import Annotated

from annotated_types import Ge

from pslbench.contracts.arrays import Floats, Ints
from pslbench.parts import clusterer


@clusterer("spectral", max_pool=20_000, reference="Shi & Malik 2000; von Luxburg 2007")
def spectral(k: int, seed: int, *, n_neighbors: Annotated[int, Ge(1)] = 10) -> Spectral:
    """Cluster by k-means in the first eigenvectors of the Laplacian of the graph of nearest neighbors.

    Args:
        k: the number of clusters and of eigenvectors.
        seed: determines the random numbers of the eigensolver and of k-means.
        n_neighbors: the number of neighbors per sample in the graph.
    """
    return Spectral(k, seed, n_neighbors)


class Spectral:
    """SpectralClustering of scikit-learn, which also takes pools of at most k samples."""

    def __init__(self, k: int, seed: int, n_neighbors: int) -> None:
        self._k, self._seed, self._n_neighbors = k, seed, n_neighbors

    def fit(self, features: Floats) -> Spectral:
        import numpy as np
        from sklearn.cluster import SpectralClustering

        n = len(features)
        fitter = SpectralClustering(
            self._k, affinity="nearest_neighbors", n_neighbors=min(self._n_neighbors, n), random_state=self._seed
        )
        self.labels_: Ints = np.arange(n) if self._k >= n else fitter.fit(features).labels_
        return self
