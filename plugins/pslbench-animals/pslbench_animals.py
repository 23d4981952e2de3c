"""A dataset that is contained in a package, so nothing is downloaded when it is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pslbench import Dataset, Part, dataset, hookimpl

CLASSES = ("bear", "bird", "cat", "cow", "dog", "elephant", "giraffe", "horse", "sheep", "zebra")


@dataset("animal-mnist", reference="Mohammadi 2025, animal-mnist")
def animal_mnist() -> Dataset:
    """Silhouettes of ten animals, 28 x 28 pixels: 7,772 in the pool and 1,944 in the test set.

    The package has 10,000 images, 1,000 per class, without a split. 284 of them are exact copies of others and are
    removed, so that no test image is in the pool. One fifth of each class is the test set.
    """
    import numpy as np
    from sklearn.model_selection import train_test_split

    images, classes = read_array("data"), read_array("label")
    first_index: dict[bytes, int] = {}
    for index, image in enumerate(images):
        first_index.setdefault(image.tobytes(), index)
    distinct = list(first_index.values())
    x, y = np.divide(images[distinct, ..., None], 255, dtype=np.float32), classes[distinct]
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=42, stratify=y)
    return Dataset("animal-mnist", x_train, y_train, x_test, y_test, CLASSES)


def read_array(name: str) -> Any:
    """Read an array of the package `animal-mnist`: `data`, uint8 (10000, 28, 28), or `label`, int64 (10000,).

    The reader of the package itself returns the same arrays, but imports TensorFlow.
    """
    import gzip
    import pickle
    from importlib.resources import files

    archive = files("animal_mnist.data") / "Animal_MNIST" / f"animal_{name}_version_3.gz"
    return pickle.loads(gzip.decompress(archive.read_bytes()))  # noqa: S301 - trusted like the code of the package


@hookimpl
def pslbench_register() -> Iterator[Part]:
    yield animal_mnist
