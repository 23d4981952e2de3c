"""A cache of stages on disk, shared by all cells and runs. The key of an entry is a hash of all that determines it."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import uuid4

from pslbench.contracts.arrays import AnyArray
from pslbench.planning.cells import Stage

MIN_SECONDS = 0.1  # stages that take less are computed again, which costs no more than writing and reading them
MAX_IN_MEMORY = 6  # most recently used entries per process
ABANDONED_AFTER = 3600  # seconds, for a partial entry of a process that was killed
GIGABYTE = 10**9
METADATA = "entry.json"
NOT_CACHED = "not in the cache"
ENTRY_FOLDERS = ("stages", "images")  # decoded images are entries too, which `pslbench.datasets.image_store` writes


@dataclass(frozen=True, eq=False)
class Entry:
    """The output of a stage: arrays by name, and facts for JSON, such as the `seconds` it took."""

    arrays: Mapping[str, AnyArray]
    info: Mapping[str, Any] = field(default_factory=dict)


def with_info(entry: Entry, **facts: object) -> Entry:
    """Return the entry with more facts. They do not replace those that it has."""
    return Entry(entry.arrays, {**facts, **entry.info})


def timed(compute: Callable[[], Entry]) -> Entry:
    """Return what `compute` does, with the `seconds` that it took."""
    start = time.perf_counter()
    computed = compute()
    return with_info(computed, seconds=time.perf_counter() - start)


@dataclass(frozen=True)
class CacheSettings:
    """How stages are cached.

    Attributes:
        folder: of the cache.
        limit: its size in bytes.
        since: the time before which entries are ignored, in seconds since 1970.
        min_seconds: stages that take less time are not stored.
    """

    folder: Path
    limit: int
    since: float = 0
    min_seconds: float = MIN_SECONDS


class StageCache:
    """The cached stages of a folder. The most recently used entries are also held in memory.

    Args:
        settings: the folder and its limits.
        on_compute: called with a line about each stage that is computed, and the reason.
        on_wait: called with True when another process is waited for, and with False when the wait is over.
    """

    def __init__(
        self,
        settings: CacheSettings,
        on_compute: Callable[[str], None] = lambda _: None,
        on_wait: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._folder, self._limit, self._since = settings.folder, settings.limit, settings.since
        self._min_seconds = settings.min_seconds
        self._on_compute, self._on_wait = on_compute, on_wait
        self._locks = settings.folder / "locks"
        self._memory: OrderedDict[str, Entry] = OrderedDict()
        self._bytes_written = 0

    def get(self, stage: Stage, compute: Callable[[], Entry], always: bool = False) -> Entry:
        """Return the output of a stage from the cache, or compute it. Of several processes, only one computes it.

        Args:
            stage: identifies the output.
            compute: computes it.
            always: cache it even if it takes little time to compute.
        """
        if stage.key in self._memory:
            self._memory.move_to_end(stage.key)
        else:
            self._memory[stage.key] = self._read_or_compute(stage, compute, always)
            while len(self._memory) > MAX_IN_MEMORY:
                self._memory.popitem(last=False)
        return self._memory[stage.key]

    def replace(self, stage: Stage, entry: Entry) -> None:
        """Store another output of a stage."""
        self._memory[stage.key] = entry
        with self._lock(stage), contextlib.suppress(OSError):
            self._write(stage, entry)

    def holds(self, stage: Stage) -> bool:
        """Whether the stage is in memory."""
        return stage.key in self._memory

    def has(self, stage: Stage) -> bool:
        """Whether the stage is on disk."""
        return self._metadata(stage) is not None

    def _read_or_compute(self, stage: Stage, compute: Callable[[], Entry], always: bool) -> Entry:
        reason = self._why_missing(stage)
        if entry := self._read(stage):
            return entry
        with self._lock(stage):
            if entry := self._read(stage):  # another process was faster
                return entry
            entry = timed(compute)
            self._on_compute(f"{stage.title}: {reason or 'the cached entry is damaged'}")
            if always or entry.info["seconds"] >= self._min_seconds:
                with contextlib.suppress(OSError):  # a full disk costs time, not results
                    self._write(stage, entry)
        return self._read(stage) or entry  # memory-mapped, so that workers share it

    def _why_missing(self, stage: Stage) -> str:
        """Say why a stage must be computed; empty if it is cached."""
        if self.has(stage):
            return ""
        if os.path.exists(self._entry_folder(stage) / METADATA):  # noqa: PTH110 - false also if it cannot be read
            return "recomputed on request, or damaged"
        try:
            before = json.loads(self._trace(stage).read_text())
        except (OSError, ValueError):
            return NOT_CACHED
        changed = [name for name in stage.facts if before.get(name) != stage.facts[name]]
        return f"changed: {', '.join(changed)}" if changed else "evicted from the cache, or not readable"

    def _entry_folder(self, stage: Stage) -> Path:
        return self._folder / "stages" / stage.key[:2] / stage.key

    def _trace(self, stage: Stage) -> Path:
        """The file with the facts of the last stage of this title."""
        return self._folder / "traces" / hashlib.sha256(stage.title.encode()).hexdigest()[:32]

    @contextlib.contextmanager
    def _lock(self, stage: Stage) -> Iterator[None]:
        path = f"{self._locks}/{stage.key}"
        try:
            lock = self._locked(path)
        except OSError:  # the folder is not writable, so no process can share through it
            yield
            return
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.unlink(path)  # noqa: PTH108 - every stage does this, and pathlib is slow
            os.close(lock)

    def _locked(self, path: str) -> int:
        """Return a descriptor of the file, exclusively locked."""
        while True:
            try:
                lock = os.open(path, os.O_CREAT | os.O_RDWR)
            except FileNotFoundError:
                self._locks.mkdir(parents=True, exist_ok=True)
                continue
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._on_wait(True)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX)
                finally:
                    self._on_wait(False)
            if os.fstat(lock).st_nlink:
                return lock
            os.close(lock)  # the previous owner has removed the file

    def _metadata(self, stage: Stage) -> dict[str, Any] | None:
        try:
            meta: dict[str, Any] = json.loads((self._entry_folder(stage) / METADATA).read_text(encoding="utf-8"))
            return meta if meta["written"] >= self._since else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _read(self, stage: Stage) -> Entry | None:
        """Return the entry with memory-mapped arrays; None if there is none. A damaged entry is removed."""
        import numpy as np

        place = self._entry_folder(stage)
        if not (meta := self._metadata(stage)):
            return None
        try:
            arrays = {}
            for name, checksum in meta["arrays"].items():
                if _checksum(place / f"{name}.npy") != checksum:
                    raise ValueError(name)
                arrays[name] = np.load(place / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, KeyError, AttributeError):
            shutil.rmtree(place, ignore_errors=True)
            return None
        with contextlib.suppress(OSError):  # a cache that is read-only keeps its times
            os.utime(place / METADATA)
        return Entry(arrays, meta["info"])

    def _write(self, stage: Stage, entry: Entry) -> None:
        """Write the entry atomically."""
        place = self._entry_folder(stage)
        partial = place.with_name(f".{uuid4().hex}")
        partial.mkdir(parents=True)  # with the mode of the umask, so that users can share a cache
        try:
            for name, array in entry.arrays.items():
                _save(partial / f"{name}.npy", array)
            checksums = {name: _checksum(partial / f"{name}.npy") for name in entry.arrays}
            meta = {"stage": stage.name, "title": stage.title, "written": time.time()}
            meta |= {"info": entry.info, "arrays": checksums}
            (partial / METADATA).write_text(json.dumps(meta), encoding="utf-8")
            shutil.rmtree(place, ignore_errors=True)
            partial.rename(place)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        trace = self._trace(stage)
        trace.parent.mkdir(exist_ok=True)
        trace.write_text(json.dumps(dict(stage.facts)), encoding="utf-8")
        self._bytes_written += _size(place)
        if self._bytes_written > self._limit / 20:
            self._bytes_written = 0
            trim(self._folder, self._limit)


@dataclass(frozen=True)
class CacheEntry:
    """An entry on disk: its stage, its size in bytes, and the time of its last use in seconds since 1970."""

    place: Path
    stage: str
    size: int
    used: float


def list_entries(folder: Path) -> list[CacheEntry]:
    """Return the entries of a cache folder, the least recently used first."""
    found = []
    for meta in _glob(folder, f"??/*/{METADATA}"):
        with contextlib.suppress(OSError, ValueError):  # another process may remove it now
            stage = json.loads(meta.read_text(encoding="utf-8"))["stage"]
            found.append(CacheEntry(meta.parent, stage, _size(meta.parent), meta.stat().st_mtime))
    return sorted(found, key=lambda entry: entry.used)


def trim(folder: Path, limit: int) -> None:
    """Remove the least recently used entries until the rest has at most `limit` bytes."""
    for partial in _glob(folder, "??/.*"):
        with contextlib.suppress(OSError):  # another process may remove it now
            if time.time() - partial.stat().st_mtime > ABANDONED_AFTER:
                shutil.rmtree(partial, ignore_errors=True)
    entries = list_entries(folder)
    left = sum(entry.size for entry in entries)
    for entry in entries:
        if left <= limit:
            break
        shutil.rmtree(entry.place, ignore_errors=True)
        left -= entry.size


def clear(folder: Path) -> None:
    """Remove every entry."""
    for name in (*ENTRY_FOLDERS, "traces", "locks"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _glob(folder: Path, pattern: str) -> Iterator[Path]:
    return chain.from_iterable((folder / name).glob(pattern) for name in ENTRY_FOLDERS)


def _save(path: Path, array: AnyArray) -> None:
    """Write an array to an .npy file. A file that is mapped as a whole is linked or copied, because writing the array
    would bring all of it into memory."""
    import numpy as np

    if isinstance(array, np.memmap) and array.mode == "r" and array.filename and array.flags.c_contiguous:
        with contextlib.suppress(OSError, ValueError):
            stored = np.load(array.filename, mmap_mode="r", allow_pickle=False)
            if (stored.shape, stored.dtype) == (array.shape, array.dtype) and stored.flags.c_contiguous:
                _link_or_copy(Path(array.filename), path)
                return
    np.save(path, array, allow_pickle=False)


def _link_or_copy(source: Path, path: Path) -> None:
    """Link a file of another entry, which never changes. Copy it if that fails, or if it is a file of the user."""
    if (source.parent / METADATA).exists():
        with contextlib.suppress(OSError):  # another file system, or one without links
            path.hardlink_to(source)
            return
    shutil.copyfile(source, path)


def _size(place: Path) -> int:
    """Return the bytes of the files of an entry. A file that two entries share counts half for each of them."""
    return sum(status.st_size // status.st_nlink for status in (file.stat() for file in place.iterdir()))


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
