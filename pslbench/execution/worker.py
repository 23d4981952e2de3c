"""What a worker process does: it runs cells as they come, and ends when the process it works for does.

Started as `python -m pslbench.execution.worker FD`, with one end of a pipe at that file descriptor.
"""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from pslbench.execution.cache import Settings, StageCache

if TYPE_CHECKING:
    from pslbench.planning.plan import Cell

ENVIRONMENT = {
    # One thread an operation, so that no sum depends on their number.
    "TF_NUM_INTRAOP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
}


@dataclass(frozen=True)
class WorkerConfig:
    """What a worker is told at its start.

    Attributes:
        plugin_files, plugins_off: what was given as `--plugin` and `--no-plugin`.
        cache: where stages are kept.
        log: the file that what a worker prints is appended to.
        folder: where it works, if that is there: paths that the user gave are read from it.
        timeout: seconds a cell may take; None for as long as it wants.
        memory_limit: bytes of its own that a worker may have in memory; None for no limit.
    """

    plugin_files: tuple[str, ...]
    plugins_off: tuple[str, ...]
    cache: Settings
    log: str
    folder: str
    timeout: float | None = None
    memory_limit: int | None = None


def serve(pipe: Connection) -> None:
    """Run the cells that come through the pipe, one by one; say of each what stage begins, then its outcome."""
    tasks: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, tasks), daemon=True).start()
    orders: WorkerConfig = tasks.get()
    from pslbench.execution.cell import run_cell
    from pslbench.plugins.discovery import discover

    catalog = discover(orders.plugin_files, orders.plugins_off)
    cache = StageCache(
        orders.cache, lambda why: pipe.send(("computed", why)), lambda waiting: pipe.send(("waiting", waiting))
    )
    fingerprints: set[str] = set()
    while True:
        cell: Cell = tasks.get()
        outcome = run_cell(catalog, cell, cache, lambda stage: pipe.send(("stage", stage)), fingerprints)
        pipe.send(("done", outcome))


def _listen(pipe: Connection, tasks: SimpleQueue[Any]) -> None:
    try:
        while True:
            tasks.put(pipe.recv())
    except (EOFError, OSError):
        os._exit(0)  # nobody is left to work for


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
