from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge

from pslbench.parts import clusterer

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats, Ints


@clusterer("spectral", max_pool=20_000, reference="Shi & Malik 2000; von Luxburg 2007")
def spectral(k: int, seed: int, *, n_neighbors: Annotated[int, Ge(1)] = 10) -> Any:
    """K-means in the first eigenvectors of the Laplacian of the graph of nearest neighbours.

    Args:
        k: how many clusters, and eigenvectors.
        seed: of the eigensolver and of k-means.
        n_neighbors: neighbours of each sample in the graph.
    """
    return Spectral(k, seed, n_neighbors)


class Spectral:
    """scikit-learn's SpectralClustering, for pools of any size from 1 on."""

    def __init__(self, k: int, seed: int, n_neighbors: int) -> None:
        self._k, self._seed, self._n_neighbors = k, seed, n_neighbors

    def fit(self, features: Floats) -> Spectral:
        import numpy as np
        from sklearn.cluster import SpectralClustering

        n = len(features)
        fitter = SpectralClustering(
            self._k,
            affinity="nearest_neighbors",
            n_neighbors=min(self._n_neighbors, n),
            assign_labels="kmeans",
            random_state=self._seed,
        )
        self.labels_: Ints = np.arange(n) if self._k >= n else fitter.fit(features).labels_
        return self
