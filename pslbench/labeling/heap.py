"""A heap: samples that nobody has labeled yet, or only a few of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pslbench.contracts import Dataset, ImageFiles, Texts
from pslbench.contracts.conversion import convert_samples
from pslbench.contracts.frames import find_heap_columns, read_samples, with_text_names
from pslbench.contracts.labels import decode_text, is_missing, is_no_label
from pslbench.contracts.samples import (
    SampleInput,
    SampleKind,
    Samples,
    kind_of,
    sample_bytes,
    samples_to_arrays,
    table_columns,
)
from pslbench.errors import InputError, join_names, pluralize
from pslbench.execution.cache import Entry
from pslbench.parts import PartConfig, format_value
from pslbench.planning.plan import load_dataset
from pslbench.plugins.catalog import Catalog, parse_dataset
from pslbench.user_folders import expand_home


@dataclass(frozen=True, eq=False)
class Heap:
    """Samples with their names, and the labels that some of them have already.

    Attributes:
        name: of the heap.
        x: the samples, as in `Dataset`.
        names: the name of each sample: its path in the folder, or the number of its row, counted from 1.
        known: the label of each sample, or None.
        classes: the names of the classes in the order of a dataset, or none if the samples come from no dataset.
        features: float32 (n, d), features that belong to the samples, for the embedder `given`; or None.
        files: the image files behind the samples, or None.
        notes: one line about each thing that was left out, converted or guessed.
    """

    name: str
    x: Samples
    names: tuple[str, ...]
    known: tuple[str | None, ...]
    classes: tuple[str, ...] = ()
    features: Any = None
    files: ImageFiles | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    @property
    def x_train(self) -> Samples:
        """The samples. A dataset calls them so."""
        return self.x

    @property
    def kind(self) -> SampleKind:
        """The kind of the samples: `images`, `vectors`, `texts` or `tables`."""
        return kind_of(self.x)

    @property
    def has_features(self) -> bool:
        return self.features is not None

    @property
    def inputs(self) -> set[SampleInput]:
        """What embedders can take: the samples, their files, and features that belong to them."""
        possible: dict[SampleInput, bool] = {"files": self.files is not None, "features": self.has_features}
        return {self.kind, *(name for name, is_present in possible.items() if is_present)}

    @property
    def main_input(self) -> SampleInput:
        """What parts work on by default: the features that belong to the samples if there are any, or the samples."""
        return "features" if self.has_features else self.kind

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """The SHA-256 of the content of each sample, shortened to 32 hexadecimal digits."""
        return tuple(hashlib.sha256(content).hexdigest()[:32] for content in sample_bytes(self.x))

    @cached_property
    def checksum(self) -> str:
        """The SHA-256, hexadecimal, of all samples, and of the files and features that belong to them."""
        digest = hashlib.sha256("\0".join((*self.digests, repr(table_columns(self.x)))).encode())
        if self.files is not None:
            digest.update(self.files.digest().encode())
        if self.features is not None:
            digest.update(self.features.tobytes())
        return digest.hexdigest()

    def entry(self) -> Entry:
        """Return what workers know of the heap. It is its own test set."""
        facts: dict[str, object] = {"is_heap": True, "columns": table_columns(self.x)}
        arrays = samples_to_arrays("x_train", self.x)
        if self.features is not None:
            arrays["features_train"] = self.features
        if self.files is not None:
            arrays |= samples_to_arrays("files_train", self.files.paths)
            facts["background"] = self.files.background
        return Entry(arrays, facts)


def parse_heap(catalog: Catalog, text: str) -> PartConfig:
    """Parse the name of a dataset, or the path of a file or a folder. Raises InputError if it is not one heap.

    A folder is one of texts if it contains no other files than those with the suffix .txt.
    """
    if text.partition(":")[0] not in catalog.parts("dataset") and Path(expand_home(text)).is_dir():
        files = (name for _, _, names in os.walk(expand_home(text)) for name in names if not name.startswith("."))
        suffixes = {os.path.splitext(name)[1].lower() for name in files}  # noqa: PTH122
        text = f"{'texts' if suffixes == {'.txt'} else 'images'}:path={format_value(os.path.normpath(text))}"
    configs = parse_dataset(catalog, text)
    if len(configs) != 1:
        raise InputError(f"'{text}' stands for {len(configs)} datasets; name one")
    return configs[0]


def load_heap(config: PartConfig, load: Callable[[PartConfig], object], has_classes: bool = False) -> Heap:
    """Load a heap.

    Args:
        config: a dataset part. `images` and `texts` read every file of the folder, whatever its class; `table` and
            `npz` need no labels. Of any other dataset, the pool is the heap.
        load: loads a dataset.
        has_classes: whether the folders are those of classes, as in a benchmark. The pool is then the heap.

    Raises:
        InputError: the data cannot be read, or contain fewer than two samples.
    """
    readers = {"images": _read_images, "texts": _read_texts, "table": _read_table, "npz": _read_npz}
    reader = None if has_classes else readers.get(config.name)
    heap = reader(dict(config.values)) if reader else _pool_of(load_dataset(load, config), config)
    if len(heap) < 2:
        raise InputError(f"{heap.name} has {pluralize(len(heap), 'sample')}; a heap needs at least two")
    return heap


def _pool_of(data: Dataset, config: PartConfig) -> Heap:
    known = tuple(data.classes[y] for y in data.y_train)
    names = tuple(str(i + 1) for i in range(len(known)))
    if data.files_train is not None:
        names = _relative(data.files_train.paths, Path(expand_home(str(dict(config.values).get("path", "")))))
    return Heap(data.name, data.x_train, names, known, data.classes, data.features_train, data.files_train, data.notes)


def _relative(paths: Sequence[str] | Texts, folder: Path) -> tuple[str, ...]:
    folder = folder.resolve()
    resolved = (Path(path) for path in paths)
    return tuple(
        decode_text(str(path.relative_to(folder) if path.is_relative_to(folder) else path)) for path in resolved
    )


def _read_images(values: Mapping[str, Any]) -> Heap:
    from pslbench.datasets.decoding import check_bad
    from pslbench.datasets.images import image_filter, open_files, read_files

    folder, background = Path(expand_home(values["path"])), values["background"]
    files, notes = _find_files(folder, "images", image_filter())
    read = read_files(files, len(files), values["size"], background)
    kept = [file for i, file in enumerate(files) if i not in read.bad]
    notes = (*notes, *read.notes, *check_bad(str(folder), files, read.bad, values["skip_bad"]))
    features = _features(values, len(files))
    if features is not None and read.bad:
        features = features[[i for i in range(len(files)) if i not in read.bad]]
    names = _relative([str(file.resolve()) for file in kept], folder)
    unknown = (None,) * len(kept)
    files_of_heap = open_files(kept, background)
    return Heap(folder.resolve().name, read.x_train, names, unknown, (), features, files_of_heap, notes)


def _read_texts(values: Mapping[str, Any]) -> Heap:
    from pslbench.datasets.encodings import describe_encodings, detect_encoding

    folder = Path(expand_home(values["path"]))
    files, notes = _find_files(folder, "texts", lambda file: file.suffix.lower() == ".txt")
    encodings = [detect_encoding(file) for file in files]
    x = Texts.of(f.read_text(encoding=e, errors="replace") for f, e in zip(files, encodings, strict=True))
    names = _relative([str(file.resolve()) for file in files], folder)
    features = _features(values, len(files))
    notes = (*notes, *describe_encodings(encodings))
    return Heap(folder.resolve().name, x, names, (None,) * len(files), features=features, notes=notes)


def _find_files(folder: Path, what: str, is_readable: Callable[[Path], bool]) -> tuple[list[Path], tuple[str, ...]]:
    from pslbench.datasets.folders import describe_others, find_files

    if not folder.is_dir():
        raise InputError(f"no folder '{folder}'; give the path of a file or of a folder")
    others = list[Path]()
    files = list(find_files(folder, is_readable, others))
    if not files:
        raise InputError(f"{folder} has no {what}; put the files that you want to label into it")
    return files, describe_others(others, what)


def _read_table(values: Mapping[str, Any]) -> Heap:
    from pslbench.datasets.table import read_frame, without_index

    file = Path(expand_home(values["path"]))
    frame, notes = read_frame(file, values["label"])
    features = _features(values, len(frame))
    frame, more = without_index(with_text_names(frame))
    label, text, guesses = find_heap_columns(file.stem, frame, values["label"], values["text"])
    given, labels = read_samples(frame, label, text)
    x, converted = _converted(file.stem, given)
    known = tuple(_known(value) for value in labels)
    if label:
        n = sum(each is not None for each in known)
        guesses = (*guesses, f"{n:,} of {len(known):,} samples have a label in the column {label}")
    notes = (*notes, *more, *guesses, *converted)
    return Heap(file.stem, x, _rows(len(known)), known, features=features, notes=notes)


def _read_npz(values: Mapping[str, Any]) -> Heap:
    import numpy as np

    path = Path(expand_home(values["path"]))
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file}
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}); write it with numpy.savez(path, x=...)") from None
    name = next((each for each in ("x", "x_train", "features", "features_train") if each in arrays), None)
    if name is None:
        raise InputError(f"{path} has no array x (it has {join_names(list(arrays)) or 'none'}); name the samples x")
    x, notes = _converted(path.stem, arrays[name])
    labels = arrays.get(name.replace("x", "y", 1)) if name.startswith("x") else None
    known = tuple(map(_known, labels)) if labels is not None and len(labels) == len(x) else (None,) * len(x)
    return Heap(path.stem, x, _rows(len(x)), known, features=_features(values, len(x)), notes=notes)


def _converted(name: str, given: Any) -> tuple[Samples, tuple[str, ...]]:
    (x, _), notes = convert_samples(name, (given, given))
    return x, notes


def _known(value: Any) -> str | None:
    if is_missing(value) or is_no_label(value):
        return None
    is_whole = isinstance(value, float) and value.is_integer()  # gaps make a column of whole numbers one of floats
    return str(int(value)) if is_whole else decode_text(value)


def _rows(n: int) -> tuple[str, ...]:
    return tuple(str(i + 1) for i in range(n))


def _features(values: Mapping[str, Any], n: int) -> Any:
    import numpy as np

    from pslbench.datasets.files import read_features

    features = read_features(values.get("features"), n)
    return None if features is None else np.asarray(features, np.float32)
