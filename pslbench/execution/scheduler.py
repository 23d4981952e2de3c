"""Decides which cell starts next."""

import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait

from pslbench.errors import message_of
from pslbench.execution.executors import WorkerPool
from pslbench.execution.supervisor import failed_row
from pslbench.planning.cells import Cell
from pslbench.results.records import Outcome


def execute(pool: WorkerPool, cells: Sequence[Cell], expected: Callable[[Cell], float]) -> Iterator[Outcome]:
    """Run the cells and yield each outcome when it is there.

    Args:
        pool: where to run them.
        cells: what to run. A cell that shares a stage with a running cell waits if another cell can start, and long
            cells start first.
        expected: estimates the seconds of a cell; infinite if nothing is known.
    """
    queue = CellQueue(cells, expected)
    running: dict[Future[Outcome], Cell] = {}

    def start_cells() -> None:
        while queue and len(running) < pool.size():
            cell = queue.pop({each.last_shared_stage for each in running.values()})
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

    def pop(self, in_progress: set[str]) -> Cell:
        """Return the next cell; `in_progress` are the keys of the shared stages of running cells."""
        heads = [waiting[0] for waiting in self._waiting.values()]
        free = [cell for cell in heads if cell.last_shared_stage not in in_progress - self.available]
        best = max(free or heads, key=self._expected)
        waiting = self._waiting[best.combination]
        waiting.popleft()
        if not waiting:
            del self._waiting[best.combination]
        return best
