"""The dataset of a benchmark."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pslbench.contracts.arrays import AnyArray, Floats
from pslbench.contracts.conversion import convert_samples
from pslbench.contracts.frames import find_columns, read_samples, with_text_names
from pslbench.contracts.labels import NO_LABEL, SPLITS, convert_labels
from pslbench.contracts.samples import (
    ImageFiles,
    SampleInput,
    SampleKind,
    StoredImages,
    Table,
    iterate_blocks,
    kind_of,
    samples_to_arrays,
)
from pslbench.contracts.splitting import split_samples, take
from pslbench.errors import BadData, pluralize

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples with their classes, split into a training set (the pool) and a test set.

    The arguments are converted, the pool and the test set always alike. All arrays become read-only.

    Attributes:
        name: the name that result rows show.
        x_train, x_test: the samples, all of one kind.
            Images: float32 in [0, 1], (n, height, width, channels). Integers are divided by the largest value of their
            range: 1, 16, 255 or 65,535. Gray images may lack the last axis. Images that do not fit into memory are
            `StoredImages`.
            Vectors: float32, (n, features), any finite numbers.
            Texts: `Texts`; a sequence of str is converted.
            Tables: `Table`; a pandas data frame is converted.
        y_train, y_test: int64 (n,), class numbers from 0; -1 stands for no label. Names and other numbers are
            converted; NaN, None and empty texts stand for no label.
        classes: the names of the classes. The default is the labels that occur, sorted.
        features_train, features_test: float32 (n, d), features that belong to the data, for the embedder `given`; or
            None.
        files_train, files_test: the image files behind the samples, for embedders that decode them at a size of their
            own; or None.
        notes: one line about each thing that was left out, converted or guessed.

    Raises:
        BadData: an InputError. The arrays do not fit together, or cannot be converted.
    """

    name: str
    x_train: Any
    y_train: Any
    x_test: Any
    y_test: Any
    classes: tuple[str, ...] = ()
    features_train: Any = None
    features_test: Any = None
    files_train: ImageFiles | None = None
    files_test: ImageFiles | None = None
    notes: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        samples, notes = convert_samples(self.name, (self.x_train, self.x_test))
        sizes = [len(each) for each in samples]
        labels, classes, more = convert_labels(self.name, (self.y_train, self.y_test), sizes, self.classes)
        for array in labels:
            array.flags.writeable = False
        features = _convert_features(self.name, (self.features_train, self.features_test), sizes)
        _check_files(self.name, (self.files_train, self.files_test), sizes)
        for part, pair in (("x", samples), ("y", labels), ("features", features)):
            object.__setattr__(self, f"{part}_train", pair[0])
            object.__setattr__(self, f"{part}_test", pair[1])
        object.__setattr__(self, "classes", classes)
        object.__setattr__(self, "notes", tuple(dict.fromkeys((*self.notes, *notes, *more))))

    @classmethod
    def split(
        cls,
        name: str,
        x: Any,
        y: Any,
        *,
        test: float = 0.2,
        classes: tuple[str, ...] = (),
        features: Any = None,
        files: ImageFiles | None = None,
        notes: tuple[str, ...] = (),
    ) -> Dataset:
        """Split samples into the pool and the test set, always the same way. A note says how.

        Samples without a label and classes with a single sample stay in the pool.

        Args:
            name, classes, notes: as above.
            x, y, features, files: all samples; each is what the attribute of this name can be.
            test: the share of the test set, in (0, 1), the same in each class. The note names this parameter, so a
                dataset should have it too.

        Raises:
            InputError: the test set would be smaller than the number of classes, or the pool would; or the samples do
                not form a dataset.
        """
        sizes = {part: len(given) for part, given in (("x", x), ("y", y), ("features", features)) if given is not None}
        if len(set(sizes.values())) > 1:
            counts = ", ".join(f"{n:,} of {part}" for part, n in sizes.items())
            raise BadData(f"{name} has different numbers of samples: {counts}")
        pool, held_out, note = split_samples(name, y, test)
        pairs = [(take(each, pool), take(each, held_out)) for each in (x, y, features, files)]
        (x_train, x_test), (y_train, y_test), all_features, all_files = pairs
        return cls(name, x_train, y_train, x_test, y_test, classes, *all_features, *all_files, notes=(*notes, note))

    @classmethod
    def from_frame(
        cls,
        name: str,
        frame: DataFrame,
        test_frame: DataFrame | None = None,
        *,
        label: str | None = None,
        text: str | None = None,
        test: float = 0.2,
        classes: tuple[str, ...] = (),
        features: Any = None,
        notes: tuple[str, ...] = (),
        usage: str = "",
    ) -> Dataset:
        """Return a dataset of the rows of a data frame, or of the texts in one of its columns.

        Args:
            name, classes, notes: as above.
            frame, test_frame: all samples; or those of the pool and those of the test set, with the same columns.
            label: the column of the classes. If none, it is the column that is named label, class or target.
            text: the column of the texts; the other columns are left out. If none, the samples are texts if one column
                contains texts and there is at most one column besides it and the label; otherwise they are the rows.
            test: the share of the test set if there is no `test_frame`, as in `split`.
            features: features of each row, (n, d), those of the `test_frame` last; or None.
            usage: what a user types before `label=COLUMN`, for the error if the column of the classes is unclear.

        Raises:
            InputError: a column does not exist or is unclear, or the samples do not form a dataset.
        """
        frames = [with_text_names(each) for each in (frame, test_frame) if each is not None]
        label, text, guesses = find_columns(name, frames[0], label, text, usage)
        samples = [read_samples(each, label, text) for each in frames]
        notes = (*notes, *guesses)
        if len(samples) == 1:
            return cls.split(name, *samples[0], test=test, classes=classes, features=features, notes=notes)
        n = len(frames[0])
        own = (None, None) if features is None else (features[:n], features[n:])
        return cls(name, *samples[0], *samples[1], classes, own[0], own[1], notes=notes)

    @property
    def n_classes(self) -> int:
        return len(self.classes)

    @property
    def kind(self) -> SampleKind:
        """The kind of the samples: `images`, `vectors`, `texts` or `tables`."""
        return kind_of(self.x_train)

    @property
    def inputs(self) -> set[SampleInput]:
        """What embedders can take of the data: the samples, their files, and features that belong to them."""
        possible: dict[SampleInput, bool] = {"files": self.files_train is not None, "features": self.has_features}
        return {self.kind, *(name for name, is_present in possible.items() if is_present)}

    @property
    def has_features(self) -> bool:
        return self.features_train is not None

    @property
    def main_input(self) -> SampleInput:
        """What parts work on by default: the features that belong to the data if there are any, or the samples."""
        return "features" if self.has_features else self.kind

    @property
    def is_images(self) -> bool:
        return self.kind == "images"

    def labeled(self) -> Dataset:
        """Return the dataset without the samples that have no label. A note says how many there were."""
        has_label = [y != NO_LABEL for y in (self.y_train, self.y_test)]
        if missing := sum(int((~has).sum()) for has in has_label):
            kept = {
                f"{part}_{split}": take(getattr(self, f"{part}_{split}"), has)
                for split, has in zip(SPLITS, has_label, strict=True)
                for part in ("x", "y", "features", "files")
            }
            verb = "is" if missing == 1 else "are"
            note = f"{pluralize(missing, 'sample')} without a label (-1, empty or NaN) {verb} left out"
            return replace(self, **kept, notes=(*self.notes, note))
        return self

    @cached_property
    def checksum(self) -> str:
        """The SHA-256, hexadecimal, of the shapes and contents of all arrays and of the class names.

        Stored images have that of the same images in memory.
        """
        import hashlib

        import numpy as np

        digest = hashlib.sha256()
        for name, array in self.arrays().items():
            digest.update(str(array.shape).encode())
            for block in iterate_blocks(StoredImages(array) if name.endswith(".pixels") else array):
                digest.update(np.ascontiguousarray(block).data)
        texts = [*self.classes]
        texts += [repr(self.x_train.columns)] if isinstance(self.x_train, Table) else []
        texts += [each.digest() for each in (self.files_train, self.files_test) if each]
        digest.update("\0".join(texts).encode())
        return digest.hexdigest()

    def arrays(self) -> dict[str, AnyArray]:
        """Return the contents as arrays by name."""
        arrays = {**samples_to_arrays("x_train", self.x_train), "y_train": self.y_train}
        arrays |= {**samples_to_arrays("x_test", self.x_test), "y_test": self.y_test}
        if self.features_train is not None and self.features_test is not None:
            arrays |= {"features_train": self.features_train, "features_test": self.features_test}
        return arrays


def _check_files(name: str, files: tuple[ImageFiles | None, ImageFiles | None], sizes: list[int]) -> None:
    lengths = [None if each is None else len(each) for each in files]
    if lengths != [None, None] and lengths != sizes:
        raise BadData(
            f"{name}: files_train and files_test must have one file per sample, {sizes[0]:,} and {sizes[1]:,}"
        )


def _convert_features(
    name: str, given: tuple[AnyArray | None, AnyArray | None], sizes: list[int]
) -> tuple[Floats | None, Floats | None]:
    import numpy as np

    train, test = given
    if train is None and test is None:
        return None, None
    if train is None or test is None:
        raise BadData(f"{name} has features for only one of the pool and the test set; give features_train and _test")
    features = []
    for split, array, n in zip(SPLITS, map(np.asarray, (train, test)), sizes, strict=True):
        if array.ndim != 2 or len(array) != n or array.dtype.kind not in "biuf":
            problem = f"must be numbers ({n}, d), not {array.dtype} of shape {array.shape}"
            raise BadData(f"{name}: features_{split} {problem}")
        converted = array.astype(np.float32, copy=False).view()
        if not np.isfinite(converted).all():
            raise BadData(f"{name}: features_{split} contains NaN or infinite values, or numbers beyond float32")
        converted.flags.writeable = False
        features.append(converted)
    if features[0].shape[1] != features[1].shape[1]:
        raise BadData(f"{name}: features_train and features_test have different numbers of columns")
    return features[0], features[1]
