"""Keeps stages on disk, each under the hash of all that determines it, for every cell and every later run."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORTH_KEEPING = 0.1  # seconds: what takes less is computed again, which costs no more than to write and read it
IN_MEMORY = 6  # stages a process, the last ones used
ABANDONED = 3600  # seconds after which what was not written to its end will not be
GIGABYTE = 10**9
META = "entry.json"
UNKNOWN = "not kept so far"


@dataclass(frozen=True)
class Stage:
    """One computation, by all that determines what it gives.

    Attributes:
        name: `data`, `embed`, `graph`, `cluster`, `label` or `train`.
        title: what a user would call it; stages of one title differ in code, versions or data.
        facts: what determines it, by name; `upstream` is the key of the stage before it.
    """

    name: str
    title: str
    facts: Mapping[str, str]

    @cached_property
    def key(self) -> str:
        return hashlib.sha256(json.dumps([self.name, dict(self.facts)]).encode()).hexdigest()[:32]

    def __reduce__(self) -> tuple[Any, ...]:
        return Stage, (self.name, self.title, dict(self.facts))


@dataclass(frozen=True, eq=False)
class Entry:
    """What a stage gave: arrays by name, and facts that JSON can hold, `seconds` among them."""

    arrays: Mapping[str, NDArray[Any]]
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """Where stages are kept, how many bytes of them, and since when: what is older is computed again."""

    folder: Path
    limit: int
    since: float = 0


class StageCache:
    """The stages of a folder; the last ones used are kept in memory too.

    Args:
        settings: where, and how much.
        tell: hears of each stage that is computed, and why.
        waits: hears when another process is waited for, and when no longer.
    """

    def __init__(
        self,
        settings: Settings,
        tell: Callable[[str], None] = lambda _: None,
        waits: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._folder, self._limit, self._since = settings.folder, settings.limit, settings.since
        self._tell, self._waits = tell, waits
        self._locks = settings.folder / "locks"
        self._memory: OrderedDict[str, Entry] = OrderedDict()
        self._written = 0

    def get(
        self,
        stage: Stage,
        compute: Callable[[], Entry],
        always: bool = False,
        or_else: Stage | None = None,
        keep_as: Callable[[Entry], Stage] | None = None,
    ) -> Entry:
        """What the stage gives; computed where it is not kept. Of two processes that want it, one computes it.

        Args:
            stage: what is wanted.
            compute: gives it.
            always: keep it even where computing it takes no time.
            or_else: another stage that would do.
            keep_as: which of the two it turned out to be, where that can only be told afterwards.
        """
        wanted = [each for each in (stage, or_else) if each]
        for each in wanted:
            if each.key in self._memory:
                self._memory.move_to_end(each.key)
                return self._memory[each.key]
        entry, kept_as = self._read_or_compute(wanted, compute, always, keep_as or (lambda _: stage))
        self._memory[kept_as.key] = entry
        while len(self._memory) > IN_MEMORY:
            self._memory.popitem(last=False)
        return entry

    def holds(self, stage: Stage) -> bool:
        """Whether it is in memory."""
        return stage.key in self._memory

    def has(self, stage: Stage) -> bool:
        """Whether it is kept on disk."""
        return self._meta(stage) is not None

    def _read_or_compute(
        self, wanted: Sequence[Stage], compute: Callable[[], Entry], always: bool, keep_as: Callable[[Entry], Stage]
    ) -> tuple[Entry, Stage]:
        stage = wanted[0]
        why = min((self._missing(each) for each in wanted), key=lambda words: words == UNKNOWN)
        if found := self._read_any(wanted):
            return found
        with self._lock(stage):
            if found := self._read_any(wanted):  # another process was faster
                return found
            start = time.perf_counter()
            computed = compute()
            seconds = time.perf_counter() - start
            self._tell(f"{stage.title}: {why or 'what was kept is damaged'}")
            entry = Entry(computed.arrays, {"seconds": seconds, **computed.info})
            stage = keep_as(entry)
            if always or seconds >= WORTH_KEEPING:
                with contextlib.suppress(OSError):  # a full disk costs time, no result
                    self._write(stage, entry)
        return self._read(stage) or entry, stage  # mapped, so that workers share it

    def _read_any(self, wanted: Sequence[Stage]) -> tuple[Entry, Stage] | None:
        return next(((kept, stage) for stage in wanted if (kept := self._read(stage))), None)

    def _missing(self, stage: Stage) -> str:
        """Why it has to be computed, in words; empty where it is kept."""
        if self.has(stage):
            return ""
        if (self._place(stage) / META).exists():
            return "asked for afresh, or damaged"
        try:
            before = json.loads(self._trace(stage).read_text())
        except (OSError, ValueError):
            return UNKNOWN
        changed = [name for name in stage.facts if before.get(name) != stage.facts[name]]
        words = {"upstream": "the stage before it"}
        return f"changed: {', '.join(words.get(name, name) for name in changed)}" if changed else "no longer kept"

    def _place(self, stage: Stage) -> Path:
        return self._folder / "stages" / stage.key[:2] / stage.key

    def _trace(self, stage: Stage) -> Path:
        """What determined the last stage of this title."""
        return self._folder / "traces" / hashlib.sha256(stage.title.encode()).hexdigest()[:32]

    @contextlib.contextmanager
    def _lock(self, stage: Stage) -> Iterator[None]:
        path = f"{self._locks}/{stage.key}"
        try:
            lock = self._locked(path)
        except OSError:  # nowhere to write: nobody to share with either
            yield
            return
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.unlink(path)  # noqa: PTH108 - this is done for every stage, and pathlib takes its time
            os.close(lock)

    def _locked(self, path: str) -> int:
        """A descriptor of the file, which nobody else has locked."""
        while True:
            try:
                lock = os.open(path, os.O_CREAT | os.O_RDWR)
            except FileNotFoundError:
                self._locks.mkdir(parents=True, exist_ok=True)
                continue
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._waits(True)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX)
                finally:
                    self._waits(False)
            if os.fstat(lock).st_nlink:
                return lock
            os.close(lock)  # who had it before has removed it

    def _meta(self, stage: Stage) -> dict[str, Any] | None:
        try:
            meta: dict[str, Any] = json.loads((self._place(stage) / META).read_text(encoding="utf-8"))
            return meta if meta["written"] >= self._since else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _read(self, stage: Stage) -> Entry | None:
        """The entry, its arrays mapped from disk; None where there is none, or a damaged one, which is removed."""
        import numpy as np

        place = self._place(stage)
        if not (meta := self._meta(stage)):
            return None
        try:
            arrays = {}
            for name, checksum in meta["arrays"].items():
                if _checksum(place / f"{name}.npy") != checksum:
                    raise ValueError(name)
                arrays[name] = np.load(place / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            os.utime(place / META)
        except (OSError, ValueError, KeyError, AttributeError):
            shutil.rmtree(place, ignore_errors=True)
            return None
        return Entry(arrays, meta["info"])

    def _write(self, stage: Stage, entry: Entry) -> None:
        """Write the entry beside its place and move it there whole."""
        import numpy as np

        place = self._place(stage)
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".", dir=place.parent))
        try:
            for name, array in entry.arrays.items():
                np.save(partial / f"{name}.npy", array, allow_pickle=False)
            checksums = {name: _checksum(partial / f"{name}.npy") for name in entry.arrays}
            meta = {"stage": stage.name, "title": stage.title, "written": time.time()}
            meta |= {"info": entry.info, "arrays": checksums}
            (partial / META).write_text(json.dumps(meta), encoding="utf-8")
            shutil.rmtree(place, ignore_errors=True)
            partial.rename(place)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        trace = self._trace(stage)
        trace.parent.mkdir(exist_ok=True)
        trace.write_text(json.dumps(dict(stage.facts)), encoding="utf-8")
        self._written += _size(place)
        if self._written > self._limit / 20:
            self._written = 0
            trim(self._folder, self._limit)


def cache_root(folder: Path | None = None) -> Path:
    """The folder that stages are kept in: `folder`, else `PSLBENCH_CACHE_DIR`, else the user's cache folder."""
    import platformdirs

    return folder or Path(os.environ.get("PSLBENCH_CACHE_DIR") or platformdirs.user_cache_dir("pslbench"))


@dataclass(frozen=True)
class CacheEntry:
    """An entry on disk: its stage, its size in bytes, and when it was last used, in seconds since 1970."""

    place: Path
    stage: str
    size: int
    used: float


def kept(folder: Path) -> list[CacheEntry]:
    """The entries of a cache folder, the least recently used first."""
    found = []
    for meta in (folder / "stages").glob(f"??/*/{META}"):
        with contextlib.suppress(OSError, ValueError):  # it may be removed at this very moment
            stage = json.loads(meta.read_text(encoding="utf-8"))["stage"]
            found.append(CacheEntry(meta.parent, stage, _size(meta.parent), meta.stat().st_mtime))
    return sorted(found, key=lambda entry: entry.used)


def trim(folder: Path, limit: int) -> None:
    """Drop the least recently used entries until the others have `limit` bytes or fewer."""
    for partial in (folder / "stages").glob("??/.*"):
        with contextlib.suppress(OSError):  # of a worker that was killed
            if time.time() - partial.stat().st_mtime > ABANDONED:
                shutil.rmtree(partial, ignore_errors=True)
    entries = kept(folder)
    left = sum(entry.size for entry in entries)
    for entry in entries:
        if left <= limit:
            break
        shutil.rmtree(entry.place, ignore_errors=True)
        left -= entry.size


def clear(folder: Path) -> None:
    """Drop every entry."""
    for name in ("stages", "traces", "locks"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _size(place: Path) -> int:
    return sum(file.stat().st_size for file in place.iterdir())


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
