"""The main loop of a worker process: it runs the cells that its supervisor sends, and ends when the supervisor does.

Started as `python -m pslbench.execution.worker FD`, where FD is the file descriptor of one end of a pipe.
"""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from pslbench import errors
from pslbench.contracts.arrays import Floats, Ints
from pslbench.execution.cache import CacheSettings, Entry, StageCache
from pslbench.execution.messages import Message, MessageKind, encode

if TYPE_CHECKING:
    from pslbench.execution.oracle import Corrections
    from pslbench.planning.cells import Cell
    from pslbench.plugins.catalog import Catalog

ENVIRONMENT = {
    # One thread per operation, so that no sum depends on the number of threads.
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
    """What a worker needs to know when it starts.

    Attributes:
        plugin_files, disabled_plugins: the values of `--plugin` and `--no-plugin`.
        cache: the cache of stages.
        log: the file that the output of a worker is appended to.
        folder: its working directory, if that exists; relative paths of the user start there.
        module_folders: where the calling process finds modules; the worker looks there last.
        timeout: seconds that a cell may take; None for no limit.
        memory_limit: bytes of its own that a worker may use; None for no limit.
    """

    plugin_files: tuple[str, ...]
    disabled_plugins: tuple[str, ...]
    cache: CacheSettings
    log: str
    folder: str
    module_folders: tuple[str, ...] = ()
    timeout: float | None = None
    memory_limit: int | None = None

    def discover(self) -> Catalog:
        """Discover the plugins of the calling process. They find the modules that they find there."""
        from pslbench.plugins.discovery import discover

        sys.path += [folder for folder in self.module_folders if folder not in sys.path]
        return discover(self.plugin_files, self.disabled_plugins)


@dataclass(frozen=True)
class Answer:
    """The supervisor's answer to the query of this number: a value, or the type and the message of an error."""

    value: Any = None
    error: tuple[str, str] | None = None
    number: int = 0


class RemoteOracle:
    """Queries the supervisor. One query at a time is answered."""

    def __init__(self, pipe: Connection, answers: SimpleQueue[Answer]) -> None:
        self._pipe, self._answers, self._lock = pipe, answers, threading.Lock()
        self._pid, self._number = os.getpid(), 0

    def samples(self) -> Entry:
        arrays, info = self._query(Message("samples"))
        return Entry(arrays, info)

    def label(self, indices: Ints) -> Ints:
        labels: Ints = self._query(Message("label", arrays={"indices": indices}))
        return labels

    def corrections(self, is_final: bool) -> Corrections:
        corrections: Corrections = self._query(Message("corrections", {"is_final": is_final}))
        return corrections

    def test_accuracy(self, probabilities: Floats) -> float:
        return float(self._query(Message("test_accuracy", arrays={"probabilities": probabilities})))

    def _query(self, message: Message) -> Any:
        if os.getpid() != self._pid:
            raise errors.ContractError("only the process of the worker may query the pool, and no child of it")
        with self._lock:
            self._number += 1
            self._pipe.send_bytes(encode(replace(message, facts={**message.facts, "number": self._number})))
            while (answer := self._answers.get()).number != self._number:
                pass  # it belongs to a query that was interrupted
        if answer.error:
            kind, text = answer.error
            raise getattr(errors, kind, RuntimeError)(text)
        return answer.value


def serve(pipe: Connection) -> None:
    """Run the cells that come through the pipe, one by one."""
    config: WorkerConfig = pipe.recv()
    cells: SimpleQueue[Cell] = SimpleQueue()
    answers: SimpleQueue[Answer] = SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, cells, answers), daemon=True).start()
    from pslbench.execution.cell import CellRunner

    def send(kind: MessageKind, text: str | bool) -> None:
        pipe.send_bytes(encode(Message(kind, {"text": text})))

    cache = StageCache(config.cache, lambda reason: send("computed", reason), lambda waits: send("waiting", waits))
    runner = CellRunner(config.discover(), cache, RemoteOracle(pipe, answers), send)
    send("ready", "")
    while True:
        cell = cells.get()
        output = runner.run(cell)
        pipe.send_bytes(encode(replace(output, facts={"cell": cell.key, **output.facts})))


def _listen(pipe: Connection, cells: SimpleQueue[Cell], answers: SimpleQueue[Answer]) -> None:
    try:
        while True:
            received = pipe.recv()
            (answers if isinstance(received, Answer) else cells).put(received)
    except (EOFError, OSError):
        os._exit(0)  # the supervisor has ended


if __name__ == "__main__":
    from pslbench.execution.worker import serve as serve_imported  # so that its classes are not those of __main__

    serve_imported(Connection(int(sys.argv[1])))
