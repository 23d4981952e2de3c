"""The dataset of a benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pslbench.contracts.arrays import AnyArray, Floats, Ints
from pslbench.errors import BadData


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images or feature vectors with their classes, split into a training set (the pool) and a test set.

    Attributes:
        name: the name that result rows show.
        x_train, x_test: float32 in [0, 1], (n, height, width, channels) or (n, features). The arrays become read-only.
        y_train, y_test: int64 (n,), class numbers that start at 0. The arrays become read-only.
        classes: the name of each class; the default is its number.

    Raises:
        BadData: an InputError. The arrays do not fit together, contain NaN, or the labels are not class numbers.
    """

    name: str
    x_train: Floats
    y_train: Ints
    x_test: Floats
    y_test: Ints
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        import numpy as np

        for split in ("train", "test"):
            x, y = f"x_{split}", f"y_{split}"
            samples = _checked_samples(f"{self.name}: {x}", np.asarray(getattr(self, x)))
            labels = _checked_labels(f"{self.name}: {y}", np.asarray(getattr(self, y)), len(samples))
            object.__setattr__(self, x, samples)
            object.__setattr__(self, y, labels)
        shapes = self.x_train.shape[1:], self.x_test.shape[1:]
        if shapes[0] != shapes[1]:
            raise BadData(f"{self.name}: x_train has samples of shape {shapes[0]}, x_test of {shapes[1]}")
        present = np.unique(self.y_train)
        if len(present) < 2:
            raise BadData(f"{self.name}: y_train contains only one class; a benchmark needs at least two")
        if not self.classes:
            object.__setattr__(self, "classes", tuple(str(c) for c in range(int(present[-1]) + 1)))
        n = len(self.classes)
        if (top := max(int(present[-1]), int(self.y_test.max()))) >= n:
            raise BadData(f"{self.name}: label {top} has no class; the {n} classes of y_train are 0 to {n - 1}")

    @property
    def n_classes(self) -> int:
        return len(self.classes)

    @property
    def is_images(self) -> bool:
        return self.x_train.ndim == 4

    @cached_property
    def checksum(self) -> str:
        """The SHA-256, hexadecimal, of the shapes and contents of all four arrays and of the class names."""
        import hashlib

        import numpy as np

        digest = hashlib.sha256()
        for array in (self.x_train, self.y_train, self.x_test, self.y_test):
            digest.update(str(array.shape).encode())
            digest.update(np.ascontiguousarray(array).data)
        digest.update("\0".join(self.classes).encode())
        return digest.hexdigest()


def _checked_samples(what: str, x: AnyArray) -> Floats:
    import numpy as np

    if x.ndim not in (2, 4) or not np.issubdtype(x.dtype, np.floating):
        expected = "floats (n, height, width, channels) or (n, features)"
        raise BadData(f"{what} must be {expected}, not {x.dtype} of shape {x.shape}")
    if x.size == 0:
        raise BadData(f"{what} is empty; it needs at least one sample with at least one number")
    low, high = float(x.min()), float(x.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise BadData(f"{what} contains NaN or infinite values; remove or fill them first")
    if low < 0 or high > 1:
        raise BadData(f"{what} ranges from {low:g} to {high:g}; scale it to [0, 1]")
    samples: Floats = x.astype(np.float32, copy=False).view()
    samples.flags.writeable = False
    return samples


def _checked_labels(what: str, y: AnyArray, n: int) -> Ints:
    import numpy as np

    if y.ndim == 2 and len(y) == n and y.shape[1] > 1:
        how = "give one class number per sample, as y.argmax(axis=1) does for a one-hot array"
        raise BadData(f"{what} has shape {y.shape}; {how}")
    if y.shape != (n,):
        raise BadData(f"{what} has shape {y.shape}, but there are {n} samples; give one class number per sample")
    if not np.issubdtype(y.dtype, np.integer):
        how = (
            "y.astype(int)"
            if y.dtype.kind == "f"
            else "numpy.unique(y, return_inverse=True)[1] for y_train and y_test together"
        )
        raise BadData(f"{what} must be integer class numbers from 0, not {y.dtype}; try {how}")
    if y.min() < 0:
        raise BadData(f"{what} contains the negative label {y.min()}; class numbers start at 0")
    if y.max() >= 2**16:
        raise BadData(f"{what} contains the label {y.max()}; number the classes from 0 without gaps")
    labels: Ints = y.astype(np.int64)
    labels.flags.writeable = False
    return labels
