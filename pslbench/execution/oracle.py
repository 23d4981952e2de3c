"""The true labels: the label account and the test set. Both are in the process that supervises a worker."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pslbench.contracts import Dataset
from pslbench.contracts.arrays import Floats, Ints
from pslbench.contracts.samples import samples_to_arrays, table_columns
from pslbench.errors import BudgetExceeded, ContractError
from pslbench.execution.cache import Entry, StageCache
from pslbench.parts import PartConfig
from pslbench.planning.cells import Cell, Stage
from pslbench.planning.plan import load_dataset


@dataclass(frozen=True, eq=False)
class Corrections:
    """What the answers of a person change about the pseudo-labels of a strategy.

    Attributes:
        skipped: int64 (k,), samples that the person did not label. The strategy was given stand-in labels for them.
        known, labels: int64 (m,), the samples that the person labeled and the strategy did not ask for.
    """

    skipped: Ints
    known: Ints
    labels: Ints


class Oracle(Protocol):
    """Answers the queries of a cell."""

    def samples(self) -> Entry:
        """Return the samples of the pool and of the test set, as `samples_of` does."""

    def label(self, indices: Ints) -> Ints:
        """Return the true labels, int64 (m,), of samples of the pool, int64 (m,), and charge them."""

    def corrections(self, is_final: bool) -> Corrections:
        """Return what the answers of a person change: in a training within the strategy, or after it has ended.

        It is queried for the samples of a heap alone.
        """

    def test_accuracy(self, probabilities: Floats) -> float:
        """Return the test accuracy of class probabilities, float (n_test, classes), and count the evaluation."""


class CountingOracle(Oracle, Protocol):
    """An oracle in the process that supervises a worker."""

    def begin(self, stage: str) -> None:
        """Note which stage of the cell begins. Only the strategy may query labels."""


class LabelAccount:
    """Counts the distinct samples whose label was queried.

    Args:
        n: the number of samples in the pool.
        limit: the number of distinct samples that may be queried.
    """

    def __init__(self, n: int, limit: int) -> None:
        import numpy as np

        self.limit = limit
        self._is_asked = np.zeros(n, bool)

    @property
    def asked(self) -> Ints:
        """The distinct samples whose label was queried, int64 (spent,), ascending."""
        import numpy as np

        return np.flatnonzero(self._is_asked)

    def charge(self, indices: Ints) -> None:
        """Count a query for the labels of samples, int64 (m,).

        Raises:
            BudgetExceeded: the query would exceed the limit. Nothing is charged.
            ContractError: the indices are not integers, or not samples of the pool.
        """
        import numpy as np

        if indices.ndim != 1 or not np.issubdtype(indices.dtype, np.integer):
            raise ContractError(f"label() takes integers (m,), not {indices.dtype} of shape {indices.shape}")
        if len(indices) and not (indices.min() >= 0 and indices.max() < len(self._is_asked)):
            raise ContractError(f"label() was called with a sample outside 0 to {len(self._is_asked) - 1}")
        is_asked = self._is_asked.copy()
        is_asked[indices] = True
        if is_asked.sum() > self.limit:
            raise BudgetExceeded(f"{is_asked.sum()} labels were queried, but the budget is {self.limit}")
        self._is_asked = is_asked


class TestSet:
    """The labels of the test set, int64 (n_test,), and the number of evaluations of a trainer on them."""

    __test__ = False  # not a test of pytest

    def __init__(self, labels: Ints, n_classes: int) -> None:
        self._labels, self._n_classes, self.evaluations = labels, n_classes, 0

    def accuracy(self, probabilities: Floats) -> float:
        """Return the test accuracy of class probabilities, float (n_test, classes). The evaluation is counted."""
        self.evaluations += 1
        checked = check_probabilities(probabilities, len(self._labels), self._n_classes)
        return float((checked.argmax(axis=1) == self._labels).mean())


def check_probabilities(probabilities: Floats, n: int, n_classes: int) -> Floats:
    """Return class probabilities, float (n, n_classes). Raises ContractError if they are something else."""
    import numpy as np

    probabilities = np.asarray(probabilities)
    if probabilities.shape != (n, n_classes):
        raise ContractError(
            f"predict_proba must return {(n, n_classes)}, samples by classes, not {probabilities.shape}"
        )
    if n and not (probabilities.min() >= 0 and np.allclose(probabilities.sum(axis=1), 1, atol=1e-2)):
        raise ContractError("predict_proba must return probabilities: not negative, and each row sums to 1")
    return probabilities


@dataclass(frozen=True, eq=False)
class TrueLabels:
    """The labels of a dataset: int64 (n,) of the pool and int64 (n_test,) of the test set."""

    pool: Ints
    test: Ints
    n_classes: int


class CellOracle:
    """Answers the queries of one cell from the true labels.

    Args:
        truth: the true labels.
        limit: the number of labels that may be queried.
        samples: returns the samples.
    """

    def __init__(self, truth: TrueLabels, limit: int, samples: Callable[[], Entry]) -> None:
        self.truth, self.samples = truth, samples
        self.account = LabelAccount(len(truth.pool), limit)
        self.test_set = TestSet(truth.test, truth.n_classes)
        self._may_label = True

    def begin(self, stage: str) -> None:
        self._may_label = stage != "train"

    def label(self, indices: Ints) -> Ints:
        if not self._may_label:
            raise ContractError("a trainer must not query labels; only the strategy may")
        self.account.charge(indices)
        return self.truth.pool[indices]

    def corrections(self, is_final: bool) -> Corrections:  # noqa: ARG002
        raise ContractError("a benchmark has no answers of a person")

    def test_accuracy(self, probabilities: Floats) -> float:
        return self.test_set.accuracy(probabilities)


class OracleFactory:
    """Creates the oracles of cells. It loads each dataset once, and puts its samples into the cache for the workers.

    Args:
        load: loads a dataset.
        cache: where workers find the samples.
    """

    def __init__(self, load: Callable[[PartConfig], object], cache: StageCache) -> None:
        self._load, self._cache = load, cache
        self._truths: dict[str, TrueLabels] = {}
        self._lock = threading.Lock()

    def create(self, cell: Cell) -> CellOracle:
        """Raises ContractError if the dataset is not the one that the cell was planned for."""
        stage = cell.stages["data"]
        with self._lock:
            if stage.key not in self._truths:
                data = self._dataset(cell)
                self._store(stage, samples_of(data))
                self._truths[stage.key] = TrueLabels(data.y_train, data.y_test, data.n_classes)
            truth = self._truths[stage.key]
        limit = len(truth.pool) if cell.needs_all_labels else cell.budget
        return CellOracle(truth, limit, lambda: self._samples(cell))

    def _store(self, stage: Stage, samples: Entry) -> None:
        """Put samples into the cache. Files that were moved since they were stored have other paths there."""
        import numpy as np

        stored = self._cache.get(stage, lambda: samples, always=True)
        paths = [name for name in samples.arrays if name.startswith("files_")]
        if not all(np.array_equal(samples.arrays[name], stored.arrays[name]) for name in paths):
            self._cache.replace(stage, samples)

    def _samples(self, cell: Cell) -> Entry:
        with self._lock:
            return self._cache.get(cell.stages["data"], lambda: samples_of(self._dataset(cell)), always=True)

    def _dataset(self, cell: Cell) -> Dataset:
        data = load_dataset(self._load, cell.dataset)
        if data.checksum != cell.checksum:
            raise ContractError(f"the dataset {cell.dataset} has changed since the run began; run again")
        return data


def samples_of(data: Dataset) -> Entry:
    """Return what workers know of a dataset: samples, features and the number of classes, but no labels."""
    facts: dict[str, object] = {"n_classes": data.n_classes, "columns": table_columns(data.x_train)}
    arrays = {name: array for name, array in data.arrays().items() if not name.startswith("y_")}
    for name, files in (("files_train", data.files_train), ("files_test", data.files_test)):
        if files:
            arrays |= samples_to_arrays(name, files.paths)
            facts["background"] = files.background
    return Entry(arrays, facts)
