"""Read datasets from files, and find or download well-known ones."""

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

    ByteArrays = dict[str, NDArray[np.uint8]]

ARRAY_NAMES = ("x_train", "y_train", "x_test", "y_test")
IDX_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@dataclass(frozen=True)
class KnownDataset:
    """A well-known dataset that is identified by its content.

    Attributes:
        name: what users type.
        sha256: of the bytes of the four uint8 arrays, in the order of `ARRAY_NAMES`.
        url: the address to download from.
        files: the SHA-256 of each file to download, by file name.
        folders: folders to search besides the usual ones.
        classes: the names of the classes.
    """

    name: str
    sha256: str
    url: str
    files: dict[str, str]
    folders: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def load(self) -> Dataset:
        """Find the dataset on this machine, or download it. Raises InputError if neither is possible."""
        for _, arrays in self.find():
            return make_dataset(self.name, arrays, self.classes)
        for arrays in _read_folder(self._download()):
            if _hash_arrays(arrays) == self.sha256:
                return make_dataset(self.name, arrays, self.classes)
        raise InputError(f"the downloaded files are not {self.name}; remove {cache_folder() / self.name} and try again")

    def find(self) -> Iterator[tuple[Path, ByteArrays]]:
        """Yield every folder on this machine that contains the dataset, with its arrays."""
        for folder in self._search_folders():
            for arrays in _read_folder(folder):
                if _hash_arrays(arrays) == self.sha256:
                    yield folder, arrays
                    break

    def _search_folders(self) -> list[Path]:
        roots = [Path(user_folder)] if (user_folder := os.environ.get("PSLBENCH_DATA_DIR")) else []
        roots += [cache_folder(), Path.home() / ".keras" / "datasets"]
        return [folder for root in roots for folder in (root, root / self.name)] + [Path(f) for f in self.folders]

    def _download(self) -> Path:
        import pooch

        pooch.get_logger().setLevel("WARNING")
        folder = cache_folder() / self.name
        try:
            for file, digest in self.files.items():
                pooch.retrieve(self.url + file, f"sha256:{digest}", file, folder, progressbar=True)
        except Exception as error:  # any error of the network or the disk has the same remedy
            raise InputError(
                f"{self.name} is not on this machine and cannot be downloaded ({type(error).__name__}): put "
                f"{self.name}.npz or its four IDX files into $PSLBENCH_DATA_DIR or {folder}, or use -d mnist-5k"
            ) from None
        return folder


def cache_folder() -> Path:
    """Return the folder of downloads: `data` in `PSLBENCH_CACHE_DIR` or in the user's cache folder."""
    import platformdirs

    return Path(os.environ.get("PSLBENCH_CACHE_DIR") or platformdirs.user_cache_dir("pslbench")) / "data"


def read_npz(path: Path) -> dict[str, Any]:
    """Read the four arrays of an `.npz` file in the layout of Keras. Python objects are not loaded.

    Raises:
        InputError: the file does not exist or is not an `.npz` file, or an array is missing or contains objects.
    """
    import numpy as np

    if not path.is_file():
        raise InputError(f"no file '{path}'; -d takes the name of a dataset, an .npz file or a folder of images")
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path} is not an .npz file; write one with numpy.savez(path, x_train=..., ...)")
    try:
        with np.load(path, allow_pickle=False) as file:
            if missing := [name for name in ARRAY_NAMES if name not in file]:
                present = ", ".join(file) or "none"
                raise InputError(
                    f"{path} has no array '{missing[0]}' (it has {present}); it needs {', '.join(ARRAY_NAMES)}"
                )
            return {name: np.asanyarray(file[name]) for name in ARRAY_NAMES}
    except (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        if "allow_pickle" in str(error):
            raise InputError(f"{path} contains Python objects, which are not loaded; save arrays of numbers") from None
        raise InputError(f"{path} is damaged ({error}); write it again") from None


def make_dataset(name: str, arrays: dict[str, Any], classes: Sequence[str] = ()) -> Dataset:
    """Return a `Dataset` of raw arrays.

    Bytes are scaled from [0, 255] to [0, 1], gray images get a channel axis, and labels of shape (n, 1) are flattened.
    Raises InputError if the arrays do not form a dataset.
    """
    import numpy as np

    converted = {}
    for split in ("train", "test"):
        x, y = arrays[f"x_{split}"], arrays[f"y_{split}"]
        if x.dtype == np.uint8:
            x = np.divide(x, 255, dtype=np.float32)
        converted[f"x_{split}"] = x[..., None] if x.ndim == 3 else x
        converted[f"y_{split}"] = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    return Dataset(name, **converted, classes=tuple(classes))


def _read_folder(folder: Path) -> Iterator[ByteArrays]:
    """Yield the four arrays of each `.npz` file in a folder, then those of its IDX files."""
    for path in sorted(folder.glob("*.npz")):
        try:
            yield read_npz(path)
        except InputError:
            continue
    candidates = ((folder / name, folder / f"{name}.gz") for name in IDX_FILES)
    paths = [file for pair in candidates if (file := next(filter(Path.is_file, pair), None))]
    if len(paths) == len(IDX_FILES):
        try:
            yield dict(zip(ARRAY_NAMES, map(_read_idx, paths), strict=True))
        except (OSError, EOFError, ValueError, zlib.error):
            return


def _read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an IDX file of bytes, gzipped or not (LeCun's format: magic number, sizes, contents)."""
    import numpy as np

    raw = path.read_bytes()
    raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    if raw[:3] != b"\0\0\x08":
        raise ValueError(f"{path} is not an IDX file of bytes")
    n_axes = raw[3]
    sizes = np.frombuffer(raw, ">u4", n_axes, offset=4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * n_axes).reshape(sizes)


def _hash_arrays(arrays: ByteArrays) -> str:
    """Return the SHA-256 of the arrays, or an empty string if they are not gray images and labels of bytes."""
    import numpy as np

    digest = hashlib.sha256()
    for name in ARRAY_NAMES:
        if arrays[name].dtype != np.uint8 or arrays[name].ndim != (3 if name.startswith("x") else 1):
            return ""
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()
