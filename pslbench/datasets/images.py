from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge, Interval

from pslbench.contracts import Dataset
from pslbench.contracts.arrays import Floats
from pslbench.contracts.labels import SPLITS
from pslbench.contracts.pictures import parse_color
from pslbench.contracts.samples import ImageFiles, StoredImages, Texts
from pslbench.errors import InputError
from pslbench.extras import requires_extra
from pslbench.parts import dataset
from pslbench.user_folders import expand_home

if TYPE_CHECKING:
    from pslbench.datasets.decoding import Bad, Form

MAX_BYTES_IN_MEMORY = 10**9  # of the images of the pool and of the test set as float32


@dataset("images")
def images(
    *,
    path: str,
    size: Annotated[int | None, Ge(1)] = None,
    test: Annotated[float, Interval(gt=0, lt=1)] = 0.2,
    background: str = "white",
    skip_bad: bool = False,
    features: str | None = None,
) -> Dataset:
    """A folder of images, CLASS/*.png or train/CLASS/*.png and test/CLASS/*.png; `-d FOLDER` for short.

    Every format that Pillow reads is read, also in folders below a class folder. Images are turned as their EXIF tag
    says. If they would take more than 1 GB of memory as float32, they are decoded into files in the cache.

    Args:
        path: the folder.
        size: the width and height in pixels to which every image is scaled. If none, images are scaled to 64 if they
            differ in size or are larger than 128.
        test: the share of the test set if the folder has no test/: the same in each class, drawn with a fixed seed.
        background: the color behind transparent parts, by name or as #rrggbb.
        skip_bad: whether files that cannot be read are left out instead of refused.
        features: an .npy file with features of each file, for the embedder given; `--features FILE.npy` for short. The
            files are sorted by path, those of train/ first.

    Raises:
        InputError: the folder has no images or only one class, some files cannot be read, or the cache has too little
            space.
    """
    from pslbench.datasets.decoding import check_bad
    from pslbench.datasets.files import read_features
    from pslbench.datasets.folders import read_class_folders, split_class_folders

    folder = Path(expand_home(path))
    parse_color(background)
    found = read_class_folders(folder, "images", image_filter())
    pool, held_out, notes = split_class_folders(path, found, test)
    files = [file for file, _ in (*pool, *held_out)]
    read = read_files(files, len(pool), size, background)
    notes = (*notes, *read.notes, *check_bad(path, files, read.bad, skip_bad))
    splits = range(len(pool)), range(len(pool), len(files))
    kept = [[i for i in split if i not in read.bad] for split in splits]
    y_train, y_test = ([(*pool, *held_out)[i][1] for i in split] for split in kept)
    kept_files = [[files[i] for i in split] for split in kept]
    files_train, files_test = (open_files(each, background) for each in kept_files)
    given = read_features(features, len(files))
    features_train, features_test = (found.features_of(given, each) for each in kept_files)
    return Dataset(
        folder.resolve().name,
        read.x_train,
        y_train,
        read.x_test,
        y_test,
        found.classes,
        features_train,
        features_test,
        files_train=files_train,
        files_test=files_test,
        notes=notes,
    )


def image_filter() -> Callable[[Path], bool]:
    """Return a function that tells, by the name of a file, whether Pillow reads it as an image."""
    with requires_extra("images"):
        from PIL import Image

    Image.init()
    suffixes = {suffix for suffix, name in Image.registered_extensions().items() if name in Image.OPEN}
    return lambda file: file.suffix.lower() in suffixes


def open_files(files: Sequence[Path], background: str) -> ImageFiles:
    """Return image files with the checksum of their contents."""
    opened = ImageFiles(Texts.of(str(file.resolve()) for file in files), background)
    return replace(opened, checksum=opened.digest())


@dataclass(frozen=True, eq=False)
class ReadImages:
    """The images of the pool and of the test set.

    Attributes:
        x_train, x_test: float32 in [0, 1], (n, height, width, channels), in memory or stored.
        bad: the positions of the files that cannot be read, with the reasons.
        notes: one line about each conversion.
    """

    x_train: Floats | StoredImages
    x_test: Floats | StoredImages
    bad: Bad
    notes: tuple[str, ...]


def read_files(files: Sequence[Path], n_pool: int, size: int | None, background: str) -> ReadImages:
    """Decode image files one by one; the first `n_pool` are the pool.

    Images that would take more than `MAX_BYTES_IN_MEMORY` are written to files in the cache, and are read from there
    the next time. Raises InputError if there is not enough space in the cache.
    """
    from PIL import __version__

    from pslbench.datasets.decoding import decode_all, survey
    from pslbench.datasets.image_store import find_entry, key_of

    key = key_of(files, n_pool, size, background, __version__)
    if entry := find_entry(key):
        bad, notes = dict[int, str](entry.facts["bad"]), tuple(entry.facts["notes"])
        return ReadImages(entry.images["x_train"], entry.images["x_test"], bad, notes)
    form, bad, notes = survey(files, size, background)
    splits = range(n_pool), range(n_pool, len(files))
    if (n_bytes := 4 * len(files) * prod(form.shape)) > MAX_BYTES_IN_MEMORY:
        return _store_images(key, files, splits, form, bad, (*notes, _describe_storage(n_bytes)))
    x_train, x_test = (decode_all(files, split, form, bad) for split in splits)
    return ReadImages(x_train, x_test, bad, notes)


def _describe_storage(n_bytes: int) -> str:
    size = f"{n_bytes / 1e9:,.1f} GB"
    return f"the images would take {size} of memory, so they are read from the cache; size= makes them smaller"


def _store_images(
    key: str, files: Sequence[Path], splits: Sequence[range], form: Form, bad: Bad, notes: tuple[str, ...]
) -> ReadImages:
    import numpy as np

    from pslbench.datasets.decoding import decode_each
    from pslbench.datasets.image_store import find_entry, new_entry, write_images

    dtype, facts = np.uint8 if form.has_bytes else np.float32, dict[str, Any]()
    n_bytes = len(files) * prod(form.shape) * (1 if form.has_bytes else 4)
    with new_entry(key, n_bytes, facts) as folder:
        for name, split in zip(SPLITS, splits, strict=True):
            write_images(folder / f"x_{name}.npy", decode_each(files, split, form, bad), form.shape, dtype)
        facts |= {"bad": list(bad.items()), "notes": notes}
    entry = find_entry(key)
    if entry is None:
        raise InputError("the images that were written to the cache are gone or damaged; run again")
    return ReadImages(entry.images["x_train"], entry.images["x_test"], bad, notes)
