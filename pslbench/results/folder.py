"""A folder of results: one file per cell, written atomically. Everything else in it is derived from those files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import BadZipFile

from pslbench.contracts.arrays import Floats
from pslbench.errors import InputError, join_names, pluralize
from pslbench.folder_lock import lock_folder
from pslbench.results.codec import read_json, read_table, sort_rows, to_json
from pslbench.results.manifest import MANIFEST, Provenance, provenance_of, read_runs, to_manifest
from pslbench.results.records import CellArtifacts, LabelingRecord, Result

TABLE = "results.csv"
PARTS = "parts"  # the folder of parts that were passed to pslbench.run as objects
FILES = {"predictions": ".npy", "labels": ".npz", "cells": ".json"}  # of a cell: folder and suffix, the row last


class ResultsFolder:
    """Results in a folder: `cells/KEY.json`, `predictions/KEY.npy`, `labels/KEY.npz` and `manifest.json`.

    A folder without `cells`, such as one in a clone of a repository that keeps the tables only, has the rows of
    `results.csv`.
    """

    def __init__(self, path: Path, cells: Path | None = None) -> None:
        self.path = path
        self._cells = cells or path / "cells"

    @classmethod
    def create(cls, path: Path) -> ResultsFolder:
        """Prepare a folder for writing. Raises InputError if that is impossible."""
        folder = cls(path)
        folder.materialize_cells()
        try:
            for name in FILES:
                (path / name).mkdir(parents=True, exist_ok=True)
            probe = path / "cells" / f".probe-{os.getpid()}"
            _write(probe, b"")
            probe.unlink()
        except OSError as error:
            raise _not_writable(path, error) from None
        return folder

    @classmethod
    def open(cls, path: Path) -> ResultsFolder:
        """Open an existing folder of results. Raises InputError if it contains none."""
        if not (folder := cls(path)).exists:
            within = [str(child) for child in sorted(path.glob("*")) if cls(child).exists]
            advice = f"create results with pslbench run --all -o {path}"
            if within:
                advice = f"name one of its subfolders: {join_names(within)}"
            problem = "contains no results" if path.exists() else "does not exist"
            raise InputError(f"'{path}' {problem}; {advice}")
        return folder

    @property
    def exists(self) -> bool:
        """Whether the folder contains results."""
        return self._cells.is_dir() or self._has_only_tables

    @property
    def is_read_only(self) -> bool:
        """Whether this user cannot write to the folder."""
        return not all(os.access(path, os.W_OK) for path in (self.path, self._cells) if path.exists())

    @property
    def _has_only_tables(self) -> bool:
        return not self._cells.is_dir() and (self.path / TABLE).is_file()

    @contextmanager
    def exclusive_lock(self) -> Iterator[None]:
        """Keep other runs from writing to the folder. Raises InputError if one is writing."""

        def describe(process: str) -> str:
            problem = f"another run (process {process}) is writing to '{self.path}'"
            return f"{problem}; wait for it, or choose another with -o"

        with lock_folder(self.path, describe):
            yield

    def materialize_cells(self) -> None:
        """Create the files of the cells from `results.csv` if there are none. Raises InputError if that fails."""
        if not self._has_only_tables:
            return
        rows = self.all_rows()
        if not (self.path / MANIFEST).exists():
            raise InputError(f"'{self.path}' has a {TABLE} without its {MANIFEST}; add that, or choose another folder")
        with self._write_errors(), TemporaryDirectory(prefix=".cells-", dir=self.path) as partial:
            created = _create_cells(rows, Path(partial))
            try:
                created.rename(self._cells)
            except OSError:
                if not self._cells.is_dir():  # otherwise another run was faster
                    raise

    @contextmanager
    def with_cells(self) -> Iterator[ResultsFolder]:
        """Give this folder, or a view of it with temporary cells from `results.csv`. The folder stays as it is."""
        if not self._has_only_tables:
            yield self
            return
        with TemporaryDirectory(prefix="pslbench-") as temporary:
            yield ResultsFolder(self.path, _create_cells(self.all_rows(), Path(temporary)))

    def write_cell(self, row: Result, artifacts: CellArtifacts | None) -> None:
        """Save a row and the arrays beside it. A row of the same key is replaced, unless only the old one succeeded."""
        import numpy as np

        if not row.ok and self.has_success(row.key):
            return
        with self._write_errors():
            if artifacts is not None:
                predictions, labels = BytesIO(), BytesIO()  # numpy.save does not notice a full disk
                np.save(predictions, artifacts.probabilities)
                arrays = {name: array for name, array in vars(artifacts.labeling).items() if array is not None}
                types = {name: np.min_scalar_type(int(array.max(initial=0))) for name, array in arrays.items()}
                np.savez_compressed(labels, **{name: array.astype(types[name]) for name, array in arrays.items()})
                _write(self._file("predictions", row.key), predictions.getvalue(), sync=False)
                _write(self._file("labels", row.key), labels.getvalue(), sync=False)
            else:
                self._file("predictions", row.key).unlink(missing_ok=True)
                self._file("labels", row.key).unlink(missing_ok=True)
            _write(self._file("cells", row.key), to_json(row))

    def has_success(self, key: str) -> bool:
        """Whether the stored row of a cell succeeded."""
        try:
            return any(row.ok for row in self.rows_of([key]))
        except InputError:  # the row is damaged
            return False

    def part_file(self, name: str) -> Path:
        """Return the path of a file that a part needs and that no plugin has."""
        return self.path / PARTS / name

    def write_part(self, name: str, content: bytes) -> Path:
        """Save such a file unless it exists, and return its path. Raises InputError if that is impossible."""
        path = self.part_file(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                _write(path, content)
        except OSError as error:
            raise _not_writable(self.path, error) from None
        return path

    def copy_files(self, files: Iterable[Path]) -> None:
        """Copy files of another folder of results to the same place in this one."""
        for file in files:
            with self._write_errors():
                _write(self.path / file.parent.name / file.name, file.read_bytes(), sync=file.parent.name == "cells")

    def files_of(self, key: str) -> list[Path]:
        """Return the existing files of a cell, that of its row last."""
        return [path for kind in FILES if (path := self._file(kind, key)).exists()]

    def _file(self, kind: str, key: str) -> Path:
        folder = self._cells if kind == "cells" else self.path / kind
        return folder / f"{key}{FILES[kind]}"

    def rows_of(self, keys: Iterable[str]) -> list[Result]:
        """Return the rows of these cells, as far as they exist, sorted."""
        if self._has_only_tables:
            wanted = set(keys)
            return sort_rows(row for row in self.all_rows() if row.key in wanted)
        return sort_rows(read_json(path) for key in keys if (path := self._file("cells", key)).exists())

    def current_rows(self) -> list[Result]:
        """Return the current rows: those with the fingerprints and dataset checksums of the last run, sorted."""
        return self.split_rows()[0]

    def split_rows(self) -> tuple[list[Result], list[Result]]:
        """Return the current rows, and the outdated ones, each sorted."""
        rows = self.all_rows()
        provenance = self.provenance(rows)
        current = sort_rows(row for row in rows if provenance.covers(row))
        return current, sort_rows(row for row in rows if not provenance.covers(row))

    def all_rows(self) -> list[Result]:
        """Return every row, including those that are not current, in the order of their keys."""
        if not self._has_only_tables:
            return _read_cells(sorted(self._cells.glob("[!.]*.json")))  # macOS adds hidden files to copies
        declared = self.provenance(())  # has what tables of version 0.1 lack
        rows = [
            replace(
                row,
                checksum=row.checksum or declared.dataset_checksums.get(row.dataset, ""),
                fingerprint=row.fingerprint or declared.fingerprints.get(row.combination, ""),
            )
            for row in read_table(self.path / TABLE)
        ]
        return sorted(rows, key=lambda row: row.key)

    def provenance(self, rows: Iterable[Result]) -> Provenance:
        """Return what rows must have been computed with to be current, from the manifest and the rows of the folder."""
        return provenance_of(rows, self.runs())

    def probabilities(self, row: Result) -> Floats:
        """Return the class probabilities of the test samples, float16 (n_test, classes). Raises InputError if lost."""
        import numpy as np

        with self._read_errors("predictions", row) as path:
            stored: Floats = np.load(path, allow_pickle=False)
            return stored

    def labeling(self, row: Result) -> LabelingRecord | None:
        """Return the labeling of a row; None if it was not stored (version 0.1). Raises InputError if damaged."""
        import numpy as np

        if not self._file("labels", row.key).exists():
            return None
        with self._read_errors("labels", row) as path, np.load(path, allow_pickle=False) as stored:
            return LabelingRecord(**{name: array.astype(np.int64) for name, array in stored.items()})

    @contextmanager
    def _read_errors(self, kind: str, row: Result) -> Iterator[Path]:
        path = self._file(kind, row.key)
        try:
            yield path
        except (OSError, ValueError, EOFError, TypeError, BadZipFile) as error:
            problem = "missing" if isinstance(error, FileNotFoundError) else "damaged"
            raise InputError(f"{path} is {problem}; run its cell again with --fresh") from None

    def runs(self) -> list[dict[str, Any]]:
        """Return the entries of the manifest, the oldest first."""
        return read_runs(self.path)

    def append_run(self, entry: Mapping[str, Any]) -> None:
        """Add an entry to the manifest."""
        self.write_runs([*self.runs(), entry])

    def write_runs(self, runs: Iterable[Mapping[str, Any]]) -> None:
        """Replace the entries of the manifest."""
        with self._write_errors():
            _write(self.path / MANIFEST, to_manifest(runs))

    @contextmanager
    def _write_errors(self) -> Iterator[None]:
        """Raises InputError if nothing more can be written."""
        try:
            yield
        except OSError as error:
            raise InputError(
                f"cannot write to '{self.path}' ({error.strerror}); finished cells are saved: free some space, and run "
                "the same command to continue"
            ) from None


def _not_writable(path: Path, error: OSError) -> InputError:
    return InputError(f"cannot write to '{path}' ({error.strerror}); choose another folder with -o")


def _read_cells(paths: Iterable[Path]) -> list[Result]:
    """Read the rows of cells. Raises InputError that describes the first unreadable file and counts the others."""
    rows, problems = list[Result](), list[str]()
    for path in paths:
        try:
            rows.append(read_json(path))
        except InputError as error:
            problems.append(str(error))
    if problems:
        more = f"; {pluralize(len(problems) - 1, 'other file')} cannot be read either" if len(problems) > 1 else ""
        raise InputError(f"{problems[0]}{more}")
    return rows


def _create_cells(rows: Iterable[Result], folder: Path) -> Path:
    cells = folder / "cells"
    cells.mkdir()
    for row in rows:
        _write(cells / f"{row.key}.json", to_json(row), sync=False)
    return cells


def _write(path: Path, content: bytes, sync: bool = True) -> None:
    """Write a file atomically: it appears only when it is complete and, with `sync`, on the disk."""
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
