"""A folder of results: a file a cell, written whole or not at all; everything else is derived from those."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from pslbench.contracts import Result
from pslbench.errors import InputError

if TYPE_CHECKING:
    from pslbench.contracts import Floats


MANIFEST = "manifest.json"


class Store:
    """Results in `folder`: `cells/KEY.json`, `predictions/KEY.npy`, `manifest.json`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, folder: Path) -> Store:
        """Make the folder ready to be written to. Raises InputError where it cannot be."""
        try:
            for name in ("cells", "predictions"):
                (folder / name).mkdir(parents=True, exist_ok=True)
            probe = folder / "cells" / f".probe-{os.getpid()}"
            _write(probe, b"")
            probe.unlink()
        except OSError as error:
            raise InputError(f"cannot write to '{folder}' ({error.strerror}); choose another with -o") from None
        return cls(folder)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps other runs off the folder. Raises InputError where one is writing to it."""
        lock, owner = FileLock(self.folder / ".lock"), self.folder / ".owner"
        try:
            lock.acquire(blocking=False)
        except Timeout:
            who = owner.read_text() if owner.exists() else "unknown"
            raise InputError(
                f"another run (process {who}) is writing to '{self.folder}'; wait for it, or choose another with -o"
            ) from None
        try:
            with suppress(OSError):
                owner.write_text(str(os.getpid()))
            yield
        finally:
            lock.release()

    @classmethod
    def open(cls, folder: Path) -> Store:
        """A folder that holds results. Raises InputError where it does not."""
        if not (folder / "cells").is_dir():
            raise InputError(f"no results in '{folder}'; make some with pslbench run --all -o {folder}")
        return cls(folder)

    def save(self, result: Result, probabilities: Floats | None) -> None:
        """Save one row; with its class probabilities of the test samples, float (n_test, classes), as float16."""
        import numpy as np

        with self._room():
            if probabilities is not None:
                whole = BytesIO()  # into a file itself, numpy.save does not notice a full disk
                np.save(whole, probabilities.astype(np.float16))
                _write(self.folder / "predictions" / f"{result.key}.npy", whole.getvalue(), sync=False)
            _write(self.folder / "cells" / f"{result.key}.json", json.dumps(vars(result)).encode())

    def forget(self, keys: Iterable[str]) -> None:
        """Remove the results of these cells."""
        for key in keys:
            (self.folder / "cells" / f"{key}.json").unlink(missing_ok=True)
            (self.folder / "predictions" / f"{key}.npy").unlink(missing_ok=True)

    def results(self, keys: Iterable[str] | None = None) -> list[Result]:
        """The rows saved: those of these cells, or of all that belong together.

        Where a part has changed since, or what is in a data file, rows from before and after do not belong together: of
        each combination those count that the last run asked for, and of each data set those of its content then.
        """
        cells = self.folder / "cells"
        paths = sorted(cells.glob("*.json")) if keys is None else [cells / f"{key}.json" for key in keys]
        rows = [_read(path) for path in paths if path.exists()]
        return sorted(self._lasting(rows) if keys is None else rows, key=lambda row: (*row.combination, row.seed))

    def _lasting(self, rows: Iterable[Result]) -> list[Result]:
        rows = sorted(rows, key=lambda row: row.finished)
        content = {row.dataset: row.checksum for row in rows}
        recipe = {row.combination: row.recipe for row in rows}
        for run in self._runs():
            content |= run.get("data", {})
            recipe |= {tuple(combination): last for *combination, last in run.get("recipes", [])}
        return [r for r in rows if r.checksum == content[r.dataset] and r.recipe == recipe[r.combination]]

    def probabilities(self, result: Result) -> Floats:
        """Class probabilities of the test samples, float16 (n_test, classes). Raises InputError where they are lost."""
        import numpy as np

        path = self.folder / "predictions" / f"{result.key}.npy"
        try:
            kept: Floats = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            raise InputError(f"{path} is damaged; remove cells/{result.key}.json beside it and run again") from None
        return kept

    def note_run(self, facts: dict[str, Any]) -> None:
        """Add what was asked, and where it runs, to the runs in `manifest.json`."""
        text = json.dumps({"runs": [*self._runs(), facts]}, indent=2)
        with self._room():
            _write(self.folder / MANIFEST, text.encode() + b"\n")

    def _runs(self) -> list[dict[str, Any]]:
        """What the manifest says of each run so far."""
        path = self.folder / MANIFEST
        said = _json(path) if path.exists() else {"runs": []}
        runs = said.get("runs") if isinstance(said, dict) else None
        if not (isinstance(runs, list) and all(isinstance(run, dict) for run in runs)):
            raise InputError(f"{path} was not written by pslbench; choose another folder with -o")
        return runs

    @contextmanager
    def _room(self) -> Iterator[None]:
        """Raises InputError where nothing more can be written."""
        try:
            yield
        except OSError as error:
            raise InputError(
                f"cannot write to '{self.folder}' ({error.strerror}); what is finished is saved: make room, and the "
                "same command goes on from there"
            ) from None


def _read(path: Path) -> Result:
    try:
        return Result(**_json(path))
    except TypeError:
        raise InputError(f"{path} was written by another version of pslbench; choose another folder with -o") from None


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(f"{path} is damaged; remove it and run again") from None


def _write(path: Path, content: bytes, sync: bool = True) -> None:
    """Write a file that takes its place only once it is complete, and, with `sync`, on the disk itself."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
