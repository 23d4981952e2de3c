from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Ge

from pslbench.parts import clusterer


@clusterer("agglomerative", reference="Ward 1963")
def agglomerative(k: int, *, n_neighbors: Annotated[int, Ge(0)] = 10) -> Any:
    """Ward's hierarchical clustering, merging along the graph of nearest neighbours.

    Args:
        k: how many clusters.
        n_neighbors: neighbours of each sample in the graph; 0 for Ward's method without a graph, whose memory grows
            with the square of the pool.
    """
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.neighbors import kneighbors_graph

    graph = (lambda x: kneighbors_graph(x, min(n_neighbors, len(x) - 1))) if n_neighbors else None
    return AgglomerativeClustering(k, connectivity=graph)
