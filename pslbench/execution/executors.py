"""Where cells run: in worker processes on this machine, or on a Dask cluster.

Both are executors of `concurrent.futures`. A thread of the executor supervises one worker process. On a Dask cluster
these threads are those of the Dask workers.
"""

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, chdir, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

from pslbench.errors import InputError, one_line
from pslbench.execution.cache import StageCache
from pslbench.execution.oracle import OracleFactory
from pslbench.execution.supervisor import MAX_ATTEMPTS, WorkerSupervisor
from pslbench.execution.worker import WorkerConfig
from pslbench.execution.worker_process import OnProgress
from pslbench.extras import requires_extra
from pslbench.parts import PartConfig
from pslbench.planning.cells import Cell
from pslbench.results.records import Outcome


@dataclass(frozen=True)
class WorkerPool:
    """Where cells run.

    Attributes:
        executor: runs the function `run` for each cell.
        run: takes a cell and returns its outcome.
        size: returns the number of cells that run at once; a cluster may grow.
    """

    executor: Executor
    run: Callable[[Cell], Outcome]
    size: Callable[[], int]


@contextmanager
def local_pool(
    config: WorkerConfig, jobs: int, load: Callable[[PartConfig], object], on_progress: OnProgress
) -> Iterator[WorkerPool]:
    """Run cells in `jobs` worker processes on this machine, which start when they are needed."""
    oracles = OracleFactory(load, StageCache(config.cache))
    supervisor = WorkerSupervisor(config, oracles, on_progress)
    executor = ThreadPoolExecutor(jobs)
    try:
        yield WorkerPool(executor, supervisor, lambda: jobs)
    finally:
        supervisor.close()
        executor.shutdown(cancel_futures=True)


@contextmanager
def dask_pool(config: WorkerConfig, jobs: int, address: str) -> Iterator[WorkerPool]:
    """Run cells on the Dask cluster at `address`; `local` starts one with `jobs` workers on this machine.

    If a Dask worker dies, Dask runs the cell on another one: once if the cluster is `local`, otherwise as often as its
    scheduler allows. The output of workers goes to a file in the temporary folder of their host.

    Raises:
        InputError: the package distributed is not installed, or no scheduler answers at the address.
    """
    with requires_extra("dask"):
        import dask
        import distributed
    dask.config.set({"distributed.scheduler.allowed-failures": MAX_ATTEMPTS - 1})
    local: AbstractContextManager[object] = nullcontext()
    if address == "local":
        try:
            local = distributed.LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None)
        except RuntimeError as error:  # its processes import the script that started it
            advice = "in a script, call pslbench.run under: if __name__ == '__main__':"
            raise InputError(f"the local Dask cluster cannot start ({one_line(error)}); {advice}") from None
    with local as cluster:
        try:
            client = distributed.Client(cluster or address, timeout=10)
        except (OSError, ValueError) as error:
            advice = "start one with the command dask scheduler, or use --dask local"
            raise InputError(f"no Dask scheduler answers at '{address}' ({one_line(error)}); {advice}") from None
        with client:
            config = replace(config, log=str(Path(tempfile.gettempdir()) / "pslbench-workers.log"))
            run = partial(_run_on_dask, config)
            try:
                yield WorkerPool(client.get_executor(pure=False), run, lambda: max(1, sum(client.nthreads().values())))
            finally:
                with suppress(Exception):  # the client is closed already
                    client.run(_close_supervisor, config)


def _run_on_dask(config: WorkerConfig, cell: Cell) -> Outcome:
    return _supervisor(config)(cell)


def _close_supervisor(config: WorkerConfig) -> None:
    _supervisor(config).close()
    _supervisor.cache_clear()


@lru_cache(maxsize=1)
def _supervisor(config: WorkerConfig) -> WorkerSupervisor:
    """Return the supervisor of this process, which is the same as long as the configuration is."""
    catalog = config.discover()

    def load(dataset: PartConfig) -> object:
        with chdir(config.folder) if Path(config.folder).is_dir() else nullcontext():
            return catalog.call(dataset)

    return WorkerSupervisor(config, OracleFactory(load, StageCache(config.cache)))
