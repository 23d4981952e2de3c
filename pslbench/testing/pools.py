"""The tiny pools that parts are checked on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pslbench.contracts import Clusters, Column, Dataset, Graph, PseudoLabels, Table, Texts
from pslbench.contracts.arrays import Floats, Ints
from pslbench.contracts.samples import SAMPLE_KINDS, SampleInput
from pslbench.neighbors import nearest_neighbors
from pslbench.parts import Part

N_SAMPLES, N_TEST, N_CLASSES, SIDE, BUDGET = 60, 24, 3, 8, 15
N_COLUMNS, N_LEVELS = 20, 3  # of a table, and of its column of categories


@dataclass(frozen=True, eq=False)
class TinyPool:
    """The inputs of parts of all kinds, on one pool.

    Attributes:
        data: the pool and a test set.
        budget: the number of labels that may be queried, and of clusters.
        pseudo_labels: what a trainer is trained on: the true labels of the first half of the pool, or of all of it.
        features: the samples as vectors of pixels, float32 (n, d).
        test_features: the test samples as vectors of pixels, float32 (n_test, d).
        clusters: of k-means.
        graph: of nearest neighbors.
        has_scores: for reporters, whether some cells succeeded.
    """

    data: Dataset
    budget: int
    pseudo_labels: PseudoLabels
    features: Floats
    test_features: Floats
    clusters: Clusters
    graph: Graph
    has_scores: bool = True

    def arrays(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """Yield all arrays with the names under which parts see them."""
        holders: dict[str, Mapping[str, object]] = {
            "data": self.data.arrays(),
            "pseudo_labels": vars(self.pseudo_labels),
            "embedding": {"features": self.features, "test_features": self.test_features},
            "clusters": vars(self.clusters),
            "graph": vars(self.graph),
        }
        for owner, holder in holders.items():
            yield from ((f"{owner}.{name}", array) for name, array in holder.items() if isinstance(array, np.ndarray))

    def suited(self, part: Part) -> TinyPool:
        """Return the pool with samples that the part takes: those that it has, or others that are made of them."""
        kinds = SAMPLE_KINDS if part.kind == "strategy" or part.needs_features else part.takes
        if self.data.kind in kinds:
            return self
        return self.with_kind(next((kind for kind in kinds if kind in SAMPLE_KINDS), "features"))

    def with_kind(self, kind: SampleInput) -> TinyPool:
        """Return the pool with samples of another kind that are made of its images or vectors."""
        data = self.data
        if kind == "features":
            features = {"features_train": self.features, "features_test": self.test_features}
            return replace(self, data=replace(data, **features))  # type: ignore[arg-type]
        x_train, x_test = (_convert(x.reshape(len(x), -1), kind) for x in (data.x_train, data.x_test))
        return replace(self, data=replace(data, x_train=x_train, x_test=x_test))

    def permuted(self, order: Ints) -> TinyPool:
        """Return the pool with sample `order[i]` at position i; order is int64 (n,)."""
        position = np.argsort(order)
        indices = position[self.pseudo_labels.indices]
        rows = np.argsort(indices)
        clusters, graph, features = self.clusters, self.graph, self.features[order]
        features.flags.writeable = False
        return replace(
            self,
            data=replace(self.data, x_train=self.data.x_train[order], y_train=self.data.y_train[order]),
            pseudo_labels=PseudoLabels(indices[rows], self.pseudo_labels.labels[rows]),
            features=features,
            clusters=replace(
                clusters,
                assignment=clusters.assignment[order],
                distances=clusters.distances[order],
                medoids=position[clusters.medoids],
            ),
            graph=Graph(position[graph.neighbors[order]], graph.distances[order]),
        )


def _convert(vectors: Floats, kind: SampleInput) -> Any:
    """Return samples of a kind made of vectors, float32 (n, d): a word for each large number, or a row of a table."""
    if kind == "images":
        return vectors.reshape(-1, 1, vectors.shape[1], 1)
    if kind == "texts":
        return Texts.of(" ".join(f"word{i}" for i in np.flatnonzero(row > 0.5)) for row in vectors)
    if kind == "tables":
        return _convert_to_table(vectors)
    return vectors


def _convert_to_table(vectors: Floats) -> Table:
    """Return numbers, one of which is sometimes missing, and a column of categories."""
    values = vectors[:, :N_COLUMNS].astype(np.float64)
    values[np.rint(1000 * values[:, 0]) % 7 == 0, 0] = np.nan
    categories = tuple(f"level {level}" for level in range(N_LEVELS))
    values[:, -1] = np.minimum(values[:, -1] * N_LEVELS, N_LEVELS - 1).astype(int)
    columns = [Column(f"number {i}") for i in range(values.shape[1] - 1)]
    return Table(values, (*columns, Column("category", categories)))


def make_pool(x: Floats, y: Ints, budget: int = BUDGET, n_labeled: int | None = None) -> TinyPool:
    """Return a pool of samples, float32 (n, ...), with classes, int64 (n,); half of it is labeled by default."""
    from sklearn.cluster import KMeans

    from pslbench.clustering import fit_clusters

    x_test, y_test = draw_samples(N_TEST, variant=1)
    data = Dataset("tiny", x, y, x_test.reshape(N_TEST, *x.shape[1:]), y_test, tuple(map(str, range(N_CLASSES))))
    features = x.reshape(len(x), -1).view()
    features.flags.writeable = False
    clusters, _ = fit_clusters(KMeans(budget, n_init=1, random_state=0), features, budget)
    labeled = np.arange(n_labeled or len(x) // 2)
    return TinyPool(
        data,
        budget,
        PseudoLabels(labeled, y[labeled]),
        features,
        data.x_test.reshape(N_TEST, -1),
        clusters,
        nearest_neighbors(features),
    )


def draw_samples(n: int = N_SAMPLES, variant: int = 0) -> tuple[Floats, Ints]:
    """Draw images, float32 (n, 8, 8, 1), of three noisy patterns; return them with their classes, int64 (n,)."""
    patterns = np.random.default_rng(0).uniform(0.2, 0.8, (N_CLASSES, SIDE, SIDE, 1))
    rng = np.random.default_rng([1, variant])
    y = rng.permutation(np.arange(n) % N_CLASSES)
    return np.clip(patterns[y] + rng.normal(0, 0.1, (n, SIDE, SIDE, 1)), 0, 1).astype(np.float32), y


def ordinary(n: int = N_SAMPLES, budget: int = BUDGET, variant: int = 0) -> TinyPool:
    """Return a pool of images of three classes that are easy to distinguish."""
    return make_pool(*draw_samples(n, variant), budget)
