"""What flows through a cell: frozen, small, and all that a part ever sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pslbench.errors import BadData, ContractError, InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray
    from scipy.sparse import csr_matrix

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]


class Predictor(Protocol):
    """A trained classifier."""

    def predict_proba(self, x: Floats) -> Floats:
        """Class probabilities, float (m, classes), for samples `x` shaped as the data set's."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images or feature vectors with their classes, split once and for all into train and test.

    Attributes:
        name: what the rows of the results call it.
        x_train, x_test: float32 in [0, 1], (n, height, width, channels), or (n, features). Made read-only.
        y_train, y_test: class numbers from 0, int64 (n,). Made read-only.
        classes: the name of each class; by default its number.

    Raises:
        BadData: an InputError, where the arrays do not fit together, hold NaN, or labels are no class numbers.
    """

    name: str
    x_train: Floats
    y_train: Ints
    x_test: Floats
    y_test: Ints
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        import numpy as np

        for part in ("train", "test"):
            x, y = self._checked(part, np.asarray(getattr(self, f"x_{part}")), np.asarray(getattr(self, f"y_{part}")))
            object.__setattr__(self, f"x_{part}", x)
            object.__setattr__(self, f"y_{part}", y)
        if self.x_train.shape[1:] != self.x_test.shape[1:]:
            raise BadData(
                f"{self.name}: x_train has samples of shape {self.x_train.shape[1:]}, x_test of {self.x_test.shape[1:]}"
            )
        present = np.unique(self.y_train)
        if len(present) < 2:
            raise BadData(f"{self.name}: y_train holds one class only; a benchmark needs at least two")
        if not self.classes:
            object.__setattr__(self, "classes", tuple(str(c) for c in range(int(present[-1]) + 1)))
        if (top := max(int(present[-1]), int(self.y_test.max()))) >= len(self.classes):
            raise BadData(
                f"{self.name}: label {top} has no class; y_train knows the {len(self.classes)} classes "
                f"0 to {len(self.classes) - 1}"
            )

    def _checked(self, part: str, x: Any, y: Any) -> tuple[Floats, Ints]:
        import numpy as np

        if x.ndim not in (2, 4) or not np.issubdtype(x.dtype, np.floating):
            raise BadData(
                f"{self.name}: x_{part} must be floats (n, height, width, channels) or (n, features), "
                f"not {x.dtype} of shape {x.shape}"
            )
        if x.size == 0:
            raise BadData(f"{self.name}: x_{part} is empty; give it at least one sample, of at least one number")
        if y.ndim == 2 and len(y) == len(x) and y.shape[1] > 1:
            raise BadData(
                f"{self.name}: y_{part} has shape {y.shape}; give one class number a sample, as y.argmax(axis=1) does "
                "of a one-hot array"
            )
        if y.shape != (len(x),):
            raise BadData(f"{self.name}: x_{part} has {len(x)} samples but y_{part} has shape {y.shape}")
        if not np.issubdtype(y.dtype, np.integer):
            how = "y.astype(int)" if y.dtype.kind == "f" else "numpy.unique(y, return_inverse=True)[1]"
            raise BadData(
                f"{self.name}: y_{part} must be integer class numbers from 0, not {y.dtype}; {how} may make them"
            )
        if y.min() < 0:
            raise BadData(f"{self.name}: y_{part} holds the negative label {y.min()}; class numbers start at 0")
        if y.max() >= 2**16:
            raise BadData(f"{self.name}: y_{part} holds the label {y.max()}; number the classes from 0 without gaps")
        low, high = float(x.min()), float(x.max())
        if not (np.isfinite(low) and np.isfinite(high)):
            raise BadData(f"{self.name}: x_{part} holds NaN or infinite values; remove or fill them first")
        if low < 0 or high > 1:
            raise BadData(f"{self.name}: x_{part} runs from {low:g} to {high:g}; scale it to [0, 1]")
        x, y = x.astype(np.float32, copy=False).view(), y.astype(np.int64)
        x.flags.writeable = y.flags.writeable = False
        return x, y

    @property
    def n_classes(self) -> int:
        return len(self.classes)

    @property
    def is_images(self) -> bool:
        return self.x_train.ndim == 4

    @cached_property
    def checksum(self) -> str:
        """SHA-256 over the shapes and contents of all four arrays, and the classes, hexadecimal."""
        import hashlib

        import numpy as np

        digest = hashlib.sha256()
        for array in (self.x_train, self.y_train, self.x_test, self.y_test):
            digest.update(str(array.shape).encode())
            digest.update(np.ascontiguousarray(array).data)
        digest.update("\0".join(self.classes).encode())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Embedding:
    """The pool in the space where distances are measured.

    Attributes:
        features: float32 (n, d), a row for each sample of the pool.
        transform: puts new samples (m, ...) into the same space, float32 (m, d); None where the method has no such map.
    """

    features: Floats
    transform: Callable[[Floats], Floats] | None = None


@dataclass(frozen=True, eq=False)
class Clusters:
    """The pool cut into k clusters, in the space of its embedding.

    Attributes:
        assignment: int64 (n,), the cluster of each sample, 0 to k - 1. Like all arrays here, read-only.
        centres: float32 (k, d).
        medoids: int64 (k,), the member nearest its cluster's centre (of an empty cluster: the nearest of all samples).
        distances: float32 (n,), Euclidean, from each sample to the centre of its cluster.
    """

    assignment: Ints
    centres: Floats
    medoids: Ints
    distances: Floats

    def __post_init__(self) -> None:
        for array in (self.assignment, self.centres, self.medoids, self.distances):
            array.flags.writeable = False  # every cell of the seed shares them

    @property
    def k(self) -> int:
        return len(self.centres)

    def nearest(self, keep: float) -> Ints:
        """Indices, int64 and ascending, of the share `keep` in (0, 1] of each cluster that is nearest its centre.

        At least one sample of every cluster that has any is kept: Géron's partial propagation (Hands-On Machine
        Learning, 2019, ch. 9) by rank instead of by percentile.
        """
        import numpy as np

        if not 0 < keep <= 1:
            raise InputError(f"keep must be above 0 and at most 1, not {keep:g}")
        order = np.lexsort((self.distances, self.assignment))
        sizes = np.bincount(self.assignment, minlength=self.k)
        starts = np.cumsum(sizes) - sizes
        rank = np.arange(len(order)) - np.repeat(starts, sizes)
        kept: Ints = np.sort(order[rank < np.repeat(np.ceil(keep * sizes), sizes)])
        return kept


@dataclass(frozen=True, eq=False)
class Graph:
    """The nearest other samples of each sample of the pool, in the space of its embedding.

    Attributes:
        neighbours: int64 (n, k), nearest first. Like all arrays here, read-only.
        distances: float32 (n, k), Euclidean.
    """

    neighbours: Ints
    distances: Floats

    def __post_init__(self) -> None:
        for array in (self.neighbours, self.distances):
            array.flags.writeable = False

    def links(self, k: int = 10) -> csr_matrix:
        """1 from each sample to each of its k nearest others, float64 (n, n); not symmetric."""
        import numpy as np

        return self._matrix(np.ones((len(self.neighbours), min(k, self.neighbours.shape[1]))))

    def _matrix(self, weights: NDArray[np.float64]) -> csr_matrix:
        """Sparse (n, n) of the weights, (n, k), from each sample to its k nearest others."""
        import numpy as np
        from scipy.sparse import csr_matrix

        n, k = weights.shape
        return csr_matrix((weights.ravel(), self.neighbours[:, :k].ravel(), np.arange(0, n * k + 1, k)), shape=(n, n))

    def affinities(self, k: int = 10) -> csr_matrix:
        """Weights of the k-nearest-neighbour graph, float64, symmetric, (n, n), without self-loops.

        (W + Wᵀ) / 2 with W_ij = exp(-4 d_ij² / d_k(i)²) where j is one of the k nearest of i, at distance d_ij, and
        d_k(i) is the distance of the k-th (Calder et al. 2020, Poisson Learning, section 4; k = 10 there).
        """
        import numpy as np

        squares = self.distances[:, :k].astype(np.float64) ** 2
        widths = np.maximum(squares[:, -1:], np.finfo(np.float64).tiny)
        one_way = self._matrix(np.exp(-4 * squares / widths))
        return ((one_way + one_way.T) / 2).tocsr()


@dataclass(frozen=True, eq=False)
class PseudoLabels:
    """What a strategy gives: which samples of the pool to train on, and as what.

    Attributes:
        indices: int64 (m,), distinct samples of the pool.
        labels: int64 (m,), their classes.
        weights: float32 (m,), not negative, the weight of each in the loss; None for equal weights.
        cluster_labels: int64 (k,), the class given to each cluster, where the strategy gives one; it is what
            `direct_accuracy` scores.

    Raises:
        ContractError: where the arrays do not fit together.
    """

    indices: Ints
    labels: Ints
    weights: Floats | None = None
    cluster_labels: Ints | None = None

    def __post_init__(self) -> None:
        import numpy as np

        if len(self.indices) == 0:
            raise ContractError("PseudoLabels is empty; give at least one sample a label")
        for name in ("indices", "labels", "cluster_labels"):
            if (given := getattr(self, name)) is not None:
                values = np.asarray(given)
                if values.ndim != 1 or not np.issubdtype(values.dtype, np.integer):
                    raise ContractError(
                        f"PseudoLabels.{name} must be integers (m,), not {values.dtype} of shape {values.shape}"
                    )
                object.__setattr__(self, name, values.astype(np.int64, copy=False))
        if len(self.labels) != len(self.indices):
            raise ContractError(f"PseudoLabels has {len(self.indices)} indices but {len(self.labels)} labels")
        if len(np.unique(self.indices)) != len(self.indices):
            raise ContractError(
                "PseudoLabels.indices names a sample twice; name each once (medoids repeat where clusters are empty: "
                "numpy.unique)"
            )
        if self.weights is not None:
            weights = np.asarray(self.weights, dtype=np.float32)
            are_some = weights.shape == self.indices.shape and np.isfinite(weights).all() and weights.any()
            if not are_some or (weights < 0).any():
                raise ContractError("PseudoLabels.weights must be finite, not negative, not all 0, one a sample")
            object.__setattr__(self, "weights", weights)


@dataclass(frozen=True, eq=False)
class Pool:
    """All that a strategy sees. The true labels are not in it, and nothing in it leads to them.

    Attributes:
        x: the samples, float32 (n, height, width, channels) or (n, features), read-only.
        n_classes: how many classes there are.
        budget: how many labels may be asked for.
        rng: the strategy's own stream of random numbers, derived from the cell's seed.
    """

    x: Floats
    n_classes: int
    budget: int
    rng: np.random.Generator
    _ask: Callable[[Ints], Ints] = field(repr=False)
    _train: Callable[[PseudoLabels], Predictor] = field(repr=False)
    _embedding: Embedding | None = field(default=None, repr=False)
    _clusters: Clusters | None = field(default=None, repr=False)
    _graph: Graph | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.x)

    @property
    def features(self) -> Floats:
        """The embedded samples, float32 (n, d), read-only."""
        if self._embedding is None:
            raise ContractError("this strategy was registered with uses='x': it gets no features")
        return self._embedding.features

    @property
    def clusters(self) -> Clusters:
        """The pool in as many clusters as the budget has labels; the same for every strategy of one seed."""
        if self._clusters is None:
            raise ContractError("this strategy was not registered with uses='clusters': it gets no clusters")
        return self._clusters

    @property
    def graph(self) -> Graph:
        """Each sample's nearest others in the space of the features; computed once an embedding."""
        if self._graph is None:
            raise ContractError("this strategy was not registered with uses='graph': it gets no graph")
        return self._graph

    def label(self, indices: ArrayLike) -> Ints:
        """Ask for the true labels of samples; each distinct sample is charged once.

        Args:
            indices: integers (m,), samples of the pool.

        Returns:
            Their classes, int64 (m,).

        Raises:
            BudgetExceeded: where this would spend more than the budget; nothing is charged then.
            ContractError: where an index is not a sample of the pool.
        """
        import numpy as np

        wanted = np.atleast_1d(np.asarray(indices))
        if wanted.ndim != 1 or not np.issubdtype(wanted.dtype, np.integer):
            raise ContractError(f"label() wants integers (m,), not {wanted.dtype} of shape {wanted.shape}")
        return self._ask(wanted.astype(np.int64))

    def train(self, pseudo_labels: PseudoLabels) -> Predictor:
        """Train the cell's own trainer on these pseudo-labels; for strategies that go round more than once.

        Raises:
            ContractError: where they are no `PseudoLabels`, or not of this pool.
        """
        if type(pseudo_labels) is not PseudoLabels:
            raise ContractError(f"train() wants PseudoLabels, not {type(pseudo_labels).__name__}")
        return self._train(pseudo_labels)


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a trainer gets.

    Attributes:
        pool: all samples, labelled or not, float32 (n, height, width, channels) or (n, features), read-only.
        indices: int64 (m,), the samples of the pool that have a pseudo-label.
        labels: int64 (m,), their pseudo-labels.
        weights: float32 (m,), or None for equal weights.
        n_classes: how many classes there are; not all need occur among `labels`.
        x_test: the test samples, shaped as the pool's, for `test_accuracy` alone.
        test_accuracy: scores class probabilities, float (n_test, classes), of `x_test`. Each call is counted as a
            look at the test set, and a row with any is marked and kept out of the ranking.
    """

    pool: Floats
    indices: Ints
    labels: Ints
    weights: Floats | None
    n_classes: int
    x_test: Floats
    test_accuracy: Callable[[Floats], float]

    @property
    def x(self) -> Floats:
        """The samples that have a pseudo-label, in the order of `labels`; a copy, made anew at each call."""
        return self.pool[self.indices]

    @property
    def unlabelled(self) -> Ints:
        """Indices, int64 (n - m,), of the samples without a pseudo-label."""
        import numpy as np

        return np.setdiff1d(np.arange(len(self.pool)), self.indices, assume_unique=True)


@dataclass(frozen=True)
class Result:
    """One row: one cell, what it was, and what came out.

    Attributes:
        key: hash of all that determines the row.
        recipe: hash of all that determines it save the seed: rows that differ in it are not of one combination.
        checksum: of the data.
        dataset, embedder, clusterer, strategy, trainer: the parts with their parameters, as a user would type them;
            `-` where the strategy uses none.
        budget, seed: as asked.
        status: `ok` or `failed`.
        labels_spent: distinct samples whose label was asked for, counted by the account.
        upper_bound: whether the account was unlimited.
        test_looks: how often the trainer looked at the test set.
        scores: every score of the protocol by name, in [0, 1] save `nll` (nats) and `classes_seen` (a count); absent
            where it has no meaning.
        precision: the arithmetic the trainer says it used, `float32` or `bfloat16`; empty where it says nothing.
        seconds: wall-clock seconds of each stage; a stage shared with other cells counts in full in each, as long as it
            took when it was computed.
        peak_memory_mb: highest resident memory of the worker during this cell, in MiB.
        error: `{type, message, traceback}` of a cell that failed.
        finished: when, ISO 8601 in UTC.
    """

    key: str
    dataset: str
    embedder: str
    clusterer: str
    strategy: str
    trainer: str
    budget: int
    seed: int
    recipe: str
    checksum: str
    status: str
    labels_spent: int = 0
    upper_bound: bool = False
    test_looks: int = 0
    precision: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_mb: float = 0.0
    error: dict[str, str] | None = None
    finished: str = ""

    @property
    def combination(self) -> tuple[str, int, str, str, str, str]:
        """What the row shares with the other seeds of its combination."""
        return self.dataset, self.budget, self.strategy, self.clusterer, self.embedder, self.trainer

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    @property
    def ranked(self) -> bool:
        """Whether the row competes: its labels were limited and the test set was left alone."""
        return not (self.upper_bound or self.test_looks)


@dataclass(frozen=True, eq=False)
class Labelling:
    """What became of the pool in one cell.

    Attributes:
        asked: int64 (labels_spent,), ascending, the samples whose true label was asked for.
        indices, labels: int64 (m,), the pseudo-labels that the classifier was trained on, as in `PseudoLabels`.
        assignment: int64 (n,), the cluster of each sample; None where the strategy uses no clusters.
        medoids: int64 (k,), the medoid of each cluster; None likewise.
        cluster_labels: int64 (k,), the class given to each cluster; None where the strategy gives none.
    """

    asked: Ints
    indices: Ints
    labels: Ints
    assignment: Ints | None = None
    medoids: Ints | None = None
    cluster_labels: Ints | None = None


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is kept of a cell beside its row.

    Attributes:
        probabilities: float16 (n_test, classes), class probabilities of the test samples.
        labelling: what became of the pool.
    """

    probabilities: Floats
    labelling: Labelling


@dataclass(frozen=True, eq=False)
class Records:
    """The folder that results stand in, for reporters that want more than the rows.

    Attributes:
        folder: where a reporter writes.
        runs: what the manifest says of each run: command, versions, processor; oldest first.
        probabilities: class probabilities of the test samples of a row, float16 (n_test, classes).
        labelling: what became of the pool in a row; None for rows of a version that did not keep it.
        dataset: the data of a row.

    The last three raise InputError where what they should give is lost, or is not what the row was made with.
    """

    folder: Path
    runs: tuple[Mapping[str, Any], ...]
    probabilities: Callable[[Result], Floats]
    labelling: Callable[[Result], Labelling | None]
    dataset: Callable[[Result], Dataset]
