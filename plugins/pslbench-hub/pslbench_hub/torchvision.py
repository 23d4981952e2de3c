"""The datasets of torchvision that have a training set and a test set."""

from __future__ import annotations

import inspect
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge

from pslbench import Dataset, InputError, dataset, read_images
from pslbench_hub.errors import cannot_load

POOL_SPLITS = {"OxfordIIITPet": "trainval"}  # of the argument `split`, if the pool is not called train
LABEL_ATTRIBUTES = ("targets", "labels", "_labels")


@dataset("torchvision", reference="Marcel & Rodriguez 2010, Torchvision, ACM Multimedia", positional="name")
def torchvision(
    *,
    name: str,
    size: Annotated[int | None, Ge(1)] = None,
    background: str = "white",
    skip_bad: bool = False,
) -> Dataset:
    """A dataset of torchvision that has a training set and a test set, as in `-d torchvision:CIFAR10`.

    The files are read from $PSLBENCH_DATA_DIR or from the cache, and downloaded into the cache if they are in neither.

    Args:
        name: the class of torchvision.datasets.
        size: the width and height in pixels to which every image is scaled. If none, images are scaled to 64 if they
            differ in size or are larger than 128.
        background: the color behind transparent parts of images, by name or as #rrggbb.
        skip_bad: whether images that cannot be read are left out instead of refused.

    Raises:
        InputError: torchvision is missing, or has no such dataset, or cannot load it.
    """
    create = find_class(name)
    pool, held_out = (load(name, create, is_pool) for is_pool in (True, False))
    pictures = Pictures(pool, held_out)
    x, is_read, notes = read_images(name, pictures, size=size, background=background, skip_bad=skip_bad)
    labels = [*labels_of(pool), *labels_of(held_out)]
    y = [label for label, is_kept in zip(labels, is_read, strict=True) if is_kept]
    n, classes = int(is_read[: len(pool)].sum()), tuple(map(str, getattr(pool, "classes", ())))
    return Dataset(name, x[:n], y[:n], x[n:], y[n:], classes, notes=notes)


def find_class(name: str) -> Any:
    """Return the class of torchvision. Raises InputError if torchvision or the class is missing or has no test set."""
    try:
        from torchvision import datasets
    except ImportError as error:
        raise InputError(
            f"torchvision cannot be imported ({error}); install it with: pip install torchvision"
        ) from None
    if name not in datasets.__all__:
        raise InputError(f"torchvision has no dataset '{name}'; known: {', '.join(datasets.__all__)}")
    create = getattr(datasets, name)
    if not {"train", "split"} & inspect.signature(create).parameters.keys():
        raise InputError(f"torchvision.datasets.{name} has no training set and test set; choose another dataset")
    return create


def load(name: str, create: Any, is_pool: bool) -> Any:
    """Load the training set or the test set. Raises InputError."""
    arguments = inspect.signature(create).parameters
    if "train" in arguments:
        part: dict[str, Any] = {"train": is_pool}
    else:
        part = {"split": POOL_SPLITS.get(name, "train") if is_pool else "test"}
    *_, cache = folders = data_folders()
    attempts = [{"root": str(folder), **part} for folder in folders]
    if "download" in arguments:
        cache.mkdir(parents=True, exist_ok=True)
        attempts.append({"root": str(cache), "download": True, **part})
    for attempt in attempts:
        try:
            return create(**attempt)
        except Exception as raised:  # of the network, of the disk, and of arguments that only some classes need
            error = raised
    raise cannot_load(
        f"torchvision:{name}", error, f"check the network, or copy its files to $PSLBENCH_DATA_DIR or {cache}"
    )


def data_folders() -> list[Path]:
    """Return the folders that may contain the files, in the order of the search. The last one is the cache."""
    import platformdirs

    data = os.environ.get("PSLBENCH_DATA_DIR")
    cache = Path(os.environ.get("PSLBENCH_CACHE_DIR") or platformdirs.user_cache_dir("pslbench"))
    return [*([Path(data), Path(data) / "torchvision"] if data else []), cache / "data" / "torchvision"]


def labels_of(part: Any) -> list[Any]:
    """Return the labels. If the dataset has no list of them, each image is decoded for its label."""
    import numpy as np

    known = next((getattr(part, name) for name in LABEL_ATTRIBUTES if hasattr(part, name)), None)
    labels = [part[i][1] for i in range(len(part))] if known is None else known
    return list(np.asarray(labels))


@dataclass(frozen=True)
class Pictures(Sequence[Any]):
    """The images of two datasets of torchvision, one after the other. Each is decoded when it is taken."""

    pool: Any
    held_out: Any

    def __len__(self) -> int:
        return len(self.pool) + len(self.held_out)

    def __getitem__(self, index: Any) -> Any:
        n = len(self.pool)
        return (self.pool[index] if index < n else self.held_out[index - n])[0]
