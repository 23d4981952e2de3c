"""What is allowed in a data set, and yet may not be meant."""

from __future__ import annotations

from collections.abc import Iterator

from pslbench.contracts import Dataset


def doubts(data: Dataset) -> Iterator[str]:
    """A line on each."""
    import numpy as np

    counts = np.bincount(data.y_train, minlength=data.n_classes)
    absent = [name for name, count in zip(data.classes, counts, strict=True) if not count]
    if absent:
        yield f"no sample of the pool is of class {', '.join(absent)}"
    if unseen := sorted(set(range(data.n_classes)) - set(np.unique(data.y_test)) - set(np.flatnonzero(counts == 0))):
        yield f"the test set has no sample of class {', '.join(data.classes[c] for c in unseen)}"
    shape = data.x_train.shape[1:]
    if data.is_images and shape[0] in (1, 3) and shape[2] not in (1, 3, 4):
        yield f"samples of shape {shape} look like (channels, height, width); height, width, channels are wanted"
