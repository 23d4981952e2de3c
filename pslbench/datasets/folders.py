"""Folders whose subfolders are classes, with or without `train/` and `test/`."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pslbench.contracts.arrays import AnyArray
from pslbench.contracts.labels import decode_text
from pslbench.contracts.splitting import shuffled, split_samples
from pslbench.errors import InputError, join_names, pluralize, suggest

JUNK = {"__macosx", "thumbs.db", "desktop.ini", "@eadir"}  # besides hidden files, such as .DS_Store
TEST_FOLDERS = ("test", "val", "valid", "validation")


@dataclass(frozen=True)
class ClassFolders:
    """The files of a folder by split and class.

    Attributes:
        pool, test: path and class of each file, sorted by path. `test` is empty if the folder has no test set.
        classes: the names of the classes of the pool, sorted.
        notes: one line about files that are passed over.
    """

    pool: list[tuple[Path, str]]
    test: list[tuple[Path, str]]
    classes: tuple[str, ...]
    notes: tuple[str, ...]

    def features_of(self, features: AnyArray | None, files: Iterable[Path]) -> AnyArray | None:
        """Return the rows of some files, (m, d), of features of all files, (n, d), those of the pool first."""
        if features is None:
            return None
        row = {file: i for i, (file, _) in enumerate((*self.pool, *self.test))}
        selected: AnyArray = features[[row[file] for file in files]]
        return selected


def read_class_folders(folder: Path, what: str, is_readable: Callable[[Path], bool]) -> ClassFolders:
    """Find the files of each class. Files in folders below a class folder belong to that class.

    Args:
        folder: it contains class folders, or `train/` and possibly `test/` with class folders.
        what: the readable files, in the plural.
        is_readable: whether a file is read, by its name.

    Raises:
        InputError: there is no such folder, or it has fewer than two classes with readable files.
    """
    if not folder.is_dir():
        raise InputError(f"no folder '{folder}'; -d takes the name of a dataset, a file or a folder")
    is_split = (folder / "train").is_dir()
    pool_folder = folder / "train" if is_split else folder
    test_folder = next((folder / name for name in TEST_FOLDERS if (folder / name).is_dir()), None) if is_split else None
    others = list[Path]()
    pool = sorted(_files_by_class(pool_folder, is_readable, others))
    test = sorted(_files_by_class(test_folder, is_readable, others)) if test_folder else []
    classes = tuple(sorted({name for _, name in pool}))
    if not classes:
        where = f"{pool_folder}/CLASS/"
        raise InputError(f"{folder} has no {what} in {where}; put those of each class into a folder of its name")
    if len(classes) < 2:
        raise InputError(f"{pool_folder} has only the class '{classes[0]}'; a benchmark needs at least two folders")
    if test_folder and not test:
        raise InputError(f"{test_folder} has no {what} in class folders; add some, or remove it to split {pool_folder}")
    if unknown := sorted({name for _, name in test} - set(classes)):
        raise InputError(
            f"{test_folder} has the class '{unknown[0]}', but {pool_folder} does not; {suggest(unknown[0], classes)}"
        )
    return ClassFolders(pool, test, classes, describe_others(others, what))


def _files_by_class(
    folder: Path, is_readable: Callable[[Path], bool], others: list[Path]
) -> Iterator[tuple[Path, str]]:
    """Yield the readable files of all classes with their class, and add the other files to `others`."""
    for class_folder in sorted(each for each in folder.iterdir() if each.is_dir() and not is_junk(each.name)):
        for path in find_files(class_folder, is_readable, others):
            yield path, decode_text(class_folder.name)


def find_files(folder: Path, is_readable: Callable[[Path], bool], others: list[Path]) -> Iterator[Path]:
    """Yield the readable files of a folder and of those below it, sorted, and add the other files to `others`."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_junk(name))
        for file in sorted(name for name in files if not is_junk(name)):
            path = Path(root, file)
            if is_readable(path):
                yield path
            else:
                others.append(path)


def is_junk(name: str) -> bool:
    """Whether a file or a folder is hidden, or was left by a file manager."""
    return name.startswith(".") or name.lower() in JUNK


def describe_others(others: list[Path], what: str) -> tuple[str, ...]:
    """Return a note about files that are passed over; `what` names the files that are read, in the plural."""
    if not others:
        return ()
    counts = Counter(path.suffix or "without a suffix" for path in others)
    kinds = join_names([f"{n:,} {suffix}" for suffix, n in counts.most_common()])
    verb = "is no" if len(others) == 1 else "are no"
    return (decode_text(f"{pluralize(len(others), 'file')} {verb} {what} and passed over: {kinds}, as {others[0]}"),)


def split_class_folders(
    name: str, found: ClassFolders, share: float
) -> tuple[list[tuple[Path, str]], list[tuple[Path, str]], tuple[str, ...]]:
    """Return the files of the pool and of the test set with their classes, in random order, and notes.

    Files without a test set are split.
    """
    import numpy as np

    if found.test:
        pool, test = (shuffled(np.arange(len(files))) for files in (found.pool, found.test))
        return [found.pool[i] for i in pool], [found.test[i] for i in test], found.notes
    pool, test, note = split_samples(name, [label for _, label in found.pool], share)
    return [found.pool[i] for i in pool], [found.pool[i] for i in test], (*found.notes, note)
