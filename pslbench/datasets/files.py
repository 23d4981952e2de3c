"""Read datasets from files.

This module imports NumPy at its top, so parts import it inside their functions.
"""

import gzip
import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pslbench.contracts import Dataset
from pslbench.contracts.labels import SPLITS
from pslbench.contracts.samples import ImageFiles, Texts, samples_from_arrays, samples_to_arrays, table_columns
from pslbench.errors import InputError
from pslbench.user_folders import expand_home

ARRAY_NAMES = ("x_train", "y_train", "x_test", "y_test")
FEATURE_NAMES = ("features_train", "features_test")
IDX_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
Arrays = Mapping[str, NDArray[Any]]  # by the names above; a file of a user may have any types


def read_npz(path: Path) -> Arrays:
    """Read the arrays of an `.npz` file in the layout of Keras. Python objects are not loaded.

    Besides the four arrays, the file may contain `features_train` and `features_test`, which then may replace `x_train`
    and `x_test`. Instead of split arrays it may contain `x` and `y`.

    Raises:
        InputError: the file does not exist or is not an `.npz` file, or an array is missing or contains objects.
    """
    if not path.is_file():
        raise InputError(f"no file '{path}'; -d takes the name of a dataset, a file or a folder")
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path} is not an .npz file; write one with numpy.savez(path, x_train=..., ...)")
    try:
        with np.load(path, allow_pickle=False) as file:
            names = _needed_arrays(path, list(file))
            return {name: np.asanyarray(file[name]) for name in names}
    except (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        if "allow_pickle" in str(error):
            raise InputError(f"{path} contains Python objects, which are not loaded; save arrays of numbers") from None
        raise InputError(f"{path} is damaged ({error}); write it again") from None


def read_features(path: str | None, n: int) -> NDArray[Any] | None:
    """Read features that belong to n samples from an `.npy` file; None if there is no path.

    Raises:
        InputError: the file cannot be read, or has not one row per sample.
    """
    if path is None:
        return None
    try:
        features = np.load(Path(expand_home(path)), allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"--features {path} cannot be read ({error}); save it with numpy.save") from None
    if not isinstance(features, np.ndarray) or features.ndim != 2 or len(features) != n:
        shape = getattr(features, "shape", "several arrays")
        raise InputError(f"--features {path} must have one row for each of the {n:,} samples, not {shape}")
    return features


def _needed_arrays(path: Path, present: Sequence[str]) -> Sequence[str]:
    if {"x", "y"} <= set(present):
        return ("x", "y")
    features = [name for name in FEATURE_NAMES if name in present]
    needed = [name for name in ARRAY_NAMES if not (len(features) == 2 and name.startswith("x"))]
    if missing := [name for name in needed if name not in present]:
        names = ", ".join(present) or "none"
        raise InputError(
            f"{path} has no array '{missing[0]}' (it has {names}); it needs {', '.join(ARRAY_NAMES)}, or x and y"
        )
    return [*(name for name in ARRAY_NAMES if name in present), *features]


def make_dataset(name: str, arrays: Arrays, classes: Sequence[str] = ()) -> Dataset:
    """Return a `Dataset` of raw arrays. Features without samples become the samples.

    Raises InputError if the arrays do not form a dataset.
    """
    has_samples = "x_train" in arrays
    x_train, x_test = (arrays[each] for each in (("x_train", "x_test") if has_samples else FEATURE_NAMES))
    features = {each: arrays.get(each) for each in FEATURE_NAMES} if has_samples else {}
    return Dataset(
        name,
        x_train,
        arrays["y_train"],
        x_test,
        arrays["y_test"],
        tuple(classes),
        features.get("features_train"),
        features.get("features_test"),
    )


def dataset_to_npz(data: Dataset) -> bytes:
    """Return a dataset as the contents of an `.npz` file; `read_saved_dataset` is the inverse."""
    facts: dict[str, object] = {"classes": data.classes, "columns": table_columns(data.x_train), "notes": data.notes}
    content, arrays = BytesIO(), dict[str, Any](data.arrays())
    for split, files in zip(SPLITS, (data.files_train, data.files_test), strict=True):
        if files is not None:
            arrays |= samples_to_arrays(f"files_{split}", files.paths)
            facts[f"files_{split}"] = (files.background, files.digest())
    arrays["facts"] = np.array(json.dumps(facts))
    np.savez(content, **arrays)
    return content.getvalue()


def read_saved_dataset(path: Path, name: str) -> Dataset:
    """Read a dataset from the `.npz` file that `pslbench.run` saved.

    Raises:
        InputError: the file is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            facts, arrays = json.loads(str(file["facts"])), {array: file[array] for array in file if array != "facts"}
            x_train, x_test = (samples_from_arrays(f"x_{split}", arrays, facts["columns"]) for split in SPLITS)
            more: dict[str, Any] = {each: arrays[each] for each in FEATURE_NAMES if each in arrays}
            for files in (f"files_{split}" for split in SPLITS if f"files_{split}" in facts):
                paths = Texts(arrays[f"{files}.utf8"], arrays[f"{files}.ends"])
                more[files] = ImageFiles(paths, *facts[files])
            classes, notes = tuple(facts["classes"]), tuple(facts["notes"])
            return Dataset(name, x_train, arrays["y_train"], x_test, arrays["y_test"], classes, notes=notes, **more)
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
        raise InputError(f"{path} is damaged; remove it and run again") from None


def read_folder(folder: Path) -> Iterator[Arrays]:
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
    raw = path.read_bytes()
    raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    if raw[:3] != b"\0\0\x08":
        raise ValueError(f"{path} is not an IDX file of bytes")
    n_axes = raw[3]
    sizes = np.frombuffer(raw, ">u4", n_axes, offset=4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * n_axes).reshape(sizes)


def hash_arrays(arrays: Arrays) -> str:
    """Return the SHA-256 of the arrays, or an empty string if they are not gray images and labels of bytes."""
    digest = hashlib.sha256()
    for name in ARRAY_NAMES:
        if arrays[name].dtype != np.uint8 or arrays[name].ndim != (3 if name.startswith("x") else 1):
            return ""
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()
