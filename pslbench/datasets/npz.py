from pathlib import Path
from typing import Annotated

from annotated_types import Interval

from pslbench.contracts import Dataset
from pslbench.parts import dataset
from pslbench.user_folders import expand_home


@dataset("npz")
def npz(*, path: str, test: Annotated[float, Interval(gt=0, lt=1)] = 0.2, features: str | None = None) -> Dataset:
    """An .npz file of arrays of images, vectors or features; `-d FILE.npz` for short.

    It contains x_train, y_train, x_test and y_test, the layout of Keras, or x and y. It may also contain features_train
    and features_test, with or without x_train and x_test.

    Args:
        path: the file.
        test: the share of the test set if the file has x and y: the same in each class, drawn with a fixed seed.
        features: an .npy file with features of each sample, those of the test set last, for the embedder given;
            `--features FILE.npy` for short.
    """
    from pslbench.datasets.files import make_dataset, read_features, read_npz

    file = Path(expand_home(path))
    arrays = read_npz(file)
    if "x" in arrays:
        own = read_features(features, len(arrays["x"]))
        return Dataset.split(file.stem, arrays["x"], arrays["y"], test=test, features=own)
    own = read_features(features, len(arrays["y_train"]) + len(arrays["y_test"]))
    if own is None:
        return make_dataset(file.stem, arrays)
    n = len(arrays["y_train"])
    return make_dataset(file.stem, {**arrays, "features_train": own[:n], "features_test": own[n:]})
