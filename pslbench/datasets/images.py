from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Interval

from pslbench.contracts import Dataset, ImageFiles, Texts
from pslbench.contracts.arrays import AnyArray
from pslbench.contracts.pictures import LARGEST_16_BIT, decoded, has_transparency, parse_color
from pslbench.errors import InputError, message_of, pluralize
from pslbench.extras import requires_extra
from pslbench.parts import dataset
from pslbench.user_folders import expand_home

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_SIDE = 128  # pixels; larger images are scaled if no size is set
USUAL_SIDE = 64  # pixels
MAX_NAMED = 10  # files in one message
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
    files = [file for file, _ in (*pool, *held_out)]
    array, bad, more = read_images(files, size, background)
    if bad and not skip_bad:
        listed = "; ".join(f"{file} ({reason})" for file, reason in list(bad.items())[:MAX_NAMED])
        others = f"; and {len(bad) - MAX_NAMED:,} more" if len(bad) > MAX_NAMED else ""
        problem = f"{pluralize(len(bad), 'file')} of {path} cannot be read"
        raise InputError(f"{problem}: {listed}{others}; repair or remove them, or go on without them: --skip-bad")
    if bad:
        verb = "is" if len(bad) == 1 else "are"
        more = (*more, f"{pluralize(len(bad), 'file')} cannot be read and {verb} left out, such as {next(iter(bad))}")
    kept_pool, kept_test = ([each for each in part if each[0] not in bad] for part in (pool, held_out))
    labels = [[name for _, name in part] for part in (kept_pool, kept_test)]
    kept_files = [_image_files([file for file, _ in part], background) for part in (kept_pool, kept_test)]
    return Dataset(
        folder.resolve().name,
        array[: len(kept_pool)],
        labels[0],
        array[len(kept_pool) :],
        labels[1],
        found.classes,
        files_train=kept_files[0],
        files_test=kept_files[1],
        notes=(*notes, *more),
    )


def _image_files(files: Sequence[Path], background: str) -> ImageFiles:
    import hashlib

    digest = hashlib.sha256(background.encode())
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return ImageFiles(Texts.of(str(file.resolve()) for file in files), background, digest.hexdigest())


@dataclass(frozen=True)
class Header:
    """What is known of an image before it is decoded; width and height are those as it is shown."""

    size: tuple[int, int]
    is_gray: bool
    is_transparent: bool


def read_images(
    files: Sequence[Path], size: int | None, background: str
) -> tuple[AnyArray, dict[Path, str], tuple[str, ...]]:
    """Decode images one by one.

    Returns:
        The images, float32 in [0, 1], (n, height, width, channels); the files that cannot be read, with the reasons;
        and one line about each conversion.
    """
    import numpy as np

    headers, bad = dict[Path, Header](), dict[Path, str]()
    for file in files:
        try:
            headers[file] = _read_header(file)
        except Exception as error:  # Pillow has no common type for what is wrong with a file
            bad[file] = _reason(error)
    if not headers:
        return np.zeros((0, 1, 1, 1), np.float32), bad, ()
    sizes = {header.size for header in headers.values()}
    shape, notes = _common_size(sizes, size)
    if n := sum(header.is_transparent for header in headers.values()):
        notes = (*notes, f"{pluralize(n, 'image')} with transparency over {background}; background= changes it")
    is_gray = all(header.is_gray for header in headers.values())
    array = np.empty((len(headers), shape[1], shape[0], 1 if is_gray else 3), np.float32)
    n = 0
    for file in headers:
        try:
            array[n] = _decode(file, shape, is_gray, background)
            n += 1
        except Exception as error:
            bad[file] = _reason(error)
    return array[:n], bad, notes


def _read_header(file: Path) -> Header:
    from PIL import Image

    with Image.open(file) as image:
        turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)  # the tag Orientation: width and height change places
        has_gray_palette = image.mode == "P" and _is_gray_palette(image)
        size = image.size[::-1] if turned else image.size
        return Header(size, image.mode in GRAY_MODES or has_gray_palette, has_transparency(image))


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


def _decode(file: Path, shape: tuple[int, int], is_gray: bool, background: str) -> AnyArray:
    """Return an image as float32 in [0, 1], (height, width, channels)."""
    import numpy as np
    from PIL import Image

    with decoded(file, background, max(shape)) as image:
        if image.mode[0] in "IF":
            scale = LARGEST_16_BIT if image.mode[0] == "I" else 1
            values = np.asarray(image, np.float32) / scale
            if values.min() < 0 or values.max() > 1:
                raise ValueError(f"its values range from {values.min() * scale:g} to {values.max() * scale:g}")
            resized = Image.fromarray(values).resize(shape)
            return np.repeat(np.asarray(resized)[..., None], 1 if is_gray else 3, axis=2)
        image = image.convert("L" if is_gray else "RGB")
        array = np.asarray(image if image.size == shape else image.resize(shape), np.uint8)
        return np.divide(array.reshape(*array.shape[:2], -1), 255, dtype=np.float32)


def _reason(error: Exception) -> str:
    return " ".join(message_of(error).split()).removesuffix(".") or type(error).__name__
