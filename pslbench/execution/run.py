"""Runs a grid: computes what is missing, saves each row when it is there, and notifies observers."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from pslbench.errors import InputError
from pslbench.execution.cache import CacheSettings, StageCache, trim
from pslbench.execution.estimate import RunClock, RunEstimate, TimeLeft, estimate_run
from pslbench.execution.executors import WorkerPool, dask_pool, local_pool
from pslbench.execution.scheduler import execute
from pslbench.execution.worker import WorkerConfig
from pslbench.parts import PartConfig
from pslbench.planning.cells import Cell, Plan
from pslbench.planning.grid import Grid
from pslbench.planning.identity import library_version
from pslbench.planning.plan import make_plan, preview_cells
from pslbench.plugins.catalog import Catalog
from pslbench.processor import cores
from pslbench.results.folder import ResultsFolder
from pslbench.results.manifest import Provenance, describe_machine, run_entry
from pslbench.results.records import Result, RunInfo

MANIFEST_PACKAGES = ("pslbench", "numpy", "pandas", "pluggy")  # in the manifest, besides the libraries of the parts
LIBRARY_PREFIX = "library "  # begins the name of a fact about a library


@dataclass(frozen=True, eq=False)
class RunStart:
    """A run that begins.

    Attributes:
        cells: all cells of the run.
        rows: those of cells that do not run again.
        time_left: estimates the rest of the run, at any time.
    """

    cells: tuple[Cell, ...]
    rows: tuple[Result, ...]
    time_left: Callable[[], TimeLeft]


class RunObserver(Protocol):
    """Is notified of the progress of a run."""

    def planning(self, cells: Sequence[Cell]) -> None:
        """Called before the data are loaded, with the cells that the grid may have. They have no keys yet."""

    def started(self, run: RunStart) -> None:
        """Called when the cells are planned and the first ones are about to start."""

    def progressed(self, cell: Cell, kind: str, message: str) -> None:
        """Called from any thread when a cell starts (`start`), when a `stage` of it begins, when it is `loading` a
        library, or when a stage was `computed` for a reason."""

    def finished(self, result: Result) -> None:
        """Called when a cell has ended."""

    def warn(self, message: str) -> None:
        """Called with a warning for the user."""

    def note(self, message: str) -> None:
        """Called with a line about what was converted, guessed or left out."""


@dataclass(frozen=True)
class RunSettings:
    """How cells run, and where their results go.

    Attributes:
        output: the folder of results.
        cache: the cache of stages.
        jobs: the number of workers; 0 for one per core.
        dask: the address of a Dask scheduler, or `local`; None for worker processes on this machine.
        retry_failed: whether cells that failed run again.
        fresh: whether all cells run again.
        timeout: seconds that a cell may take; None for no limit.
        memory_limit: bytes of its own that a worker may use; None for no limit.
        explain_cache: whether the observer is told why a stage is computed.
        plugin_files, disabled_plugins: the plugins that the catalog was made with, for the workers.
        command: the command line, for the manifest.
    """

    output: Path
    cache: CacheSettings
    jobs: int = 0
    dask: str | None = None
    retry_failed: bool = False
    fresh: bool = False
    timeout: float | None = None
    memory_limit: int | None = None
    explain_cache: bool = False
    plugin_files: tuple[str, ...] = ()
    disabled_plugins: tuple[str, ...] = ()
    command: tuple[str, ...] = ("pslbench",)

    def workers(self, n_cells: int) -> int:
        """Return the number of workers for so many cells."""
        return max(1, min(self.jobs or cores(), n_cells))


class RunInterruptedError(Exception):
    """The user interrupted a run. Its finished cells are saved.

    Attributes:
        folder: the folder of results.
        rows: those of the run that exist.
    """

    def __init__(self, folder: ResultsFolder, rows: list[Result]) -> None:
        super().__init__("interrupted")
        self.folder, self.rows = folder, rows


def run_grid(
    catalog: Catalog, grid: Grid, settings: RunSettings, observer: RunObserver
) -> tuple[ResultsFolder, list[Result]]:
    """Run the cells of a grid that have no row yet.

    A row that exists is replaced only when its successor is complete.

    Returns:
        The folder, and the rows of all cells of the grid. A cell that failed in this run has its failed row, even if
        the folder keeps an earlier row that succeeded.

    Raises:
        InputError: the grid does not fit the data, the folder cannot be written, or the workers cannot start.
        RunInterruptedError: the user interrupted the run.
    """
    _check(settings)
    load = lru_cache(maxsize=1)(catalog.call)
    observer.planning(preview_cells(catalog, grid))
    plan = _plan(catalog, grid, load, observer)
    if (folder := ResultsFolder(settings.output)).is_read_only and not missing_cells(plan, folder, settings):
        rows = folder.rows_of(cell.key for cell in plan.cells)
        observer.started(RunStart(plan.cells, tuple(rows), lambda: TimeLeft(0, 0)))
        return folder, rows
    try:
        settings.cache.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"cannot create the folder '{settings.cache.folder}' ({error.strerror})"
        raise InputError(f"{problem}; choose another --cache-dir") from None
    folder = ResultsFolder.create(settings.output)
    with folder.exclusive_lock():
        missing = missing_cells(plan, folder, settings)
        workers = settings.workers(len(missing))
        trim(settings.cache.folder, settings.cache.limit)
        try:
            with _open_pool(settings, len(missing), load, observer) as pool:
                folder.append_run(_manifest_entry(plan, settings, workers))
                known = folder.current_rows() if missing else []
                clock = RunClock(missing, known, StageCache(settings.cache), workers)
                return folder, _run(catalog, plan, folder, missing, pool, clock, observer)
        except KeyboardInterrupt:
            raise RunInterruptedError(folder, folder.rows_of(cell.key for cell in plan.cells)) from None
        finally:
            trim(settings.cache.folder, settings.cache.limit)


def estimate_grid(catalog: Catalog, grid: Grid, settings: RunSettings, observer: RunObserver) -> RunEstimate:
    """Estimate what `run_grid` would do. Nothing is run or written."""
    _check(settings)
    plan, folder = _plan(catalog, grid, catalog.call, observer), ResultsFolder(settings.output)
    missing = missing_cells(plan, folder, settings)
    rows = folder.current_rows() if folder.exists else []
    return estimate_run(plan, rows, missing, StageCache(settings.cache), settings.workers(len(missing)))


def missing_cells(plan: Plan, folder: ResultsFolder, settings: RunSettings) -> list[Cell]:
    """Return the cells that will run: those without a row, and those that the settings ask for."""
    if settings.fresh:
        return list(plan.cells)
    succeeded = {row.key: row.ok for row in folder.rows_of(cell.key for cell in plan.cells)}
    return [
        cell for cell in plan.cells if cell.key not in succeeded or (settings.retry_failed and not succeeded[cell.key])
    ]


def _check(settings: RunSettings) -> None:
    if settings.dask is not None and settings.dask != "local" and ":" not in settings.dask:
        raise InputError(f"--dask '{settings.dask}' is not an address; write local, or for example tcp://10.0.0.1:8786")
    if settings.dask and settings.explain_cache:
        raise InputError("--explain-cache works with the workers of this machine only; omit it, or omit --dask")


def _plan(catalog: Catalog, grid: Grid, load: Callable[[PartConfig], object], observer: RunObserver) -> Plan:
    plan = make_plan(catalog, grid, load)
    for note in plan.notes:
        observer.note(note)
    for warning in plan.warnings:
        observer.warn(warning)
    return plan


def _run(
    catalog: Catalog,
    plan: Plan,
    folder: ResultsFolder,
    missing: Sequence[Cell],
    pool: WorkerPool | None,
    clock: RunClock,
    observer: RunObserver,
) -> list[Result]:
    info = RunInfo(tuple(cell.info for cell in plan.cells), folder.path)
    catalog.notify("pslbench_run_started", observer.warn, run=info, plan=info)
    will_run = {cell.key for cell in missing}
    done = folder.rows_of(cell.key for cell in plan.cells if cell.key not in will_run)
    observer.started(RunStart(plan.cells, tuple(done), clock.time_left))
    failures: dict[str, Result] = {}  # of cells whose earlier row is kept
    outcomes = (
        execute(pool, missing, clock.seconds, lambda cell: observer.progressed(cell, "start", "")) if pool else ()
    )
    for row, artifacts in outcomes:
        clock.add(row)
        folder.write_cell(row, artifacts)
        observer.finished(row)
        if not row.ok and folder.has_success(row.key):
            failures[row.key] = row
        catalog.notify("pslbench_cell_finished", observer.warn, result=row)
    rows = [failures.get(row.key, row) for row in folder.rows_of(cell.key for cell in plan.cells)]
    catalog.notify("pslbench_run_finished", observer.warn, results=rows)
    return rows


def _open_pool(
    settings: RunSettings, n_cells: int, load: Callable[[PartConfig], object], observer: RunObserver
) -> AbstractContextManager[WorkerPool | None]:
    if not n_cells:
        return nullcontext()
    config = WorkerConfig(
        tuple(str(Path(file).absolute()) for file in settings.plugin_files),
        settings.disabled_plugins,
        settings.cache,
        str((settings.output / "workers.log").absolute()),
        str(Path.cwd()),
        tuple(str(Path(folder).absolute()) for folder in sys.path),
        settings.timeout,
        settings.memory_limit,
    )
    jobs = settings.workers(n_cells)
    if settings.dask:
        return dask_pool(config, jobs, settings.dask)
    return local_pool(config, jobs, load, observer.progressed)


def _manifest_entry(plan: Plan, settings: RunSettings, jobs: int) -> dict[str, Any]:
    facts = {name for cell in plan.cells for stage in cell.stages.values() for name in stage.facts}
    libraries = {name.removeprefix(LIBRARY_PREFIX) for name in facts if name.startswith(LIBRARY_PREFIX)}
    provenance = Provenance(
        {cell.dataset.text: cell.checksum for cell in plan.cells},
        {cell.combination: cell.fingerprint for cell in plan.cells},
    )
    return run_entry(
        settings.command,
        provenance,
        cells=len(plan.cells),
        jobs=jobs,
        **describe_machine(),
        versions={library: library_version(library) for library in sorted({*MANIFEST_PACKAGES, *libraries})},
    )
