from typing import Annotated, Any

from annotated_types import Ge

from pslbench.parts import clusterer


@clusterer("agglomerative", reference="Ward 1963")
def agglomerative(k: int, *, n_neighbors: Annotated[int, Ge(0)] = 10) -> Any:
    """Merge clusters by Ward's method, along the edges of the graph of nearest neighbors.

    Args:
        n_neighbors: the number of neighbors per sample in the graph; 0 for Ward's method without a graph, whose memory
            grows with the square of the size of the pool.
    """
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.neighbors import kneighbors_graph

    graph = (lambda x: kneighbors_graph(x, min(n_neighbors, len(x) - 1))) if n_neighbors else None
    return AgglomerativeClustering(k, connectivity=graph)
