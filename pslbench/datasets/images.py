from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge

from pslbench.contracts import Dataset
from pslbench.errors import InputError
from pslbench.parts import dataset

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from pslbench.contracts.arrays import Floats, Ints

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp"}


@dataset("images")
def images(*, path: str, size: Annotated[int | None, Ge(1)] = None) -> Dataset:
    """A folder with train/CLASS/*.png and test/CLASS/*.png; `-d FOLDER` for short.

    Args:
        path: the folder.
        size: the width and height, in pixels, that every image is scaled to; by default they must agree.

    Raises:
        InputError: a folder without images or with one class, or images that differ in size.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise InputError(f"no folder '{path}'; -d wants a data set's name, an .npz file or a folder of images")
    classes = sorted(p.name for p in folder.glob("train/*") if p.is_dir() and not p.name.startswith("."))
    found = {part: _paths(folder / part) for part in ("train", "test")}
    for part, paths in found.items():
        if not paths:
            raise InputError(f"{path} has no images in {part}/CLASS/; put them there as .png files")
    if len(classes) < 2:
        raise InputError(f"{path}/train has the one class '{classes[0]}'; a benchmark needs at least two folders")
    opened = {path: _open(path) for paths in found.values() for path in paths}
    mode = "RGB" if any(len(i.getbands()) > 2 or i.mode == "P" for i in opened.values()) else "L"
    x_train, y_train = _read({p: opened[p] for p in found["train"]}, classes, mode, size)
    x_test, y_test = _read({p: opened[p] for p in found["test"]}, classes, mode, size)
    return Dataset(folder.resolve().name, x_train, y_train, x_test, y_test, tuple(classes))


def _paths(folder: Path) -> list[Path]:
    found = (p for p in folder.glob("*/*") if p.suffix.lower() in SUFFIXES)
    return sorted(p for p in found if not p.parent.name.startswith("."))


def _read(images: dict[Path, Image], classes: list[str], mode: str, size: int | None) -> tuple[Floats, Ints]:
    """The images, float32 (n, height, width, channels), and their classes, int64 (n,)."""
    import numpy as np

    if strange := sorted({p.parent.name for p in images} - set(classes)):
        raise InputError(f"test/ has the class '{strange[0]}', which train/ has not; known: {', '.join(classes)}")
    arrays: list[NDArray[np.uint8]] = []
    for path, image in images.items():
        image = image.convert(mode)
        array = np.asarray(image.resize((size, size)) if size else image, np.uint8)
        array = array.reshape(*array.shape[:2], -1)
        if arrays and array.shape != arrays[0].shape:
            raise InputError(
                f"{path} is not of the size of {next(iter(images))}; scale them all: -d images:path=FOLDER,size=28"
            )
        arrays.append(array)
    y = np.array([classes.index(p.parent.name) for p in images], np.int64)
    return np.divide(np.stack(arrays), 255, dtype=np.float32), y


def _open(path: Path) -> Image:
    import PIL.Image

    try:
        with PIL.Image.open(path) as file:
            file.load()
            if file.mode[0] in "IF":
                raise InputError(f"{path} has more than 8 bits a channel; save it with 8, or the data as an .npz")
            return file
    except OSError:
        raise InputError(f"{path} is no image that can be read; remove it or write it again") from None
