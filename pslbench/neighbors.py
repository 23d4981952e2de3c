"""The exact nearest neighbors of every sample, in memory that grows linearly with the pool."""

from pslbench.contracts import Graph
from pslbench.contracts.arrays import Floats
from pslbench.errors import ContractError

MAX_NEIGHBORS = 20  # the most that a built-in strategy needs


def nearest_neighbors(features: Floats, k: int = MAX_NEIGHBORS) -> Graph:
    """Return the `k` nearest other samples of each sample, by features, float32 (n, d); at most n - 1.

    Raises:
        ContractError: squared distances overflow.
    """
    import faiss
    import numpy as np

    n = len(features)
    k = min(k, n - 1)
    x = np.ascontiguousarray(features, np.float32)
    squares, neighbors = faiss.knn(x, x, k + 1)
    if neighbors.min() < 0:
        raise ContractError("the features are too large to compute distances; scale them down")
    is_other = neighbors != np.arange(n)[:, None]
    is_other[is_other.all(axis=1), -1] = False  # a sample with many duplicates is not among its own nearest
    shape = n, k
    distances = np.sqrt(np.maximum(squares[is_other].reshape(shape), 0))
    return Graph(neighbors[is_other].reshape(shape).astype(np.int64), distances.astype(np.float32))
