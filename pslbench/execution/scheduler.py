"""Decides which cell starts next."""

import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from math import isfinite

from pslbench.errors import message_of
from pslbench.execution.executors import WorkerPool
from pslbench.execution.supervisor import failed_row
from pslbench.planning.cells import Cell
from pslbench.results.records import Outcome


def execute(
    pool: WorkerPool,
    cells: Sequence[Cell],
    expected: Callable[[Cell], float],
    on_start: Callable[[Cell], None] = lambda _: None,
) -> Iterator[Outcome]:
    """Run the cells and yield each outcome when it is there.

    Args:
        pool: where to run them.
        cells: what to run, in the order of `CellQueue`.
        expected: estimates the seconds of a cell; infinite if nothing is known.
        on_start: called with each cell that starts.
    """
    queue = CellQueue(cells, expected)
    running: dict[Future[Outcome], Cell] = {}

    def start_cells() -> None:
        while queue and len(running) < pool.size():
            cell = queue.pop({each.last_shared_stage for each in running.values()}, pool.size())
            on_start(cell)
            running[pool.executor.submit(pool.run, cell)] = cell

    start_cells()
    while running:
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        ended = {future: running.pop(future) for future in finished}
        queue.available |= {cell.last_shared_stage for cell in ended.values()}
        start_cells()  # before outcomes are saved, so that no worker is idle
        yield from (_outcome(future, cell) for future, cell in ended.items())


def _outcome(future: Future[Outcome], cell: Cell) -> Outcome:
    try:
        return future.result()
    except Exception as error:  # of the cluster; errors of a cell are in its row
        return failed_row(cell, type(error).__name__, message_of(error), traceback.format_exc()), None


class CellQueue:
    """The cells that have not started, by combination.

    Every combination gets its first seed before any gets its second one, so that the leaderboard soon has all rows. Of
    these, the cells that seem short start first. There are two exceptions: a cell that shares a stage with a running
    cell waits if another can start, and a cell so long that the others may end before it starts at once.

    Attributes:
        available: the keys of shared stages that are computed.
    """

    def __init__(self, cells: Sequence[Cell], expected: Callable[[Cell], float]) -> None:
        self._waiting: dict[tuple[object, ...], deque[Cell]] = {}
        self._expected = expected
        self.available: set[str] = set()
        for cell in cells:
            self._waiting.setdefault(cell.combination, deque()).append(cell)

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def pop(self, in_progress: set[str], workers: int) -> Cell:
        """Return the next cell; `in_progress` are the keys of the shared stages of running cells."""
        heads = [waiting[0] for waiting in self._waiting.values()]
        free = [cell for cell in heads if cell.last_shared_stage not in in_progress - self.available]
        best = self._critical_cell(free or heads, workers) or min(free or heads, key=self._priority)
        waiting = self._waiting[best.combination]
        waiting.popleft()
        if not waiting:
            del self._waiting[best.combination]
        return best

    def _critical_cell(self, cells: Sequence[Cell], workers: int) -> Cell | None:
        """Return the longest cell if it takes as long as a worker's share of all waiting cells; None if unknown."""
        seconds = {combination: self._expected(waiting[0]) for combination, waiting in self._waiting.items()}
        total = sum(seconds[combination] * len(waiting) for combination, waiting in self._waiting.items())
        longest = max(cells, key=lambda cell: seconds[cell.combination])
        return longest if total <= workers * seconds[longest.combination] and isfinite(total) else None

    def _priority(self, cell: Cell) -> tuple[float, ...]:
        """Return what orders cells. A strategy that sees all labels needs another worker process, which takes time."""
        return -len(self._waiting[cell.combination]), cell.needs_all_labels, self._expected(cell), len(cell.stages)
