"""The tiny pools that parts are examined on, each with something in it that parts stumble over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pslbench.contracts import Dataset, PseudoLabels
from pslbench.execution.cache import Entry
from pslbench.execution.stages import neighbors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from pslbench.contracts.arrays import Floats, Ints

SAMPLES, TESTS, CLASSES, SIDE, BUDGET = 60, 24, 3, 8, 15


@dataclass(frozen=True, eq=False)
class Scene:
    """All that a part of any kind may be given, on one pool.

    Attributes:
        data: the pool and a test set.
        budget: labels that may be asked for, and clusters.
        taught: what a trainer is given: the true labels of the first half of the pool, or of all of it.
        embedding: the samples as pixels; `test_features` too.
        clusters: of k-means.
        graph: of the nearest neighbours.
        has_scores: for reporters, whether any cell ended well.
    """

    data: Dataset
    budget: int
    taught: PseudoLabels
    embedding: Entry
    clusters: Entry
    graph: Entry
    has_scores: bool = True

    def arrays(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """Every array in it, with the name that a part knows it by."""
        holders: dict[str, Mapping[str, Any]] = {"data": vars(self.data), "pseudo_labels": vars(self.taught)}
        for name in ("embedding", "clusters", "graph"):
            holders[name] = getattr(self, name).arrays
        for owner, holder in holders.items():
            yield from ((f"{owner}.{name}", array) for name, array in holder.items() if hasattr(array, "dtype"))

    def permuted(self, order: Ints) -> Scene:
        """The same with sample `order[i]` in place i, and pseudo-labels in that order; order is int64 (n,)."""
        import numpy as np

        place = np.argsort(order)
        rows = np.argsort(place[self.taught.indices])
        taught = PseudoLabels(place[self.taught.indices][rows], self.taught.labels[rows])
        data = replace(self.data, x_train=self.data.x_train[order], y_train=self.data.y_train[order])
        features, of, near = self.embedding.arrays, self.clusters.arrays, self.graph.arrays
        clusters = {"assignment": of["assignment"][order], "distances": of["distances"][order]}
        graph = {"neighbors": place[near["neighbors"][order]], "distances": near["distances"][order]}
        return replace(
            self,
            data=data,
            taught=taught,
            embedding=Entry({**features, "features": features["features"][order]}),
            clusters=Entry({**of, **clusters, "medoids": place[of["medoids"]]}),
            graph=Entry(graph),
        )

    def with_labels(self, y_train: Ints, y_test: Ints) -> Scene:
        """The same with other hidden labels."""
        return replace(self, data=replace(self.data, y_train=y_train, y_test=y_test))


def scene(x: Floats, y: Ints, budget: int = BUDGET, taught: PseudoLabels | None = None) -> Scene:
    """A pool of these samples, float32 (n, ...), and classes, int64 (n,), with all that belongs to it."""
    import numpy as np
    from sklearn.cluster import KMeans

    from pslbench.clustering import fit_clusters

    x_test, y_test = _samples(TESTS, draw=1)
    data = Dataset("tiny", x, y, x_test.reshape(TESTS, *x.shape[1:]), y_test, tuple(map(str, range(CLASSES))))
    features = x.reshape(len(x), -1).view()
    features.flags.writeable = False
    embedding = Entry({"features": features, "test_features": data.x_test.reshape(TESTS, -1)})
    clusters, _ = fit_clusters(KMeans(budget, n_init=1, random_state=0), features, budget)
    half = np.arange(len(x) // 2)
    taught = taught or PseudoLabels(half, y[half])
    return Scene(data, budget, taught, embedding, Entry(vars(clusters)), neighbors(embedding))


def _samples(n: int, draw: int) -> tuple[Floats, Ints]:
    """Images, float32 (n, 8, 8, 1), of three patterns with noise, and which each is of, int64 (n,)."""
    import numpy as np

    patterns = np.random.default_rng(0).uniform(0.2, 0.8, (CLASSES, SIDE, SIDE, 1))
    rng = np.random.default_rng([1, draw])
    y = rng.permutation(np.arange(n) % CLASSES)
    return np.clip(patterns[y] + rng.normal(0, 0.1, (n, SIDE, SIDE, 1)), 0, 1).astype(np.float32), y


def ordinary(n: int = SAMPLES, budget: int = BUDGET, draw: int = 0) -> Scene:
    """Images of three classes that are easily told apart."""
    return scene(*_samples(n, draw), budget)


def few_distinct() -> Scene:
    """60 images of which 3 are distinct: fewer than there are clusters, and labels."""
    import numpy as np

    x, y = _samples(SAMPLES, 0)
    first = np.array([np.flatnonzero(y == each)[0] for each in range(CLASSES)])
    return scene(x[first[y]], y)


def duplicates() -> Scene:
    """Every image twice."""
    x, y = _samples(SAMPLES // 2, 0)
    return scene(x.repeat(2, axis=0), y.repeat(2))


def one_class() -> Scene:
    """All images of one class, save one that looks like the others."""
    import numpy as np

    x, y = _samples(SAMPLES, 0)
    alike = x[y == 0].repeat(CLASSES, axis=0) + np.linspace(0, 0.01, SAMPLES, dtype=np.float32)[:, None, None, None]
    labels = np.zeros(SAMPLES, np.int64)
    labels[-1] = 1
    return scene(np.clip(alike, 0, 1), labels)


def constant() -> Scene:
    """Images that differ in half of their pixels; the others are the same in all, half of those 0."""
    x, y = _samples(SAMPLES, 0)
    x[:, : SIDE // 4], x[:, SIDE // 4 : SIDE // 2] = 0, 0.5
    return scene(x, y)


def all_bought() -> Scene:
    """As many labels, and clusters, as there are samples."""
    import numpy as np

    x, y = _samples(20, 0)
    return scene(x, y, len(x), PseudoLabels(np.arange(len(x)), y))


def vectors() -> Scene:
    """Feature vectors, (n, features), instead of images."""
    x, y = _samples(SAMPLES, 0)
    return scene(x.reshape(SAMPLES, -1), y)


def weighted() -> Scene:
    """Pseudo-labels with weights, some of them 0."""
    import numpy as np

    x, y = _samples(SAMPLES, 0)
    half = np.arange(SAMPLES // 2)
    return scene(x, y, taught=PseudoLabels(half, y[half], (half % 4 / 2).astype(np.float32)))


def only_failures() -> Scene:
    """For reporters: rows of cells that all failed."""
    return replace(ordinary(), has_scores=False)
