"""Datasets that the library `datasets` reads: those of the Hugging Face hub, and local files and folders."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge, Interval

from pslbench import Dataset, InputError, dataset, read_images
from pslbench_hub.errors import cannot_load

if TYPE_CHECKING:
    import datasets
    import pandas as pd

LABEL_NAMES = ("label", "labels", "class", "target")
IMAGE_NAMES = ("image", "img")
TEST_NAMES = ("test", "val", "dev", "eval")  # the beginnings of the names of splits, the preferred first
NO_LABEL = -1  # in a test split whose labels are secret


@dataset("hf", reference="Lhoest et al. 2021, Datasets: A Community Library for NLP, EMNLP", positional="name")
def hf(
    *,
    name: str,
    config: str | None = None,
    label: str | None = None,
    text: str | None = None,
    image: str | None = None,
    test: Annotated[float, Interval(gt=0, lt=1)] = 0.2,
    size: Annotated[int | None, Ge(1)] = None,
    background: str = "white",
    skip_bad: bool = False,
) -> Dataset:
    """A dataset of the Hugging Face hub, as in `-d hf:stanfordnlp/imdb`, or local data that its library reads.

    If it has a column of images, the samples are these images. Otherwise they are texts or rows of a table. The test
    set is the split `test`, or else `validation`, if it has labels.

    Args:
        name: the name on the hub, as in stanfordnlp/imdb, or the path of a file or a folder.
        config: the configuration of a dataset that has several, such as a language.
        label: the column of the classes. If none, it is the only column of class labels, or the one that is named
            label, labels, class or target.
        text: the column of the texts. If none, the samples are texts if one column contains texts and there is at most
            one column besides it and the label.
        image: the column of the images. If none, it is the only one, or the one that is named image or img.
        test: the share of the test set if no split is one: the same in each class, drawn with a fixed seed.
        size: the width and height in pixels to which every image is scaled. If none, images are scaled to 64 if they
            differ in size or are larger than 128.
        background: the color behind transparent parts of images, by name or as #rrggbb.
        skip_bad: whether images that cannot be read are left out instead of refused.

    Raises:
        InputError: the dataset cannot be loaded, or a column does not exist or is unclear.
    """
    splits, usage = load_splits(name, config), f"-d hf:{name},"
    features = next(iter(splits.values())).features
    label = find_label(name, features, label, usage)
    parts, notes = choose_splits(splits, label)
    title, classes = title_of(name), tuple(getattr(features[label], "names", None) or ())
    image = None if text else find_images(name, features, image, usage)
    if image is None:
        frames, more = read_frames(parts, label, text)
        return Dataset.from_frame(
            title, *frames, label=label, text=text, test=test, classes=classes, notes=(*notes, *more), usage=usage
        )
    others = left_out([column for column in features if column not in (label, image)])
    pictures, labels = read_pictures(parts, image, label)
    x, is_read, more = read_images(name, pictures, size=size, background=background, skip_bad=skip_bad)
    y = [value for value, is_kept in zip(labels, is_read, strict=True) if is_kept]
    notes = (*notes, *others, *more)
    if len(parts) == 1:
        return Dataset.split(title, x, y, test=test, classes=classes, notes=notes)
    n = int(is_read[: len(parts[0])].sum())
    return Dataset(title, x[:n], y[:n], x[n:], y[n:], classes, notes=notes)


def title_of(name: str) -> str:
    """Return `imdb` for `stanfordnlp/imdb`, and the name of a file without its suffix."""
    path = local_path(name)
    return path.stem if path.is_file() else path.absolute().name


def local_path(name: str) -> Path:
    return Path(os.path.expanduser(name))  # noqa: PTH111 - pathlib raises an exception if there is no home folder


def load_splits(name: str, config: str | None) -> dict[str, datasets.Dataset]:
    """Load all splits without progress bars and messages of the libraries. Raises InputError."""
    import datasets
    import huggingface_hub

    datasets.disable_progress_bars()
    for library in (datasets, huggingface_hub):
        library.logging.set_verbosity(library.logging.CRITICAL)
    path = local_path(name)
    try:
        loaded = load_local(path, config) if path.exists() else datasets.load_dataset(name, config)
    except Exception as error:  # of the network, the hub, the disk, and each format
        raise cannot_load(f"hf:{name}", error, remedy(name, str(error))) from None
    return dict(loaded) if isinstance(loaded, dict) else {"train": loaded}


def load_local(path: Path, config: str | None) -> Any:
    """Load a file, a folder that `save_to_disk` wrote, or a folder of files."""
    import datasets

    if path.is_file():
        return datasets.load_dataset(str(path.parent), config, data_files=path.name)
    if (path / "dataset_dict.json").is_file() or (path / "state.json").is_file():
        return datasets.load_from_disk(str(path))
    return datasets.load_dataset(str(path), config)


def remedy(name: str, reason: str) -> str:
    """Say what to do about a dataset that cannot be loaded."""
    if "config name" in reason.lower():
        return f"name it, as in -d hf:{name},config=NAME"
    if local_path(name).exists():
        return "write CSV, Parquet, JSON lines or a folder of images, or use save_to_disk of the library datasets"
    elsewhere = "or copy what save_to_disk writes on another machine, and give that folder, as in -d hf:FOLDER"
    return f"check the name and the network, {elsewhere}"


def find_label(name: str, features: datasets.Features, label: str | None, usage: str) -> str:
    """Return the column of the classes. Raises InputError if it does not exist or is unclear."""
    import datasets

    if label is None:
        of_classes = [column for column, kind in features.items() if isinstance(kind, datasets.ClassLabel)]
        named = [column for column in features if column.lower() in LABEL_NAMES]
        label = find_one(name, "label", list(features), (of_classes, named), usage)
    if label not in features:
        raise InputError(f"{name} has no column '{label}'; its columns are {', '.join(features)}")
    if not isinstance(features[label], datasets.Value | datasets.ClassLabel):
        raise InputError(f"the column {label} of {name} does not have one class per sample; choose another with label=")
    return label


def find_images(name: str, features: datasets.Features, image: str | None, usage: str) -> str | None:
    """Return the column of the images; None if there is none. Raises InputError if it is unclear."""
    import datasets

    of_images = [column for column, kind in features.items() if isinstance(kind, datasets.Image)]
    if image is None and of_images:
        named = [column for column in of_images if column.lower() in IMAGE_NAMES]
        return find_one(name, "image", of_images, (of_images, named), usage)
    if image is not None and image not in of_images:
        raise InputError(f"{name} has no images in the column '{image}', but in: {', '.join(of_images) or 'none'}")
    return image


def find_one(name: str, what: str, columns: Sequence[str], candidates: Sequence[Sequence[str]], usage: str) -> str:
    """Return the column of the first candidates that are only one. Raises InputError if there is none."""
    for found in candidates:
        if len(found) == 1:
            return found[0]
    example = next((column for found in candidates for column in found), columns[-1])
    problem = f"{name} has no column that is clearly the {what}; name it, as in {usage}{what}={example}"
    raise InputError(f"{problem} (columns: {', '.join(columns)})")


def choose_splits(splits: Mapping[str, datasets.Dataset], label: str) -> tuple[list[datasets.Dataset], tuple[str, ...]]:
    """Return the pool, and the test set if a split has labels for one; and one line about each unusual choice."""
    tests = [split for start in TEST_NAMES for split in splits if split.lower().startswith(start)]
    others = [split for split in splits if split not in tests]
    pool = "train" if "train" in splits else [*others, *tests][0]
    secret = [split for split in tests if split != pool and not has_labels(splits[split], label)]
    test = next((split for split in tests if split not in (pool, *secret)), None)
    notes = [f"the split {split} has no labels and is left out" for split in secret]
    notes += [f"the pool is the split {pool}"] * (pool != "train")
    notes += [f"the test set is the split {test}"] * (test not in (None, "test"))
    unused = [split for split in splits if split not in (pool, test, *secret)]
    notes += [f"the split {split} of {len(splits[split]):,} samples is left out" for split in unused]
    return [splits[split] for split in (pool, test) if split], tuple(notes)


def has_labels(split: datasets.Dataset, label: str) -> bool:
    return label in split.features and any(value not in (NO_LABEL, None, "") for value in split.unique(label))


def read_frames(
    parts: Sequence[datasets.Dataset], label: str, text: str | None
) -> tuple[list[pd.DataFrame], tuple[str, ...]]:
    """Return the columns of numbers, texts and categories as data frames, and a note about the other columns."""
    import datasets

    features = parts[0].features
    plain = [column for column, kind in features.items() if isinstance(kind, datasets.Value | datasets.ClassLabel)]
    frames = [part.select_columns(plain).with_format(None).to_pandas() for part in parts]
    for column in (column for column in plain if column != label and isinstance(features[column], datasets.ClassLabel)):
        for frame in frames:
            frame[column] = frame[column].map(dict(enumerate(features[column].names)))
    nested = [f"{column} ({type(kind).__name__})" for column, kind in features.items() if column not in plain]
    return frames, () if text else left_out(nested)


def read_pictures(parts: Sequence[datasets.Dataset], image: str, label: str) -> tuple[Pictures, list[Any]]:
    """Return the images and the labels of all parts, one after another. No image is decoded."""
    import datasets

    rows = datasets.concatenate_datasets([part.select_columns([image, label]).with_format(None) for part in parts])
    return Pictures(rows.cast_column(image, datasets.Image(decode=False)), image), list(rows[label])


def left_out(columns: Sequence[str]) -> tuple[str, ...]:
    return (f"left out: {', '.join(columns)}",) if columns else ()


@dataclass(frozen=True)
class Pictures(Sequence[Any]):
    """The encoded images of a column. Each is read from the disk when it is taken: a path, a binary file or None.

    Attributes:
        rows: rows with the encoded images.
        column: the column of the images.
    """

    rows: datasets.Dataset
    column: str

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        encoded = self.rows[index][self.column]
        if encoded is None or encoded["bytes"] is None:
            return encoded and encoded["path"]
        return BytesIO(encoded["bytes"])
