from __future__ import annotations

from pathlib import Path

from pslbench.contracts import Dataset
from pslbench.datasets.files import dataset_of, read_npz
from pslbench.parts import dataset


@dataset("npz")
def npz(*, path: str) -> Dataset:
    """An .npz file with x_train, y_train, x_test and y_test, as Keras keeps them; `-d FILE.npz` for short.

    Args:
        path: the file.
    """
    return dataset_of(Path(path).stem, read_npz(Path(path)))
