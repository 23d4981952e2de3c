from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Ge

from pslbench.parts import clusterer


@clusterer("spectral", max_pool=20_000, reference="Shi & Malik 2000; von Luxburg 2007")
def spectral(k: int, seed: int, *, n_neighbors: Annotated[int, Ge(1)] = 10) -> Any:
    """K-means in the first eigenvectors of the Laplacian of the graph of nearest neighbours.

    Args:
        k: how many clusters, and eigenvectors.
        seed: of the eigensolver and of k-means.
        n_neighbors: neighbours of each sample in the graph.
    """
    from sklearn.cluster import SpectralClustering

    return SpectralClustering(
        k, affinity="nearest_neighbors", n_neighbors=n_neighbors, assign_labels="kmeans", random_state=seed
    )
