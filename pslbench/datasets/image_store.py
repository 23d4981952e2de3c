"""Decoded images in files of the cache, for pools that would take too much memory.

This module imports NumPy at its top, so parts import it inside their functions.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from pslbench.contracts.arrays import AnyArray
from pslbench.contracts.samples import StoredImages
from pslbench.errors import InputError
from pslbench.user_folders import cache_root

FOLDER = "images"  # in the cache
METADATA = "entry.json"  # as of the entries of the stage cache, so that `pslbench cache` handles both
FORMAT = 1  # of an entry; part of its key


@dataclass(frozen=True, eq=False)
class ImageEntry:
    """Decoded images of the cache by the name of their file, and facts about them, as JSON has them."""

    images: dict[str, StoredImages]
    facts: dict[str, Any]


def key_of(files: Iterable[Path], *settings: object) -> str:
    """Return a key that changes if the path, the size or the time of a file changes, or a setting does."""
    digest = hashlib.sha256(repr((FORMAT, *settings)).encode())
    for file in files:
        try:
            status = file.stat()
        except OSError as error:
            state: tuple[object, ...] = (error.errno,)
        else:
            state = (status.st_size, status.st_mtime_ns)
        digest.update(repr((os.path.abspath(file), *state)).encode("utf-8", "surrogateescape"))  # noqa: PTH100
    return digest.hexdigest()[:32]


def find_entry(key: str) -> ImageEntry | None:
    """Return the images that were stored with this key. A damaged entry is removed."""
    folder = _folder(key)
    try:
        meta = json.loads((folder / METADATA).read_text(encoding="utf-8"))
        images = {}
        for name, checksum in meta["arrays"].items():
            if _checksum(folder / f"{name}.npy") != checksum:
                raise ValueError(name)
            images[name] = StoredImages(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError):
        shutil.rmtree(folder, ignore_errors=True)
        return None
    with contextlib.suppress(OSError):  # a cache that is read-only keeps its times
        os.utime(folder / METADATA)
    return ImageEntry(images, meta["facts"])


@contextlib.contextmanager
def new_entry(key: str, size: int, facts: dict[str, Any]) -> Iterator[Path]:
    """Yield a new folder. It becomes the entry of this key when the block ends.

    Args:
        key: of the entry.
        size: the bytes that the images will take.
        facts: what `find_entry` returns with the images. The block may add to them.

    Raises:
        InputError: the folder of the cache has not enough space, or cannot be written.
    """
    folder = _folder(key)
    partial = folder.with_name(f".{uuid4().hex}")
    try:
        partial.mkdir(parents=True)
        if (free := shutil.disk_usage(partial).free) < size:
            raise InputError(_describe_problem(size, f"only {free / 1e9:.1f} GB are free"))
        yield partial
        arrays = {file.stem: _checksum(file) for file in sorted(partial.glob("*.npy"))}
        meta = {"stage": FOLDER, "arrays": arrays, "facts": facts}
        (partial / METADATA).write_text(json.dumps(meta), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    except OSError as error:
        raise InputError(_describe_problem(size, error.strerror or str(error))) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_images(path: Path, images: Iterable[AnyArray], shape: tuple[int, ...], dtype: type) -> None:
    """Write images, each an array of this shape and type, one by one into an .npy file."""
    count = 0
    with path.open("wb") as file:
        _write_header(file, (0, *shape), dtype)
        for image in images:
            file.write(np.ascontiguousarray(image, dtype).data)
            count += 1
        file.seek(0)
        _write_header(file, (count, *shape), dtype)  # it has the same length, because NumPy pads it for longer arrays


def _write_header(file: Any, shape: tuple[int, ...], dtype: type) -> None:
    header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def _folder(key: str) -> Path:
    return cache_root() / FOLDER / key[:2] / key


def _describe_problem(size: int, reason: str) -> str:
    problem = f"the images take {size / 1e9:.1f} GB, which cannot be written to {cache_root() / FOLDER} ({reason})"
    return f"{problem}; set PSLBENCH_CACHE_DIR to another folder, or scale the images down with size="


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
