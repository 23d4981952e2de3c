"""A data set that comes as a package of its own: nothing is downloaded when it is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pslbench import Dataset, Part, dataset, hookimpl

CLASSES = ("bear", "bird", "cat", "cow", "dog", "elephant", "giraffe", "horse", "sheep", "zebra")


@dataset("animal-mnist", reference="Mohammadi 2025, animal-mnist")
def animal_mnist() -> Dataset:
    """7,772 and 1,944 silhouettes of ten animals, of 28 x 28 pixels.

    The package has 10,000 images, a thousand a class, and no split. 284 of them are copies of others, pixel by pixel,
    and left out here, so that no test image is in the pool. A fifth of the rest is for testing, of each class alike.
    """
    import numpy as np
    from sklearn.model_selection import train_test_split

    images, classes = packed("data"), packed("label")
    seen: dict[bytes, int] = {}
    for number, image in enumerate(images):
        seen.setdefault(image.tobytes(), number)
    first = list(seen.values())
    x = np.divide(images[first, ..., None], 255, dtype=np.float32)
    split = train_test_split(x, classes[first], test_size=0.2, random_state=42, stratify=classes[first])
    x_train, x_test, y_train, y_test = split
    return Dataset("animal-mnist", x_train, y_train, x_test, y_test, CLASSES)


def packed(name: str) -> Any:
    """An array of the package `animal-mnist`: data, uint8 (10000, 28, 28), or label, int64 (10000,).

    The package's own reader gives the same, and imports TensorFlow for it.
    """
    import gzip
    import pickle
    from importlib.resources import files

    packet = files("animal_mnist.data") / "Animal_MNIST" / f"animal_{name}_version_3.gz"
    return pickle.loads(gzip.decompress(packet.read_bytes()))  # noqa: S301 - trusted as much as the package's code


@hookimpl
def pslbench_register() -> Iterator[Part]:
    yield animal_mnist
