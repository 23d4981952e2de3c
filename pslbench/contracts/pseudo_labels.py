"""What a strategy returns."""

from __future__ import annotations

from dataclasses import dataclass

from pslbench.contracts.arrays import AnyArray, ArrayLike, Floats, Ints
from pslbench.errors import ContractError


@dataclass(frozen=True, eq=False)
class PseudoLabels:
    """The samples of the pool to train on, and their labels.

    The arrays are copied, so later changes to the arguments have no effect, and the copies are read-only.

    Attributes:
        indices: int64 (m,), distinct samples of the pool.
        labels: int64 (m,), their classes; or float32 (m, classes), soft labels: a probability per class, rows sum to 1.
        weights: float32 (m,), not negative, the weight of each sample in the loss; None for equal weights.
        cluster_labels: int64 (k,), the class assigned to each cluster, or None. `direct_accuracy` scores them.

    Raises:
        ContractError: the arrays do not fit together.
    """

    indices: Ints
    labels: Ints | Floats
    weights: Floats | None = None
    cluster_labels: Ints | None = None

    def __post_init__(self) -> None:
        import numpy as np

        if len(self.indices) == 0:
            raise ContractError("PseudoLabels is empty; give at least one sample a label")
        indices = _integers("indices", self.indices)
        if len(self.labels) != len(indices):
            raise ContractError(f"PseudoLabels has {len(indices)} indices but {len(self.labels)} labels")
        if len(np.unique(indices)) != len(indices):
            why = "medoids repeat if clusters are empty: use numpy.unique"
            raise ContractError(f"PseudoLabels.indices contains a sample twice; name each sample once ({why})")
        arrays: dict[str, AnyArray | None] = {
            "indices": indices,
            "labels": _probabilities(self.labels) if np.ndim(self.labels) == 2 else _integers("labels", self.labels),
            "weights": None if self.weights is None else _weights(self.weights, len(indices)),
            "cluster_labels": None if self.cluster_labels is None else _integers("cluster_labels", self.cluster_labels),
        }
        for name, array in arrays.items():
            if array is not None:
                array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def are_soft(self) -> bool:
        """Whether the labels are probabilities."""
        return self.labels.ndim == 2

    @property
    def hard_labels(self) -> Ints:
        """The most probable class of each sample, int64 (m,)."""
        classes: AnyArray = self.labels.argmax(axis=1) if self.are_soft else self.labels
        return classes


def _integers(name: str, numbers: ArrayLike) -> Ints:
    import numpy as np

    values = np.asarray(numbers)
    if values.ndim != 1 or not np.issubdtype(values.dtype, np.integer):
        raise ContractError(f"PseudoLabels.{name} must be integers (m,), not {values.dtype} of shape {values.shape}")
    return values.astype(np.int64)


def _probabilities(rows: ArrayLike) -> Floats:
    import numpy as np

    values = np.array(rows, dtype=np.float32)
    if not (np.isfinite(values).all() and (values >= 0).all() and np.allclose(values.sum(axis=1), 1, atol=1e-3)):
        raise ContractError("soft PseudoLabels.labels must be probabilities: not negative, and each row sums to 1")
    return values


def _weights(numbers: ArrayLike, n: int) -> Floats:
    import numpy as np

    weights = np.array(numbers, dtype=np.float32)
    if weights.shape != (n,) or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ContractError("PseudoLabels.weights must be finite, not negative, not all 0, one per sample")
    return weights
