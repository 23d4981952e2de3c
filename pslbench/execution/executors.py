"""Runs cells in worker processes, on this machine or on a Dask cluster: both are `concurrent.futures` executors.

A thread of the executor minds one worker process: it hands it cells, ends it where a cell takes too long or too much
memory, and starts another where it died. On a Dask cluster these threads are those of the Dask workers.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from multiprocessing import Pipe
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pslbench.errors import InputError, one_line
from pslbench.execution.cell import Outcome, failure, now
from pslbench.execution.worker import ENVIRONMENT, WorkerConfig
from pslbench.planning.plan import Cell
from pslbench.processor import cores

if TYPE_CHECKING:
    from pslbench.results.records import Result

    Tell = Callable[[Cell, str, str], None]

ATTEMPTS = 2  # of a cell whose worker dies
POLL_INTERVAL = 0.2  # seconds between two looks at a worker's memory


class Stopwatch:
    """Seconds since it was made, without those for which it was stopped."""

    def __init__(self) -> None:
        self._start, self._stopped = time.monotonic(), 0.0

    def stop(self, stopped: bool) -> None:
        """Stop it, or let it go on."""
        if stopped:
            self._stopped = time.monotonic()
        else:
            self._start, self._stopped = self._start + time.monotonic() - self._stopped, 0.0

    @property
    def seconds(self) -> float:
        return (self._stopped or time.monotonic()) - self._start


class WorkerDiedError(Exception):
    """The worker process ended in the middle of a cell."""


class Worker:
    """One worker process, and this end of its pipe."""

    def __init__(self, orders: WorkerConfig) -> None:
        self._orders = orders
        self._pipe, theirs = Pipe()
        environment = {**os.environ, **ENVIRONMENT, "TF_NUM_INTEROP_THREADS": str(cores())}
        with open(orders.log, "ab") as log:  # noqa: PTH123
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "pslbench.execution.worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=environment,
                cwd=orders.folder if Path(orders.folder).is_dir() else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is the main process's to answer; and it is ended with its children
            )
        theirs.close()
        self._pipe.send(orders)

    def run(self, cell: Cell, tell: Tell) -> Outcome:
        """Hand it a cell and wait for the outcome. Raises WorkerDiedError."""
        watch = Stopwatch()
        try:
            self._pipe.send(cell)
            while True:
                if self._pipe.poll(POLL_INTERVAL):
                    kind, message = self._pipe.recv()
                    if kind == "done":
                        outcome: Outcome = message
                        return outcome
                    if kind == "waiting":
                        watch.stop(message)
                    else:
                        tell(cell, kind, message)
                elif excess := self._excess(watch.seconds):
                    self.kill()
                    return _failed(cell, *excess, seconds=watch.seconds), None
        except (EOFError, OSError):
            status = self._process.wait()
            raise WorkerDiedError(f"its worker process ended with status {status}; see {self._orders.log}") from None

    def _excess(self, seconds: float) -> tuple[str, str] | None:
        timeout, limit = self._orders.timeout, self._orders.memory_limit
        if timeout and seconds > timeout:
            return "Timeout", f"it took longer than {timeout:g} seconds"
        if limit and (used := _own_memory(self._process.pid)) > limit:
            return "MemoryLimit", f"it took {used / 2**20:,.0f} MiB of memory, with a limit of {limit / 2**20:,.0f}"
        return None

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._pipe.close()


def _own_memory(pid: int) -> int:
    """Resident bytes of a process that it does not share, as it does what is mapped from files."""
    import psutil

    try:
        memory = psutil.Process(pid).memory_info()
    except psutil.Error:
        return 0
    return int(memory.rss - getattr(memory, "shared", 0))


def _failed(cell: Cell, kind: str, message: str, text: str = "", seconds: float = 0) -> Result:
    return cell.row(**failure(kind, message, text, seconds), finished=now())


class WorkerSupervisor:
    """Runs cells, each in the worker process of the thread that it is called from."""

    def __init__(self, orders: WorkerConfig) -> None:
        self._orders = orders
        self._of_thread = threading.local()
        self._workers: list[Worker] = []
        self._closed = False
        self._lock = threading.Lock()

    def __call__(self, cell: Cell, tell: Tell) -> Outcome:
        """The outcome of a cell. Where its worker dies, it is tried once more in another."""
        start = time.monotonic()
        for _ in range(ATTEMPTS):
            try:
                return self._worker().run(cell, tell)
            except WorkerDiedError as error:
                self._of_thread.worker, said = None, str(error)
                if self._closed:
                    break
        return _failed(cell, "WorkerDied", f"{said}, {ATTEMPTS} times", seconds=time.monotonic() - start), None

    def _worker(self) -> Worker:
        worker: Worker | None = getattr(self._of_thread, "worker", None)
        if worker is None or worker.ended:
            with self._lock:
                if self._closed:
                    raise WorkerDiedError("the run was ended")
                worker = self._of_thread.worker = Worker(self._orders)
                self._workers.append(worker)
        return worker

    def close(self) -> None:
        """End all its workers, whatever they are doing."""
        with self._lock:
            self._closed = True
            for worker in self._workers:
                worker.kill()


@dataclass(frozen=True)
class Pool:
    """Where cells are run.

    Attributes:
        executor: takes them.
        run: what it is given with each; takes a cell and gives its outcome.
        size: tells how many run at once; a cluster may grow.
    """

    executor: Executor
    run: Callable[[Cell], Outcome]
    size: Callable[[], int]


@contextmanager
def local_pool(orders: WorkerConfig, jobs: int, tell: Tell) -> Iterator[Pool]:
    """`jobs` worker processes on this machine, started as cells come; `tell` hears of the stages they begin."""
    minder = WorkerSupervisor(orders)
    executor = ThreadPoolExecutor(jobs)
    try:
        yield Pool(executor, partial(minder, tell=tell), lambda: jobs)
    finally:
        minder.close()
        executor.shutdown(cancel_futures=True)


@contextmanager
def dask_pool(orders: WorkerConfig, jobs: int, address: str) -> Iterator[Pool]:
    """The workers of a Dask cluster: of the scheduler at `address`, or, for `local`, `jobs` on this machine.

    A Dask worker that dies is Dask's to answer: the cell goes to another one, once if the cluster is `local`, else as
    often as its scheduler allows. What workers print goes to a file in the temporary folder of their host.

    Raises:
        InputError: where distributed is not installed, or nobody answers at the address.
    """
    try:
        import dask
        import distributed
    except ImportError:
        raise InputError(
            "--dask needs the package distributed; install it with: pip install 'pslbench[dask]'"
        ) from None
    dask.config.set({"distributed.scheduler.allowed-failures": ATTEMPTS - 1})
    connect: Any = distributed.Client
    start: Any = distributed.LocalCluster
    local = start(n_workers=jobs, threads_per_worker=1, dashboard_address=None) if address == "local" else nullcontext()
    with local as cluster:
        try:
            client: Any = connect(cluster or address, timeout=10)
        except (OSError, ValueError) as error:
            raise InputError(f"no Dask scheduler answers at '{address}' ({one_line(error)})") from None
        with client:
            orders = replace(orders, log=str(Path(tempfile.gettempdir()) / "pslbench-workers.log"))
            run = partial(_run_on_dask, orders)
            try:
                yield Pool(client.get_executor(pure=False), run, lambda: max(1, sum(client.nthreads().values())))
            finally:
                with suppress(Exception):  # whoever has gone has no workers any more
                    client.run(_close_minder, orders)


def _run_on_dask(orders: WorkerConfig, cell: Cell) -> Outcome:
    return _minder(orders)(cell, lambda *_: None)


def _close_minder(orders: WorkerConfig) -> None:
    _minder(orders).close()
    _minder.cache_clear()


@lru_cache(maxsize=1)
def _minder(orders: WorkerConfig) -> WorkerSupervisor:
    """This process's, for as long as the orders are the same."""
    return WorkerSupervisor(orders)


def execute(pool: Pool, cells: Sequence[Cell], expected: Callable[[Cell], float]) -> Iterator[Outcome]:
    """Run the cells and yield each outcome as it comes.

    Args:
        pool: where to run them.
        cells: what to run. Those that share a stage with one that is running wait for it where others need not, and
            those that take long come first.
        expected: seconds a cell will take, by what is known now; infinite where nothing is.
    """
    queue = Queue(cells, expected)
    running: dict[Future[Outcome], Cell] = {}

    def fill() -> None:
        while queue and len(running) < pool.size():
            cell = queue.pop({each.shared_stage for each in running.values()})
            running[pool.executor.submit(pool.run, cell)] = cell

    fill()
    while running:
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        ended = {future: running.pop(future) for future in finished}
        queue.started |= {cell.shared_stage for cell in ended.values()}
        fill()  # first, so that no worker waits while what has ended is saved
        yield from (_outcome(future, cell) for future, cell in ended.items())


def _outcome(future: Future[Outcome], cell: Cell) -> Outcome:
    try:
        return future.result()
    except Exception as error:  # of the cluster: what goes wrong in a cell is in its row
        return _failed(cell, type(error).__name__, str(error), traceback.format_exc()), None


class Queue:
    """Cells waiting to be started, by combination."""

    def __init__(self, cells: Sequence[Cell], expected: Callable[[Cell], float]) -> None:
        self._waiting: dict[tuple[object, ...], deque[Cell]] = {}
        self._expected = expected
        self.started: set[str] = set()
        for cell in cells:
            self._waiting.setdefault(cell.combination, deque()).append(cell)

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def pop(self, busy: set[str]) -> Cell:
        """The next cell to start; `busy` are the keys of shared stages that may be computed at this moment."""
        heads = [waiting[0] for waiting in self._waiting.values()]
        free = [cell for cell in heads if cell.shared_stage not in busy - self.started]
        best = max(free or heads, key=self._expected)
        waiting = self._waiting[best.combination]
        waiting.popleft()
        if not waiting:
            del self._waiting[best.combination]
        return best
