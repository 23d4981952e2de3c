"""The plugin of `results/scaling`, for `--plugin`: MNIST in any size, and a trainer that does not train."""

import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Interval

from pslbench import Dataset, Predictor, TrainingData, dataset, hookimpl, trainer
from pslbench.datasets.mnist import mnist

SHIFTS = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1), (2, 0)]  # pixels down, right
MAX_IMAGES = 60_000 * len(SHIFTS)


@dataset("mnist-shifted", enabled=False)
def mnist_shifted(*, n: Annotated[int, Interval(ge=1, le=MAX_IMAGES)]) -> Dataset:
    """Load n training images of MNIST as a memory map: the original 60,000 first, then copies shifted by 1 or 2 pixels.

    Args:
        n: the number of images.
    """
    data = mnist()
    path = Path(tempfile.gettempdir()) / f"mnist-shifted-{n}.npy"
    if not path.exists():
        partial = path.with_suffix(".part")
        x = np.lib.format.open_memmap(partial, "w+", np.float32, (n, 28, 28, 1))
        for first, shift in zip(range(0, n, len(data.x_train)), SHIFTS, strict=False):
            x[first : first + len(data.x_train)] = np.roll(data.x_train[: n - first], shift, axis=(1, 2))
        x.flush()
        partial.rename(path)
    y = np.resize(data.y_train, n)
    return Dataset(f"mnist-shifted:n={n}", np.load(path, mmap_mode="r"), y, data.x_test, data.y_test)


class Uniform:
    """A predictor without knowledge."""

    def __init__(self, n_classes: int) -> None:
        self.n_classes = n_classes

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        return np.full((len(x), self.n_classes), 1 / self.n_classes, np.float32)


@trainer("no-training", enabled=False)
def no_training(data: TrainingData) -> Predictor:
    """Return a predictor that gives every class the same probability, to measure everything except training."""
    return Uniform(data.n_classes)


@hookimpl
def pslbench_register():
    yield mnist_shifted
    yield no_training
