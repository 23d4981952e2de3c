"""Runs cells in worker processes that live on between cells."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pslbench.contracts import Dataset, Result
from pslbench.engine.plan import Cell
from pslbench.parts import Choice

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

    from pslbench.contracts import Floats

Outcome = tuple[Result, "Floats | None"]


@dataclass(frozen=True)
class Workers:
    """How many workers there are and what each is told at its start.

    Attributes:
        jobs: how many worker processes.
        plugin_files, plugins_off: what was given as `--plugin` and `--no-plugin`.
        log: the file that what a worker prints is appended to.
    """

    jobs: int
    plugin_files: tuple[str, ...]
    plugins_off: tuple[str, ...]
    log: Path


def execute(workers: Workers, cells: Sequence[Cell], tell: Callable[[Cell, str], None]) -> Iterator[Outcome]:
    """Run the cells and yield each outcome as it comes.

    Where a worker dies, the cells that were running are tried once more, each with a worker to itself; those that kill
    it again fail. The others never notice.

    Args:
        workers: how to run them.
        cells: what to run, started in this order.
        tell: hears of each cell and the stage that it enters.
    """
    left = {cell.key: cell for cell in cells}
    while left:
        running: dict[str, Cell] = {}

        def note(cell: Cell, stage: str, running: dict[str, Cell] = running) -> None:
            running[cell.key] = cell
            tell(cell, stage)

        try:
            for result, probabilities in _attempt(workers, list(left.values()), note):
                left.pop(result.key)
                running.pop(result.key, None)
                yield result, probabilities
        except BrokenProcessPool:
            for cell in list(running.values()) or list(left.values())[:1]:
                yield _alone(workers, left.pop(cell.key), tell)


def _alone(workers: Workers, cell: Cell, tell: Callable[[Cell, str], None]) -> Outcome:
    try:
        return next(_attempt(replace(workers, jobs=1), [cell], tell))
    except BrokenProcessPool as error:
        message = {"type": "WorkerDied", "message": "its worker process died, twice", "traceback": str(error)}
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        return cell.row(status="failed", error=message, finished=finished), None


def _attempt(workers: Workers, cells: Sequence[Cell], tell: Callable[[Cell, str], None]) -> Iterator[Outcome]:
    """Run the cells in one set of workers. Raises BrokenProcessPool where one of them dies."""
    context = multiprocessing.get_context("spawn")
    messages: SimpleQueue[tuple[int, str]] = context.SimpleQueue()
    pool = ProcessPoolExecutor(min(workers.jobs, len(cells)), context, _start_worker, (workers, messages))
    try:
        pending = {pool.submit(_run_cell, number, cell) for number, cell in enumerate(cells)}
        while pending:
            finished, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
            while not messages.empty():
                number, stage = messages.get()
                tell(cells[number], stage)
            for future in sorted(finished, key=lambda each: each.exception() is not None):
                yield future.result()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.kill()
        raise
    pool.shutdown()


class _Worker:
    """What one worker process keeps between its cells."""

    def __init__(self, workers: Workers, messages: SimpleQueue[tuple[int, str]]) -> None:
        from pslbench.engine.cache import StageCache
        from pslbench.plugins.manager import discover

        self.catalog = discover(workers.plugin_files, workers.plugins_off)
        self.messages = messages
        self.stages = StageCache()
        self.data: dict[Choice, Dataset] = {}

    def run(self, number: int, cell: Cell) -> Outcome:
        from pslbench.engine.cell import run_cell

        def load() -> Dataset:
            if cell.dataset not in self.data:
                self.data = {cell.dataset: self.catalog.call(cell.dataset)}
            return self.data[cell.dataset]

        def tell(stage: str) -> None:
            self.messages.put((number, stage))

        return run_cell(self.catalog, cell, load, self.stages, tell)


_worker: _Worker


def _start_worker(workers: Workers, messages: Any) -> None:
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's to answer
    log = os.open(workers.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(
        {
            # One thread an operation, so that no sum depends on their number; operations beside each other, so that a
            # worker can use the cores that others leave idle.
            "TF_NUM_INTRAOP_THREADS": "1",
            "TF_NUM_INTEROP_THREADS": str(os.cpu_count() or 1),
            "TF_ENABLE_ONEDNN_OPTS": "1",
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "TF_FORCE_GPU_ALLOW_GROWTH": "true",
            "OMP_NUM_THREADS": "1",
        }
    )
    _worker = _Worker(workers, messages)


def _run_cell(number: int, cell: Cell) -> Outcome:
    return _worker.run(number, cell)
