"""The pool in the space where distances are measured: its features, its clusters and its nearest neighbors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pslbench.contracts.arrays import Float64s, Floats, Ints
from pslbench.errors import ContractError, InputError, deprecated, renamed

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ROUNDING = 1e-9  # 0.07 * 100 is slightly above 7 in binary arithmetic


@dataclass(frozen=True, eq=False)
class Embedding:
    """The features of the pool.

    Attributes:
        features: float32 (n, d), one row per sample of the pool.
        transform: maps m new samples, like those of the pool, to features, float32 (m, d); None if the method
            cannot do that.
    """

    features: Floats
    transform: Callable[[Any], Floats] | None = None


@dataclass(frozen=True, eq=False)
class Clusters:
    """The pool partitioned into k clusters, in the space of its embedding.

    Attributes:
        assignment: int64 (n,), the cluster of each sample, 0 to k - 1. All arrays here are read-only.
        centers: float32 (k, d).
        medoids: int64 (k,), the member nearest the center of its cluster. For an empty cluster it is the nearest of
            all samples.
        distances: float32 (n,), Euclidean distance of each sample to the center of its cluster.
    """

    assignment: Ints
    centers: Floats
    medoids: Ints
    distances: Floats

    def __post_init__(self) -> None:
        for array in (self.assignment, self.centers, self.medoids, self.distances):
            array.flags.writeable = False  # all cells of one seed share the arrays

    @property
    def k(self) -> int:
        return len(self.centers)

    centres = renamed("Clusters.centres", "centers")

    def nearest(self, keep: float) -> Ints:
        """Return the samples of each cluster that are nearest its center.

        This is Géron's partial propagation (Hands-On Machine Learning, 2019, ch. 9) by rank instead of by percentile.

        Args:
            keep: the share of each cluster to return, in (0, 1]. The number of samples is rounded up, so every cluster
                with members keeps at least one.

        Returns:
            Indices, int64, ascending.
        """
        import numpy as np

        if not 0 < keep <= 1:
            raise InputError(f"keep must be above 0 and at most 1, not {keep:g}")
        order = np.lexsort((self.distances, self.assignment))
        sizes = np.bincount(self.assignment, minlength=self.k)
        starts = np.cumsum(sizes) - sizes
        rank = np.arange(len(order)) - np.repeat(starts, sizes)
        kept: Ints = np.sort(order[rank < np.repeat(np.ceil(keep * sizes - ROUNDING), sizes)])
        return kept


@dataclass(frozen=True, eq=False)
class Graph:
    """The nearest other samples of each sample of the pool, in the space of its embedding.

    Attributes:
        neighbors: int64 (n, k), the nearest first. Both arrays are read-only.
        distances: float32 (n, k), Euclidean.
    """

    neighbors: Ints
    distances: Floats

    def __post_init__(self) -> None:
        for array in (self.neighbors, self.distances):
            array.flags.writeable = False

    neighbours = renamed("Graph.neighbours", "neighbors")

    def affinities(self, k: int = 10) -> csr_matrix:
        """Deprecated: use `gaussian_affinities(graph, k)` of `pslbench.strategies.propagation`."""
        deprecated("Graph.affinities(k)", "gaussian_affinities(graph, k) of pslbench.strategies.propagation")
        return import_module("pslbench.strategies.propagation").gaussian_affinities(self, k)  # contracts import no part

    def links(self, k: int = 10) -> csr_matrix:
        """Return the adjacency matrix, float64 (n, n): 1 from each sample to each of its k nearest others.

        The matrix is not symmetric. Raises ContractError if the graph has fewer than k neighbors per sample.
        """
        import numpy as np

        return self.weighted(np.ones_like(self.nearest_distances(k), np.float64))

    def nearest_distances(self, k: int) -> Floats:
        """Return the distances to the k nearest others, float32 (n, min(k, n - 1)).

        Raises:
            ContractError: the graph has fewer than k neighbors per sample.
        """
        n, available = self.neighbors.shape
        if k < 1 or (k > available and available < n - 1):
            raise ContractError(f"the graph has the {available} nearest neighbors of each sample, not {k}")
        return self.distances[:, :k]

    def weighted(self, weights: Float64s) -> csr_matrix:
        """Return weights, float64 (n, k), of the edges to the k nearest others as a sparse matrix (n, n)."""
        import numpy as np
        from scipy.sparse import csr_matrix

        n, k = weights.shape
        return csr_matrix((weights.ravel(), self.neighbors[:, :k].ravel(), np.arange(0, n * k + 1, k)), shape=(n, n))
