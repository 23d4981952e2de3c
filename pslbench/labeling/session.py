"""The folder of a labeling session."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from pslbench.errors import InputError, join_names, pluralize
from pslbench.folder_lock import LOCK, OWNER, lock_folder
from pslbench.labeling.answers import AnswerBook
from pslbench.labeling.audit import draw_audit
from pslbench.labeling.heap import Heap

SETTINGS, HEAP, ANSWERS, STAGES, LOG = "session.json", "heap.csv", "answers.jsonl", "stages", "worker.log"


@dataclass(frozen=True)
class Settings:
    """What a session was started with.

    Attributes:
        data: the heap as a dataset, as `parse_dataset` reads it.
        has_classes: whether the folders of the heap are classes, so that only the pool is the heap.
        budget: the number of labels that may be paid for, including the audit.
        audit: the number of samples in the audit.
        seed: of all random numbers.
        strategy, embedder, clusterer, trainer: the parts, as the catalog parses them.
        classes: the names of the classes that were given, or none if classes grow with the answers.
        plugin, no_plugin: the values of these options.
        checksum: of the heap.
    """

    data: str
    has_classes: bool
    budget: int
    audit: int
    seed: int
    strategy: str
    embedder: str
    clusterer: str
    trainer: str
    classes: tuple[str, ...] = ()
    plugin: tuple[str, ...] = ()
    no_plugin: tuple[str, ...] = ()
    checksum: str = ""

    @property
    def strategy_budget(self) -> int:
        """The number of labels that the strategy may ask for."""
        return self.budget - self.audit


class Session:
    """A session: its settings, its heap and its answers.

    Args:
        folder: of the session.
        settings: what it was started with.
        heap: the samples.
    """

    def __init__(self, folder: Path, settings: Settings, heap: Heap) -> None:
        self.folder, self.settings, self.heap = folder, settings, heap
        self.book = AnswerBook(folder / ANSWERS)

    @cached_property
    def audit(self) -> list[int]:
        """The samples of the audit, in the order in which they are asked."""
        drawn: list[int] = draw_audit(len(self.heap), self.settings.audit, self.settings.seed).tolist()
        return drawn

    @cached_property
    def index(self) -> dict[str, int]:
        """The position of each sample by its name."""
        return {name: i for i, name in enumerate(self.heap.names)}

    @property
    def open_audit(self) -> list[int]:
        """The samples of the audit that nobody has seen."""
        return [sample for sample in self.audit if not self.book.is_seen(sample)]

    def mix_with_audit(self, samples: Sequence[int], n_audit: int) -> list[int]:
        """Return samples and up to `n_audit` open ones of the audit, in random order, so that nobody can tell them."""
        import numpy as np

        mixed = list(dict.fromkeys((*samples, *self.open_audit[:n_audit])))
        rng = np.random.default_rng([self.settings.seed, len(self.book.labeled), len(self.book.skipped)])
        return [mixed[i] for i in rng.permutation(len(mixed))]

    @property
    def classes(self) -> list[str]:
        """The classes so far: those that were given, then those that were added, in the order of their appearance."""
        return list(dict.fromkeys((*self.settings.classes, *self.book.classes)))


def exists(folder: Path) -> bool:
    """Whether a folder contains a session."""
    return (folder / SETTINGS).is_file()


def create(folder: Path, settings: Settings, heap: Heap) -> Session:
    """Create the folder of a session. Raises InputError if it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / HEAP).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("sample", "digest"))
            writer.writerows(zip(heap.names, heap.digests, strict=True))
        partial = folder / f".{SETTINGS}"
        partial.write_text(json.dumps(asdict(settings), indent=2) + "\n", encoding="utf-8")
        partial.rename(folder / SETTINGS)
    except OSError as error:
        raise InputError(f"cannot write to '{folder}' ({error.strerror}); choose another folder with -o") from None
    return Session(folder, settings, heap)


def read_labels(folder: Path) -> dict[tuple[str, str], str]:
    """Return the label of each labeled sample of a session by its name and digest. Raises InputError."""
    read_settings(folder)
    book = AnswerBook(folder / ANSWERS)
    names = list(_read_digests(folder).items())
    return {names[sample]: str(book.label_of(sample)) for sample in book.labeled}


def _read_digests(folder: Path) -> dict[str, str]:
    """Return the digest of each sample by its name, as they were when the session began."""
    try:
        with (folder / HEAP).open(newline="", encoding="utf-8") as file:
            digests = dict(csv.reader(file))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / HEAP} cannot be read ({error}); restore it") from None
    digests.pop("sample", None)
    return digests


def read_settings(folder: Path) -> Settings:
    """Read the settings of a session. Raises InputError if there is none, or if they are damaged."""
    try:
        values = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return Settings(**(values | lists))
    except FileNotFoundError:
        raise InputError(f"'{folder}' contains no session; start one with pslbench label DATA -o {folder}") from None
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{folder / SETTINGS} cannot be read ({error}); restore it") from None


def check_heap(folder: Path, heap: Heap) -> None:
    """Raise InputError if samples of the heap are gone, new or altered since the session began."""
    before = _read_digests(folder)
    now = dict(zip(heap.names, heap.digests, strict=True))
    changes = {
        "gone": [name for name in before if name not in now],
        "new": [name for name in now if name not in before],
        "altered": [name for name in now if name in before and before[name] != now[name]],
    }
    said = [
        f"{pluralize(len(names), 'sample')} {what} ({join_names(names, 3)})" for what, names in changes.items() if names
    ]
    if said:
        advice = "restore the data, or start another session and take over the answers with --from"
        raise InputError(f"the heap has changed since the session began: {'; '.join(said)}; {advice} {folder}")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from the folder. Raises InputError if one uses it, or if it contains something else."""
    if folder.is_dir() and not exists(folder) and any(each.name not in (LOCK, OWNER) for each in folder.iterdir()):
        raise InputError(f"'{folder}' is not empty and contains no session; choose another folder with -o")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot create '{folder}' ({error.strerror}); choose another folder with -o") from None
    with lock_folder(
        folder, lambda process: f"process {process} uses the session in '{folder}'; end it, or wait for it"
    ):
        yield
