"""A folder of results: a file a cell, written whole or not at all; everything else is derived from those."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from filelock import FileLock, Timeout

from pslbench.errors import InputError
from pslbench.results.codec import TABLE, rows_of
from pslbench.results.records import CellArtifacts, LabelingRecord, Result

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pslbench.contracts.arrays import Floats, Ints


MANIFEST = "manifest.json"
FORMAT = 2  # of cells/KEY.json; 1 had no number, and no labels/ beside it
SIDECARS = {"predictions": ".npy", "labels": ".npz"}
TYPES: dict[str, Any] = {  # of the fields of a row, as JSON gives them
    "str": str,
    "int": int,
    "bool": bool,
    "float": (int, float),
    "dict[str, float]": dict,
    "dict[str, str] | None": (dict, type(None)),
}
Combination = tuple[str, int, str, str, str, str]


@dataclass(frozen=True)
class Provenance:
    """What rows must have been made with to count: `contents` by data set, `recipes` by combination."""

    contents: Mapping[str, str]
    fingerprints: Mapping[Combination, str]

    def __contains__(self, row: Result) -> bool:
        return (row.checksum, row.fingerprint) == (self.contents[row.dataset], self.fingerprints[row.combination])


class ResultsFolder:
    """Results in `folder`: `cells/KEY.json`, `predictions/KEY.npy`, `labels/KEY.npz`, `manifest.json`.

    Where there is no `cells`, as in a clone of a repository that keeps tables alone, rows are those of `results.csv`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._cells = folder / "cells"

    @classmethod
    def create(cls, folder: Path) -> ResultsFolder:
        """Make the folder ready to be written to. Raises InputError where it cannot be."""
        cls(folder).restore()
        try:
            for name in ("cells", *SIDECARS):
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
    def open(cls, folder: Path) -> ResultsFolder:
        """A folder that holds results. Raises InputError where it does not."""
        if not (store := cls(folder)).is_there:
            raise InputError(f"no results in '{folder}'; make some with pslbench run --all -o {folder}")
        return store

    @property
    def is_there(self) -> bool:
        """Whether the folder holds results."""
        return self._cells.is_dir() or self._keeps_tables_alone

    @property
    def _keeps_tables_alone(self) -> bool:
        return not self._cells.is_dir() and (self.folder / TABLE).is_file()

    def restore(self) -> None:
        """Make of the rows of `results.csv` cells, where there are none. Raises InputError where that cannot be."""
        if not self._keeps_tables_alone:
            return
        rows = self.rows()
        if not (self.folder / MANIFEST).exists():
            raise InputError(f"'{self.folder}' has a {TABLE} without its {MANIFEST}; bring that too, or choose another")
        with self._room(), TemporaryDirectory(prefix=".cells-", dir=self.folder) as partial:
            made = _cells_of(rows, Path(partial))
            try:
                made.rename(self._cells)
            except OSError:
                if not self._cells.is_dir():  # else another run was faster
                    raise

    @contextmanager
    def whole(self) -> Iterator[ResultsFolder]:
        """This folder, or a passing one with its cells, where it keeps tables alone; to read, and left as it is."""
        if not self._keeps_tables_alone:
            yield self
            return
        rows, runs = self.rows(), self.runs()
        with TemporaryDirectory(prefix="pslbench-") as passing:
            _cells_of(rows, Path(passing))
            copy = ResultsFolder(Path(passing))
            copy.note_runs(runs)
            yield copy

    def save(self, result: Result, evidence: CellArtifacts | None) -> None:
        """Save one row, with what is kept beside it."""
        import numpy as np

        with self._room():
            if evidence is not None:
                whole, parts = BytesIO(), BytesIO()  # into a file itself, numpy.save does not notice a full disk
                np.save(whole, evidence.probabilities)
                kept = {name: array for name, array in vars(evidence.labeling).items() if array is not None}
                small: Any = {name: _small(array) for name, array in kept.items()}
                np.savez_compressed(parts, **small)
                _write(self._beside("predictions", result.key), whole.getvalue(), sync=False)
                _write(self._beside("labels", result.key), parts.getvalue(), sync=False)
            _write(self._cell(result.key), _as_json(result))

    def add(self, files: Iterable[Path]) -> None:
        """Copy files of another folder of results to where they stand in this one."""
        for file in files:
            with self._room():
                _write(self.folder / file.parent.name / file.name, file.read_bytes(), sync=file.parent.name == "cells")

    def files(self, key: str) -> list[Path]:
        """What there is of a cell: what stands beside its row, then the row."""
        paths = [*(self._beside(kind, key) for kind in SIDECARS), self._cell(key)]
        return [path for path in paths if path.exists()]

    def _cell(self, key: str) -> Path:
        return self._cells / f"{key}.json"

    def _beside(self, kind: str, key: str) -> Path:
        return self.folder / kind / f"{key}{SIDECARS[kind]}"

    def forget(self, keys: Iterable[str]) -> None:
        """Remove the results of these cells."""
        for key in keys:
            self._cell(key).unlink(missing_ok=True)
            for kind in SIDECARS:
                self._beside(kind, key).unlink(missing_ok=True)

    def results(self, keys: Iterable[str] | None = None) -> list[Result]:
        """The rows saved: those of these cells, or of all that belong together.

        Where a part has changed since, or what is in a data file, rows from before and after do not belong together: of
        each combination those count that the last run asked for, and of each data set those of its content then.
        """
        if keys is None:
            rows = self.rows()
            lasting = self.lasting(rows)
            rows = [row for row in rows if row in lasting]
        elif self._keeps_tables_alone:
            wanted = set(keys)
            rows = [row for row in self.rows() if row.key in wanted]
        else:
            rows = [_read(path) for path in map(self._cell, keys) if path.exists()]
        return sorted(rows, key=lambda row: (*row.combination, row.seed))

    def rows(self) -> list[Result]:
        """Every row saved, in the order of their keys; those too that do not count any more."""
        if self._keeps_tables_alone:
            return sorted(rows_of(self.folder / TABLE, self.lasting(())), key=lambda row: row.key)
        return [_read(path) for path in sorted(self._cells.glob("*.json"))]

    def lasting(self, rows: Iterable[Result]) -> Provenance:
        """What rows must have been made with to count, by the runs and the `rows` of this folder."""
        rows = sorted(rows, key=lambda row: row.finished)
        contents = {row.dataset: row.checksum for row in rows}
        fingerprints = {row.combination: row.fingerprint for row in rows}
        for run in self.runs():
            contents |= run.get("data", {})
            fingerprints |= {tuple(combination): last for *combination, last in run.get("recipes", [])}
        return Provenance(contents, fingerprints)

    def probabilities(self, result: Result) -> Floats:
        """Class probabilities of the test samples, float16 (n_test, classes). Raises InputError where they are lost."""
        import numpy as np

        with self._readable("predictions", result) as path:
            kept: Floats = np.load(path, allow_pickle=False)
            return kept

    def labeling(self, result: Result) -> LabelingRecord | None:
        """What became of the pool; None where the row was made by a version that did not keep it. Raises InputError
        where it is damaged."""
        import numpy as np

        if not self._beside("labels", result.key).exists():
            return None
        with self._readable("labels", result) as path, np.load(path, allow_pickle=False) as kept:
            return LabelingRecord(**{name: array.astype(np.int64) for name, array in kept.items()})

    @contextmanager
    def _readable(self, kind: str, result: Result) -> Iterator[Path]:
        path = self._beside(kind, result.key)
        try:
            yield path
        except (OSError, ValueError, EOFError, TypeError, BadZipFile) as error:
            fault = "not there" if isinstance(error, FileNotFoundError) else "damaged"
            raise InputError(f"{path} is {fault}; have its cell computed again, with --fresh") from None

    def note_run(self, facts: dict[str, Any]) -> None:
        """Add what was asked, and where it runs, to the runs in `manifest.json`."""
        self.note_runs([*self.runs(), facts])

    def note_runs(self, runs: Sequence[Mapping[str, Any]]) -> None:
        """Let these be the runs in `manifest.json`."""
        text = json.dumps({"runs": list(runs)}, indent=2)
        with self._room():
            _write(self.folder / MANIFEST, text.encode() + b"\n")

    def runs(self) -> list[dict[str, Any]]:
        """What the manifest says of each run so far."""
        path = self.folder / MANIFEST
        said = _json(path) if path.exists() else {"runs": []}
        runs = said.get("runs") if isinstance(said, dict) else None
        if not (isinstance(runs, list) and all(_is_run(run) for run in runs)):
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


def _cells_of(rows: Iterable[Result], folder: Path) -> Path:
    """The folder `cells` that is made of these rows."""
    cells = folder / "cells"
    cells.mkdir()
    for row in rows:
        _write(cells / f"{row.key}.json", _as_json(row), sync=False)
    return cells


def _as_json(row: Result) -> bytes:
    return json.dumps({"format": FORMAT, **vars(row)}).encode()


def _read(path: Path) -> Result:
    said = _json(path)
    form = said.pop("format", 1) if isinstance(said, dict) else 0
    if not isinstance(form, int) or form > FORMAT:
        raise InputError(f"{path} has format {form}, this pslbench reads those up to {FORMAT}: use a newer one")
    try:
        row = Result(**said)
    except TypeError:
        raise InputError(f"{path} was written by another version of pslbench; choose another folder with -o") from None
    fits = all(isinstance(getattr(row, known.name), TYPES[str(known.type)]) for known in fields(Result))
    fits = fits and all(map(_is_number, [*row.scores.values(), *row.seconds.values()]))
    if not (fits and row.key == path.stem and _is_error(row.error)):
        raise InputError(f"{path} is damaged; remove it and run again")
    return row


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _is_error(said: Mapping[str, object] | None) -> bool:
    return said is None or all(isinstance(said.get(name), str) for name in ("type", "message"))


def _is_run(said: object) -> bool:
    if not (isinstance(said, dict) and all(isinstance(said.get(name, {}), dict) for name in ("data", "versions"))):
        return False
    fingerprints = said.get("recipes", [])
    return isinstance(fingerprints, list) and all(map(_is_recipe, fingerprints))


def _is_recipe(said: object) -> bool:
    """Whether it is a combination and what it was made with."""
    return isinstance(said, list) and [type(each) for each in said] == [str, int, *[str] * 5]


def _small(array: Ints) -> NDArray[np.integer[Any]]:
    """The same numbers, none of them negative, in the smallest type that holds them."""
    import numpy as np

    return array.astype(np.min_scalar_type(int(array.max(initial=0))))


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
