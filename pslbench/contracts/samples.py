"""Samples of every kind. Images and vectors are arrays. Texts, tables and images in files have types of their own."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args, overload

from pslbench.contracts.arrays import AnyArray, ArrayLike, Float64s, Floats, Ints

if TYPE_CHECKING:
    from pandas import DataFrame
    from PIL.Image import Image

SURROGATES = "surrogatepass"  # keeps names of files that are not valid UTF-8
SampleKind = Literal["images", "vectors", "texts", "tables"]
SAMPLE_KINDS: tuple[SampleKind, ...] = get_args(SampleKind)
SampleInput = Literal["images", "vectors", "texts", "tables", "features", "files"]  # what embedders and trainers take
SAMPLE_INPUTS: tuple[SampleInput, ...] = get_args(SampleInput)
MAPPED_ROWS = 16  # stored images that are read at once; the system may map 2 MB of the file for each
BLOCK_BYTES = 2**24  # of one block of stored images as float32


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts, stored in two arrays that processes can share. `texts[3]` is a str, `texts[[3, 5]]` are texts again.

    Attributes:
        utf8: uint8 (bytes,), all texts as UTF-8, one after another.
        ends: int64 (n,), where each text ends.
    """

    utf8: AnyArray
    ends: Ints

    @staticmethod
    def of(texts: Iterable[str]) -> Texts:
        """Store texts."""
        import numpy as np

        encoded = [text.encode("utf-8", SURROGATES) for text in texts]
        ends = np.cumsum([len(each) for each in encoded], dtype=np.int64)
        return Texts(np.frombuffer(b"".join(encoded), np.uint8), ends)

    def __post_init__(self) -> None:
        for array in (self.utf8, self.ends):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.ends)

    def __iter__(self) -> Iterator[str]:
        return (self._read(i) for i in range(len(self)))

    def _read(self, i: int) -> str:
        start = self.ends[i - 1] if i else 0
        return self.utf8[start : self.ends[i]].tobytes().decode("utf-8", SURROGATES)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice | ArrayLike) -> Texts: ...
    def __getitem__(self, index: Any) -> str | Texts:
        import numpy as np

        if isinstance(index, int | np.integer):
            return self._read(range(len(self))[index])
        return Texts.of(self._read(i) for i in np.arange(len(self))[index].tolist())


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: its name.
        categories: the names of its categories; None for a column of numbers.
    """

    name: str
    categories: tuple[str, ...] | None = None


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of a table. `table[[3, 5]]` are rows again; `table.to_frame()` is a pandas data frame.

    Attributes:
        values: float64 (n, columns): numbers, and for a column with categories the position of the category. A gap is
            NaN. The array becomes read-only.
        columns: the columns.
    """

    values: Float64s
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        self.values.flags.writeable = False

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: slice | ArrayLike) -> Table:
        return Table(self.values[index], self.columns)  # type: ignore[index]

    def to_frame(self) -> DataFrame:
        """Return a data frame with a column of numbers or categories per column."""
        import numpy as np
        import pandas as pd

        series: dict[str, object] = {}
        for column, values in zip(self.columns, self.values.T, strict=True):
            if column.categories is None:
                series[column.name] = values
            else:
                codes = np.where(np.isnan(values), -1, values).astype(np.int64)
                series[column.name] = pd.Categorical.from_codes(codes, pd.Index(column.categories))
        return pd.DataFrame(series)


@dataclass(frozen=True, eq=False)
class ImageFiles:
    """Image files, decoded one by one: `files[3]` is a picture, `files[[3, 5]]` are files again.

    Attributes:
        paths: the absolute paths.
        background: the color behind transparent parts, by name or as #rrggbb.
        checksum: identifies the contents of all files, or of those that these were selected from. If it is empty,
            `digest` reads the files.
    """

    paths: Texts
    background: str = "white"
    checksum: str = ""

    def __len__(self) -> int:
        return len(self.paths)

    def digest(self) -> str:
        """Return the checksum, or else the SHA-256, hexadecimal, of the background and the contents of all files."""
        import hashlib

        if self.checksum:
            return self.checksum
        digest = hashlib.sha256(self.background.encode())
        for path in self.paths:
            with Path(path).open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    def __iter__(self) -> Iterator[Image]:
        return (self[i] for i in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Image: ...
    @overload
    def __getitem__(self, index: slice | ArrayLike) -> ImageFiles: ...
    def __getitem__(self, index: Any) -> Image | ImageFiles:
        """Return an RGB image of Pillow that is turned as its EXIF tag says, or a selection of the files."""
        from pslbench.contracts.pictures import open_picture

        selected = self.paths[index]
        if isinstance(selected, Texts):
            return ImageFiles(selected, self.background, self.checksum)
        return open_picture(selected, self.background)


@dataclass(frozen=True, eq=False)
class StoredImages:
    """Images in a file, because they would take too much memory. They are indexed and iterated like an array.

    `images[3]`, `images[2:5]`, `images[[3, 5]]` and `images[mask]` are arrays, float32 in [0, 1]. So is
    `numpy.asarray(images)`, which takes the memory of all images. `iterate_blocks(images)` takes the memory of a block.

    Attributes:
        pixels: uint8 or float32 (n, height, width, channels), read-only, usually a memory map. Bytes are divided
            by 255.
    """

    pixels: AnyArray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.pixels.shape

    @property
    def ndim(self) -> int:
        return self.pixels.ndim

    @property
    def dtype(self) -> Any:
        import numpy as np

        return np.dtype(np.float32)

    @property
    def nbytes(self) -> int:
        """The bytes that the images would take in memory, as float32."""
        return 4 * self.pixels.size

    def __len__(self) -> int:
        return len(self.pixels)

    def __iter__(self) -> Iterator[Floats]:
        return (image for block in iterate_blocks(self) for image in block)

    def __getitem__(self, index: Any) -> Floats:
        import numpy as np

        if isinstance(index, tuple):
            return np.asarray(self)[index]
        selected = np.arange(len(self))[index]
        images = np.empty((selected.size, *self.shape[1:]), np.float32)
        divisor = np.float32(255 if self.pixels.dtype == np.uint8 else 1)
        for start in range(0, selected.size, MAPPED_ROWS):
            part = slice(start, start + MAPPED_ROWS)
            np.divide(self.pixels[selected.ravel()[part]], divisor, out=images[part])
            _release_pages(self.pixels)
        return images.reshape(*selected.shape, *self.shape[1:])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> AnyArray:
        images = self[:]
        return images if dtype is None else images.astype(dtype, copy=False)

    def reshape(self, *shape: int) -> Floats:
        """Return all images as an array of this shape, float32. It takes the memory of all images."""
        import numpy as np

        return np.asarray(self).reshape(*shape)


def _release_pages(array: AnyArray) -> None:
    """Give the memory of a mapped file back. Otherwise every page that was read counts as memory of this process."""
    mapped = getattr(array, "_mmap", None)  # of numpy.memmap, and of its views
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def iterate_blocks(samples: Any) -> Iterator[Any]:
    """Yield stored images as arrays of at most 17 MB each, and samples that are in memory all at once."""
    if not isinstance(samples, StoredImages):
        yield samples
        return
    for rows in block_slices(samples.shape):
        yield samples[rows]


def block_slices(shape: Sequence[int]) -> Iterator[slice]:
    """Yield slices of the first axis of an array of this shape. As float32 each is at most 17 MB, or one row."""
    size = max(1, BLOCK_BYTES // (4 * max(1, prod(shape[1:]))))
    return (slice(start, start + size) for start in range(0, shape[0], size))


Samples: TypeAlias = "Floats | StoredImages | Texts | Table"


def kind_of(samples: Samples) -> SampleKind:
    if isinstance(samples, Texts):
        return "texts"
    if isinstance(samples, Table):
        return "tables"
    return "images" if samples.ndim == 4 else "vectors"


def describe_samples(samples: Samples) -> str:
    """Return, for example, `images of 28 x 28 pixels`."""
    if isinstance(samples, Texts):
        return "texts"
    if isinstance(samples, Table):
        return f"rows of {len(samples.columns)} columns"
    if samples.ndim == 2:
        return f"vectors of {samples.shape[1]:,} numbers"
    height, width, channels = samples.shape[1:]
    return f"images of {width} x {height} pixels with {channels} channel{'s' if channels > 1 else ''}"


def sample_bytes(samples: Samples) -> Iterator[bytes]:
    """Yield the content of each sample. Equal samples have equal contents."""
    if isinstance(samples, Texts):
        return (text.encode("utf-8", SURROGATES) for text in samples)
    return (row.tobytes() for row in (samples.values if isinstance(samples, Table) else samples))


def samples_to_arrays(name: str, samples: Samples) -> dict[str, AnyArray]:
    """Return samples as arrays with names that start with `name`; `samples_from_arrays` is the inverse."""
    if isinstance(samples, Texts):
        return {f"{name}.utf8": samples.utf8, f"{name}.ends": samples.ends}
    if isinstance(samples, StoredImages):
        return {f"{name}.pixels": samples.pixels}
    return {f"{name}.values": samples.values} if isinstance(samples, Table) else {name: samples}


def table_columns(samples: Samples) -> list[tuple[str, tuple[str, ...] | None]]:
    """Return the name and the categories of each column of a table; empty for samples of another kind."""
    return [(column.name, column.categories) for column in samples.columns] if isinstance(samples, Table) else []


def samples_from_arrays(name: str, arrays: Mapping[str, AnyArray], columns: Sequence[Sequence[Any]] = ()) -> Samples:
    """Return samples from arrays; `columns` has the name and the categories of each column of a table."""
    if name in arrays:
        return arrays[name]
    if f"{name}.utf8" in arrays:
        return Texts(arrays[f"{name}.utf8"], arrays[f"{name}.ends"])
    if f"{name}.pixels" in arrays:
        return StoredImages(arrays[f"{name}.pixels"])
    kept = tuple(Column(each, None if names is None else tuple(names)) for each, names in columns)
    return Table(arrays[f"{name}.values"], kept)
