from pathlib import Path

from pslbench.contracts import Dataset
from pslbench.parts import dataset


@dataset("npz")
def npz(*, path: str) -> Dataset:
    """An .npz file with x_train, y_train, x_test and y_test, the layout of Keras; `-d FILE.npz` for short.

    Args:
        path: the file.
    """
    from pslbench.datasets.files import make_dataset, read_npz

    return make_dataset(Path(path).stem, read_npz(Path(path)))
