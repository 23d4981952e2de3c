"""What a trainer receives and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pslbench.contracts.arrays import Bools, Floats, Ints
from pslbench.errors import renamed


class Predictor(Protocol):
    """A trained classifier."""

    def predict_proba(self, x: Any) -> Floats:
        """Return class probabilities, float (m, classes), of samples like those of the pool of `TrainingData`."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """The pool and its pseudo-labels, as a trainer sees them.

    Attributes:
        pool: all samples, labeled or not, read-only: images, float32 (n, height, width, channels), or `StoredImages` if
            they do not fit into memory; vectors or features, float32 (n, features); `Texts`; or a `Table`.
        indices: int64 (m,), the samples of the pool that have a pseudo-label.
        labels: int64 (m,), their pseudo-labels; or soft labels, float32 (m, classes), unless the trainer is registered
            with `soft_labels=False`.
        weights: float32 (m,), or None for equal weights.
        n_classes: the number of classes. Some of them may not occur among `labels`.
        x_test: the test samples, for `test_accuracy` alone.
        test_accuracy: scores class probabilities, float (n_test, classes), of `x_test`. Every call is counted as an
            evaluation on the test set. A row with such evaluations is marked and not ranked.
        is_queried: bool (m,), for which of the pseudo-labeled samples the strategy queried the true label. None if that
            is unknown.
    """

    pool: Any
    indices: Ints
    labels: Ints | Floats
    weights: Floats | None
    n_classes: int
    x_test: Any
    test_accuracy: Callable[[Floats], float]
    is_queried: Bools | None = None

    @property
    def x(self) -> Any:
        """The samples that have a pseudo-label, in the order of `labels`. Each access makes a new copy."""
        return self.pool[self.indices]

    @property
    def probabilities(self) -> Floats:
        """The labels as probabilities, float32 (m, classes); hard labels are one-hot."""
        import numpy as np

        if self.labels.ndim == 2:
            return self.labels.astype(np.float32, copy=False)
        return np.eye(self.n_classes, dtype=np.float32)[self.labels]

    @property
    def unlabeled(self) -> Ints:
        """Indices, int64 (n - m,), of the samples without a pseudo-label."""
        import numpy as np

        return np.setdiff1d(np.arange(len(self.pool)), self.indices, assume_unique=True)

    unlabelled = renamed("TrainingData.unlabelled", "unlabeled")
