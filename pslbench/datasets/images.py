from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge

from pslbench.contracts import Dataset
from pslbench.contracts.arrays import Floats, Ints
from pslbench.errors import InputError, message_of, suggest
from pslbench.extras import requires_extra
from pslbench.parts import dataset
from pslbench.user_folders import expand_home

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp"}


@dataset("images")
def images(*, path: str, size: Annotated[int | None, Ge(1)] = None) -> Dataset:
    """A folder of images, train/CLASS/*.png and test/CLASS/*.png; `-d FOLDER` for short.

    Args:
        path: the folder.
        size: the width and height in pixels to which every image is scaled. If none, all images must have one size.

    Raises:
        InputError: the folder has no images or only one class, or the images differ in size.
    """
    folder = Path(expand_home(path))
    if not folder.is_dir():
        raise InputError(f"no folder '{path}'; -d takes the name of a dataset, an .npz file or a folder of images")
    classes = sorted(p.name for p in folder.glob("train/[!.]*") if p.is_dir())
    paths = {split: _image_paths(folder / split) for split in ("train", "test")}
    for split in paths:
        if not paths[split]:
            raise InputError(f"{path} has no images in {split}/CLASS/; put .png files there")
    if len(classes) < 2:
        raise InputError(f"{path}/train has only the class '{classes[0]}'; a benchmark needs at least two folders")
    opened = {path: _open(path) for split in paths.values() for path in split}
    mode = "RGB" if any(len(i.getbands()) > 2 or i.mode == "P" for i in opened.values()) else "L"
    x_train, y_train = _to_arrays({p: opened[p] for p in paths["train"]}, classes, mode, size)
    x_test, y_test = _to_arrays({p: opened[p] for p in paths["test"]}, classes, mode, size)
    return Dataset(folder.resolve().name, x_train, y_train, x_test, y_test, tuple(classes))


def _image_paths(folder: Path) -> list[Path]:
    """Return the images of all classes. Hidden files and folders are passed over, such as the `._*` of macOS."""
    paths = (p for p in folder.glob("[!.]*/[!.]*") if p.suffix.lower() in SUFFIXES)
    return sorted(paths)


def _to_arrays(images: dict[Path, Image], classes: list[str], mode: str, size: int | None) -> tuple[Floats, Ints]:
    """Return the images, float32 (n, height, width, channels), and their classes, int64 (n,)."""
    import numpy as np

    if unknown := sorted({p.parent.name for p in images} - set(classes)):
        raise InputError(f"test/ has the class '{unknown[0]}', but train/ does not; {suggest(unknown[0], classes)}")
    arrays = []
    for path, image in images.items():
        image = image.convert(mode)
        array = np.asarray(image.resize((size, size)) if size else image, np.uint8)
        arrays.append(array.reshape(*array.shape[:2], -1))
        if arrays[-1].shape != arrays[0].shape:
            raise InputError(
                f"{path} and {next(iter(images))} differ in size; scale all images with -d images:path=FOLDER,size=28"
            )
    y = np.array([classes.index(p.parent.name) for p in images], np.int64)
    return np.divide(np.stack(arrays), 255, dtype=np.float32), y


def _open(path: Path) -> Image:
    with requires_extra("images"):
        import PIL.Image

    try:
        with PIL.Image.open(path) as file:
            file.load()
            if file.mode[0] in "IF":
                raise InputError(f"{path} has more than 8 bits per channel; save it with 8, or save an .npz file")
            return file
    except InputError:
        raise
    except Exception as error:  # Pillow has no common type for what is wrong with a file
        reason = " ".join(message_of(error).split()).removesuffix(".")
        raise InputError(f"{path} is not a readable image ({reason}); remove it or save it again") from None
