"""Nearest neighbours of every sample, exact, in memory that grows with the pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pslbench.contracts import Graph
from pslbench.errors import ContractError

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats

K = 20  # as many as any strategy here wants


def nearest_neighbors(features: Floats, k: int = K) -> Graph:
    """The `k` nearest other samples of each, of features, float32 (n, d); n - 1 where there are no more.

    Raises:
        ContractError: where squared distances overflow.
    """
    import faiss
    import numpy as np

    n = len(features)
    k = min(k, n - 1)
    x = np.ascontiguousarray(features, np.float32)
    squares, found = faiss.knn(x, x, k + 1)
    if found.min() < 0:
        raise ContractError("these features are too large for distances between them; scale them down")
    others = found != np.arange(n)[:, None]
    others[others.all(axis=1), -1] = False  # one of many equal samples: it is not among its own nearest
    shape = n, k
    distances = np.sqrt(np.maximum(squares[others].reshape(shape), 0))
    return Graph(found[others].reshape(shape).astype(np.int64), distances.astype(np.float32))
