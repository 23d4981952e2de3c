"""The tiny pools that parts are checked on. Each has one property that parts often handle wrongly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pslbench.contracts import Clusters, Dataset, Graph, PseudoLabels
from pslbench.neighbors import nearest_neighbors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from pslbench.contracts.arrays import Floats, Ints

N_SAMPLES, N_TEST, N_CLASSES, SIDE, BUDGET = 60, 24, 3, 8, 15


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
        holders: dict[str, Mapping[str, Any]] = {
            "data": vars(self.data),
            "pseudo_labels": vars(self.pseudo_labels),
            "embedding": {"features": self.features, "test_features": self.test_features},
            "clusters": vars(self.clusters),
            "graph": vars(self.graph),
        }
        for owner, holder in holders.items():
            yield from ((f"{owner}.{name}", array) for name, array in holder.items() if hasattr(array, "dtype"))

    def permuted(self, order: Ints) -> TinyPool:
        """Return the pool with sample `order[i]` at position i; order is int64 (n,)."""
        import numpy as np

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

    def with_labels(self, y_train: Ints, y_test: Ints) -> TinyPool:
        """Return the pool with other true labels."""
        return replace(self, data=replace(self.data, y_train=y_train, y_test=y_test))


def make_pool(x: Floats, y: Ints, budget: int = BUDGET, pseudo_labels: PseudoLabels | None = None) -> TinyPool:
    """Return a pool of samples, float32 (n, ...), with classes, int64 (n,)."""
    import numpy as np
    from sklearn.cluster import KMeans

    from pslbench.clustering import fit_clusters

    x_test, y_test = _draw_samples(N_TEST, variant=1)
    data = Dataset("tiny", x, y, x_test.reshape(N_TEST, *x.shape[1:]), y_test, tuple(map(str, range(N_CLASSES))))
    features = x.reshape(len(x), -1).view()
    features.flags.writeable = False
    clusters, _ = fit_clusters(KMeans(budget, n_init=1, random_state=0), features, budget)
    half = np.arange(len(x) // 2)
    return TinyPool(
        data,
        budget,
        pseudo_labels or PseudoLabels(half, y[half]),
        features,
        data.x_test.reshape(N_TEST, -1),
        clusters,
        nearest_neighbors(features),
    )


def _draw_samples(n: int, variant: int = 0) -> tuple[Floats, Ints]:
    """Draw images, float32 (n, 8, 8, 1), of three noisy patterns; return them with their classes, int64 (n,)."""
    import numpy as np

    patterns = np.random.default_rng(0).uniform(0.2, 0.8, (N_CLASSES, SIDE, SIDE, 1))
    rng = np.random.default_rng([1, variant])
    y = rng.permutation(np.arange(n) % N_CLASSES)
    return np.clip(patterns[y] + rng.normal(0, 0.1, (n, SIDE, SIDE, 1)), 0, 1).astype(np.float32), y


def ordinary(n: int = N_SAMPLES, budget: int = BUDGET, variant: int = 0) -> TinyPool:
    """Images of three classes that are easy to distinguish."""
    return make_pool(*_draw_samples(n, variant), budget)


def few_distinct() -> TinyPool:
    """60 images of which only 3 are distinct: fewer than clusters and labels."""
    import numpy as np

    x, y = _draw_samples(N_SAMPLES)
    first = np.array([np.flatnonzero(y == label)[0] for label in range(N_CLASSES)])
    return make_pool(x[first[y]], y)


def duplicates() -> TinyPool:
    """Every image occurs twice."""
    x, y = _draw_samples(N_SAMPLES // 2)
    return make_pool(x.repeat(2, axis=0), y.repeat(2))


def one_class() -> TinyPool:
    """All images belong to one class, except the last one, which looks like the others."""
    import numpy as np

    x, y = _draw_samples(N_SAMPLES)
    shifts = np.linspace(0, 0.01, N_SAMPLES, dtype=np.float32)[:, None, None, None]
    labels = np.zeros(N_SAMPLES, np.int64)
    labels[-1] = 1
    return make_pool(np.clip(x[y == 0].repeat(N_CLASSES, axis=0) + shifts, 0, 1), labels)


def constant_features() -> TinyPool:
    """Half of the pixels have the same value in all images; for half of those the value is 0."""
    x, y = _draw_samples(N_SAMPLES)
    x[:, : SIDE // 4], x[:, SIDE // 4 : SIDE // 2] = 0, 0.5
    return make_pool(x, y)


def all_labeled() -> TinyPool:
    """As many labels and clusters as samples."""
    import numpy as np

    x, y = _draw_samples(20)
    return make_pool(x, y, len(x), PseudoLabels(np.arange(len(x)), y))


def vectors() -> TinyPool:
    """Feature vectors, (n, features), instead of images."""
    x, y = _draw_samples(N_SAMPLES)
    return make_pool(x.reshape(N_SAMPLES, -1), y)


def weighted() -> TinyPool:
    """The pseudo-labels have weights; some weights are 0."""
    import numpy as np

    tiny = ordinary()
    half = tiny.pseudo_labels.indices
    return replace(tiny, pseudo_labels=replace(tiny.pseudo_labels, weights=(half % 4 / 2).astype(np.float32)))


def soft_labels() -> TinyPool:
    """The pseudo-labels are probabilities: 0.8 for the true class, 0.1 for the others."""
    import numpy as np

    tiny = ordinary()
    soft = np.eye(N_CLASSES, dtype=np.float32)[tiny.pseudo_labels.hard_labels] * np.float32(0.7) + np.float32(0.1)
    return replace(tiny, pseudo_labels=replace(tiny.pseudo_labels, labels=soft))


def only_failures() -> TinyPool:
    """For reporters: rows of cells that all failed."""
    return replace(ordinary(), has_scores=False)
