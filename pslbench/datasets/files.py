"""Reads data sets from files, and finds or fetches the well-known ones."""

from __future__ import annotations

import gzip
import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pslbench.contracts import Dataset
from pslbench.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@dataclass(frozen=True)
class Source:
    """Where a well-known data set is found, and how it is known to be that one.

    Attributes:
        name: what users call it.
        content: SHA-256 of the bytes of the four uint8 arrays, in the order of `ARRAYS`.
        folders: places beyond the usual ones.
        url, files: where to download, and SHA-256 by file name.
        classes: the names of the classes.
    """

    name: str
    content: str
    url: str
    files: dict[str, str]
    folders: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def load(self) -> Dataset:
        """Find it on this machine, or download it. Raises InputError where neither can be done."""
        for _, arrays in self.found():
            return self._dataset(arrays)
        for arrays in _arrays_in(self._download()):
            if _content(arrays) == self.content:
                return self._dataset(arrays)
        raise InputError(f"{self.name}: what was downloaded is not {self.name}; remove {cache_folder()} and try again")

    def found(self) -> Iterator[tuple[Path, dict[str, NDArray[np.uint8]]]]:
        """The folders of this machine that hold this data set, with its arrays."""
        for folder in self.places():
            for arrays in _arrays_in(folder):
                if _content(arrays) == self.content:
                    yield folder, arrays
                    break

    def places(self) -> list[Path]:
        """The folders looked into, in this order."""
        roots = [Path(own)] if (own := os.environ.get("PSLBENCH_DATA_DIR")) else []
        roots += [cache_folder(), Path.home() / ".keras" / "datasets"]
        named = [folder / self.name for folder in roots]
        return [place for pair in zip(roots, named, strict=True) for place in pair] + [Path(f) for f in self.folders]

    def _dataset(self, arrays: dict[str, NDArray[np.uint8]]) -> Dataset:
        return dataset_of(self.name, arrays, self.classes)

    def _download(self) -> Path:
        import pooch

        pooch.get_logger().setLevel("WARNING")
        folder = cache_folder() / self.name
        try:
            for file, digest in self.files.items():
                pooch.retrieve(self.url + file, f"sha256:{digest}", file, folder, progressbar=True)
        except Exception as error:  # whatever the network or the disk says, the way out is the same
            raise InputError(
                f"{self.name} is not on this machine and cannot be downloaded ({type(error).__name__}): put "
                f"{self.name}.npz or its four IDX files into $PSLBENCH_DATA_DIR or {folder}, or use -d mnist-5k"
            ) from None
        return folder


def cache_folder() -> Path:
    """Where downloads are kept: `data` in `PSLBENCH_CACHE_DIR`, or in the user's cache folder."""
    import platformdirs

    return Path(os.environ.get("PSLBENCH_CACHE_DIR") or platformdirs.user_cache_dir("pslbench")) / "data"


def read_npz(path: Path) -> dict[str, Any]:
    """The four arrays of an `.npz` in Keras' layout. Nothing is unpickled.

    Raises:
        InputError: a file that is not there or no `.npz`, an array that is missing or holds objects.
    """
    import numpy as np

    if not path.is_file():
        raise InputError(f"no file '{path}'; -d wants a data set's name, an .npz file or a folder of images")
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path} is no .npz file; write one with numpy.savez(path, x_train=..., ...)")
    try:
        with np.load(path, allow_pickle=False) as file:
            if missing := [name for name in ARRAYS if name not in file]:
                has = ", ".join(file) or "none"
                raise InputError(f"{path} has no array '{missing[0]}' (it has {has}); needed: {', '.join(ARRAYS)}")
            return {name: np.asanyarray(file[name]) for name in ARRAYS}
    except (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        if "allow_pickle" in str(error):
            raise InputError(f"{path} holds Python objects, which are not loaded; save plain number arrays") from None
        raise InputError(f"{path} is damaged ({error}); write it again") from None


def dataset_of(name: str, arrays: dict[str, Any], classes: Sequence[str] = ()) -> Dataset:
    """A `Dataset` of raw arrays: bytes are scaled from [0, 255] to [0, 1], grey images get their channel axis.

    Labels in a column are taken as they are meant.

    Raises:
        InputError: where the arrays do not make a data set.
    """
    import numpy as np

    ready = {}
    for part in ("train", "test"):
        x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if x.dtype == np.uint8:
            x = np.divide(x, 255, dtype=np.float32)
        ready[f"x_{part}"] = x[..., None] if x.ndim == 3 else x
        ready[f"y_{part}"] = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    return Dataset(name, **ready, classes=tuple(classes))


def _arrays_in(folder: Path) -> Iterator[dict[str, NDArray[np.uint8]]]:
    """Every set of four arrays in a folder: its `.npz` files in Keras' layout, then its IDX files."""
    for path in sorted(folder.glob("*.npz")):
        try:
            yield read_npz(path)
        except InputError:
            continue
    paths = [next((p for p in (folder / name, folder / f"{name}.gz") if p.is_file()), None) for name in IDX]
    if all(paths):
        try:
            yield {name: _read_idx(path) for name, path in zip(ARRAYS, paths, strict=True) if path}
        except (OSError, EOFError, ValueError, zlib.error):
            return


def _read_idx(path: Path) -> NDArray[np.uint8]:
    """The array of an IDX file of bytes, gzipped or not (LeCun's format: magic number, sizes, contents)."""
    import numpy as np

    raw = path.read_bytes()
    raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    if raw[:3] != b"\0\0\x08":
        raise ValueError(f"{path} is no IDX file of bytes")
    axes = raw[3]
    sizes = np.frombuffer(raw, ">u4", axes, offset=4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * axes).reshape(sizes)


def _content(arrays: dict[str, NDArray[np.uint8]]) -> str:
    import numpy as np

    digest = hashlib.sha256()
    for name in ARRAYS:
        if arrays[name].dtype != np.uint8 or arrays[name].ndim != (3 if name.startswith("x") else 1):
            return ""
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()
