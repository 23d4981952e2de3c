from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge, Interval

from pslbench.contracts import Dataset
from pslbench.contracts.arrays import AnyArray, Floats
from pslbench.contracts.labels import SPLITS
from pslbench.contracts.pictures import LARGEST_16_BIT, decoded, has_transparency, parse_color
from pslbench.contracts.samples import StoredImages
from pslbench.errors import InputError, message_of, pluralize
from pslbench.extras import requires_extra
from pslbench.parts import dataset
from pslbench.user_folders import expand_home

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_SIDE = 128  # pixels; larger images are scaled if no size is set
USUAL_SIDE = 64  # pixels
MAX_NAMED = 10  # files in one message
MAX_BYTES_IN_MEMORY = 10**9  # of all images as float32; more are stored in the cache
GRAY_MODES = {"1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"}


@dataset("images")
def images(
    *,
    path: str,
    size: Annotated[int | None, Ge(1)] = None,
    test: Annotated[float, Interval(gt=0, lt=1)] = 0.2,
    background: str = "white",
    skip_bad: bool = False,
) -> Dataset:
    """A folder of images, CLASS/*.png or train/CLASS/*.png and test/CLASS/*.png; `-d FOLDER` for short.

    Every format that Pillow reads is read, also in folders below a class folder. Images are turned as their EXIF tag
    says.

    Images that would take more than 1 GB of memory are decoded into files of the cache, once, and are read from there.

    Args:
        path: the folder.
        size: the width and height in pixels to which every image is scaled. If none, images are scaled to 64 if they
            differ in size or are larger than 128.
        test: the share of the test set if the folder has no test/: the same in each class, drawn with a fixed seed.
        background: the color behind transparent parts, by name or as #rrggbb.
        skip_bad: whether files that cannot be read are left out instead of refused.

    Raises:
        InputError: the folder has no images or only one class, or some files cannot be read.
    """
    from pslbench.datasets.folders import read_class_folders
    from pslbench.datasets.splitting import split_class_folders

    with requires_extra("images"):
        from PIL import Image

    Image.init()
    suffixes = {suffix for suffix, name in Image.registered_extensions().items() if name in Image.OPEN}
    folder = Path(expand_home(path))
    parse_color(background)
    found = read_class_folders(folder, "images", lambda file: file.suffix.lower() in suffixes)
    pool, held_out, notes = split_class_folders(path, found, test)
    read = read_images([[file for file, _ in part] for part in (pool, held_out)], size, background)
    bad, notes = read.bad, (*notes, *read.notes)
    if bad and not skip_bad:
        listed = "; ".join(f"{file} ({reason})" for file, reason in list(bad.items())[:MAX_NAMED])
        others = f"; and {len(bad) - MAX_NAMED:,} more" if len(bad) > MAX_NAMED else ""
        problem = f"{pluralize(len(bad), 'file')} of {path} cannot be read"
        raise InputError(f"{problem}: {listed}{others}; repair or remove them, or go on without them: --skip-bad")
    if bad:
        verb = "is" if len(bad) == 1 else "are"
        notes = (*notes, f"{pluralize(len(bad), 'file')} cannot be read and {verb} left out, such as {next(iter(bad))}")
    y_train, y_test = ([name for file, name in part if file not in bad] for part in (pool, held_out))
    name = folder.resolve().name
    return Dataset(name, read.x_train, y_train, read.x_test, y_test, found.classes, notes=notes)


@dataclass(frozen=True, eq=False)
class ReadImages:
    """The images of the pool and of the test set.

    Attributes:
        x_train, x_test: float32 in [0, 1], (n, height, width, channels), in memory or stored.
        bad: the files that cannot be read, with the reasons.
        notes: one line about each conversion.
    """

    x_train: Floats | StoredImages
    x_test: Floats | StoredImages
    bad: dict[Path, str]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Header:
    """What is known of an image before it is decoded; width and height are those as it is shown."""

    size: tuple[int, int]
    is_gray: bool
    is_transparent: bool
    has_bytes: bool


@dataclass(frozen=True)
class Form:
    """What all images are decoded to: height, width and channels, uint8 or float32, and the background color."""

    shape: tuple[int, int, int]
    has_bytes: bool
    background: str


def read_images(splits: Sequence[Sequence[Path]], size: int | None, background: str) -> ReadImages:
    """Decode the image files of the pool and of the test set, one by one.

    Images that would take more than `MAX_BYTES_IN_MEMORY` as float32 are written to files in the cache, and are read
    from there the next time.

    Raises:
        InputError: there is not enough space in the cache.
    """
    import numpy as np
    from PIL import __version__

    from pslbench.datasets.image_store import find_entry, key_of

    files = [file for part in splits for file in part]
    key = key_of(files, len(splits[0]), size, background, __version__)
    if entry := find_entry(key):
        bad = {Path(file): reason for file, reason in entry.facts["bad"].items()}
        return ReadImages(entry.images["x_train"], entry.images["x_test"], bad, tuple(entry.facts["notes"]))
    form, bad, notes = survey_files(files, size, background)
    if (n_bytes := 4 * len(files) * prod(form.shape)) > MAX_BYTES_IN_MEMORY:
        return _store_images(key, splits, form, bad, (*notes, _describe_storage(n_bytes)))
    arrays = []
    for part in splits:
        array, n = np.empty((len(part), *form.shape), np.float32), 0
        for image in decode_files(part, replace(form, has_bytes=False), bad):
            array[n] = image
            n += 1
        arrays.append(array[:n])
    return ReadImages(arrays[0], arrays[1], bad, notes)


def _describe_storage(n_bytes: int) -> str:
    size = f"{n_bytes / 1e9:,.1f} GB"
    return f"the images would take {size} of memory, so they are read from the cache; size= makes them smaller"


def _store_images(
    key: str, splits: Sequence[Sequence[Path]], form: Form, bad: dict[Path, str], notes: tuple[str, ...]
) -> ReadImages:
    import numpy as np

    from pslbench.datasets.image_store import find_entry, new_entry, write_images

    dtype, facts = np.uint8 if form.has_bytes else np.float32, dict[str, Any]()
    n_bytes = sum(map(len, splits)) * prod(form.shape) * (1 if form.has_bytes else 4)
    with new_entry(key, n_bytes, facts) as folder:
        for split, part in zip(SPLITS, splits, strict=True):
            write_images(folder / f"x_{split}.npy", decode_files(part, form, bad), form.shape, dtype)
        facts |= {"bad": {str(file): reason for file, reason in bad.items()}, "notes": notes}
    entry = find_entry(key)
    if entry is None:
        raise InputError("the images that were written to the cache are gone or damaged; run again")
    return ReadImages(entry.images["x_train"], entry.images["x_test"], bad, notes)


def survey_files(
    files: Iterable[Path], size: int | None, background: str
) -> tuple[Form, dict[Path, str], tuple[str, ...]]:
    """Read the headers of image files.

    Returns:
        The form that all images are decoded to; the files that cannot be read, with the reasons; and one line about
        each conversion.
    """
    headers, bad = Counter[Header](), dict[Path, str]()
    for file in files:
        try:
            headers[_read_header(file)] += 1
        except Exception as error:  # Pillow has no common type for what is wrong with a file
            bad[file] = _reason(error)
    if not headers:
        return Form((1, 1, 1), True, background), bad, ()
    (width, height), notes = _common_size({header.size for header in headers}, size)
    if n := sum(count for header, count in headers.items() if header.is_transparent):
        notes = (*notes, f"{pluralize(n, 'image')} with transparency over {background}; background= changes it")
    channels = 1 if all(header.is_gray for header in headers) else 3
    return Form((height, width, channels), all(header.has_bytes for header in headers), background), bad, notes


def decode_files(files: Iterable[Path], form: Form, bad: dict[Path, str]) -> Iterator[AnyArray]:
    """Yield each image that can be read, (height, width, channels): uint8, or float32 in [0, 1].

    Files that are already known to be bad are passed over. Others that cannot be read are added to them.
    """
    for file in files:
        if file in bad:
            continue
        try:
            image = _decode(file, form)
        except Exception as error:
            bad[file] = _reason(error)
        else:
            yield image


def _read_header(file: Path) -> Header:
    from PIL import Image

    with Image.open(file) as image:
        turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)  # the tag Orientation: width and height change places
        has_gray_palette = image.mode == "P" and _is_gray_palette(image)
        size = image.size[::-1] if turned else image.size
        is_gray = image.mode in GRAY_MODES or has_gray_palette
        return Header(size, is_gray, has_transparency(image), image.mode[0] not in "IF")


def _is_gray_palette(image: Image) -> bool:
    palette = image.getpalette() or []
    return palette[::3] == palette[1::3] == palette[2::3]


def _common_size(sizes: set[tuple[int, int]], size: int | None) -> tuple[tuple[int, int], tuple[str, ...]]:
    """Return the width and height of all images, and a note if that is a guess."""
    if size is not None:
        return (size, size), ()
    first = next(iter(sizes))
    if len(sizes) == 1 and max(first) <= MAX_SIDE:
        return first, ()
    which = f"images of {len(sizes):,} sizes" if len(sizes) > 1 else f"images of {first[0]} x {first[1]} pixels"
    return (USUAL_SIDE, USUAL_SIDE), (f"{which} are scaled to {USUAL_SIDE} x {USUAL_SIDE} pixels; size= changes it",)


def _decode(file: Path, form: Form) -> AnyArray:
    import numpy as np
    from PIL import Image

    height, width, channels = form.shape
    with decoded(file, form.background, max(width, height)) as image:
        if image.mode[0] in "IF":
            scale = LARGEST_16_BIT if image.mode[0] == "I" else 1
            values = np.asarray(image, np.float32) / scale
            if values.min() < 0 or values.max() > 1:
                raise ValueError(f"its values range from {values.min() * scale:g} to {values.max() * scale:g}")
            resized = Image.fromarray(values).resize((width, height))
            return np.repeat(np.asarray(resized)[..., None], channels, axis=2)
        image = image.convert("L" if channels == 1 else "RGB")
        array = np.asarray(image if image.size == (width, height) else image.resize((width, height)), np.uint8)
        pixels = array.reshape(form.shape)
        return pixels if form.has_bytes else np.divide(pixels, 255, dtype=np.float32)


def _reason(error: Exception) -> str:
    return " ".join(message_of(error).split()).removesuffix(".") or type(error).__name__
