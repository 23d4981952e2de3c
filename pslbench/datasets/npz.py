from pathlib import Path

from pslbench.contracts import Dataset
from pslbench.parts import dataset
from pslbench.user_folders import expand_home


@dataset("npz")
def npz(*, path: str) -> Dataset:
    """An .npz file with x_train, y_train, x_test and y_test, the layout of Keras; `-d FILE.npz` for short.

    Args:
        path: the file.
    """
    from pslbench.datasets.files import make_dataset, read_npz

    file = Path(expand_home(path))
    return make_dataset(file.stem, read_npz(file))
