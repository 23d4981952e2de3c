"""One worker process as its supervisor sees it: a pipe, a stopwatch and a memory limit."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path

from pslbench.errors import BudgetExceeded, ContractError, InputError
from pslbench.execution.cell import failure_facts
from pslbench.execution.messages import MAX_LENGTH, QUERIES, Message, MessageError, decode
from pslbench.execution.oracle import CountingOracle
from pslbench.execution.worker import ENVIRONMENT, Answer, WorkerConfig
from pslbench.planning.cells import Cell
from pslbench.processor import cores

POLL_INTERVAL = 0.2  # seconds between two checks of a worker that sends nothing
START_TIMEOUT = 300.0  # seconds in which a worker must have imported the plugins
OnProgress = Callable[[Cell, str, str], None]
"""Called with a cell, and `stage` and the stage that begins, `loading` and the library that it imports first, or
`computed` and the stage that was computed and why."""


class WorkerDiedError(Exception):
    """The worker process ended during a cell."""


class Stopwatch:
    """Measures the seconds since its creation, except those in pauses."""

    def __init__(self) -> None:
        self._start, self._paused_at = time.monotonic(), 0.0

    def pause(self, paused: bool) -> None:
        """Pause or resume."""
        if paused:
            self._paused_at = time.monotonic()
        elif self._paused_at:
            self._start, self._paused_at = self._start + time.monotonic() - self._paused_at, 0.0

    @property
    def seconds(self) -> float:
        return (self._paused_at or time.monotonic()) - self._start


class WorkerProcess:
    """A worker process. It starts at once, and is ready once it has imported the plugins."""

    def __init__(self, config: WorkerConfig) -> None:
        self._config = config
        self._kill_lock = threading.Lock()
        self._pipe, theirs = Pipe()
        environment = {**os.environ, **ENVIRONMENT, "TF_NUM_INTEROP_THREADS": str(cores())}
        with open(config.log, "ab") as log:  # noqa: PTH123
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "pslbench.execution.worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=environment,
                cwd=config.folder if Path(config.folder).is_dir() else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # the main process handles Ctrl-C, and ends the worker with its children
            )
        theirs.close()
        self._is_ready = False
        with suppress(OSError):
            self._pipe.send(config)

    def run(self, cell: Cell, oracle: CountingOracle, on_progress: OnProgress) -> Message:
        """Run a cell, answer its queries, and return its output.

        The timeout counts from the moment at which the worker is ready, without the time in which it waits for a stage
        that another worker computes.

        Raises:
            WorkerDiedError: the process ended, sent nonsense, or was not ready within `START_TIMEOUT`.
        """
        self._wait_until_ready()
        watch = Stopwatch()
        try:
            self._pipe.send(cell)
            while not (exceeded := self._exceeded_limit(watch.seconds)):
                if message := self._receive():
                    if message.kind == "done":
                        return _of_cell(cell, message)
                    self._answer_or_report(message, cell, oracle, watch, on_progress)
        except (EOFError, OSError, MessageError, LookupError, TypeError) as error:
            raise self._died(error) from None
        except BaseException:
            self.kill()  # its next message would belong to this cell
            raise
        self.kill()
        return Message("done", failure_facts(*exceeded, seconds=watch.seconds))

    def _answer_or_report(
        self, message: Message, cell: Cell, oracle: CountingOracle, watch: Stopwatch, on_progress: OnProgress
    ) -> None:
        if message.kind in QUERIES:
            reply = answer(oracle, message)
            self._pipe.send(replace(reply, number=int(message.facts["number"])))
            return
        text = message.facts["text"]
        if message.kind == "waiting":
            watch.pause(bool(text))
            return
        if message.kind == "stage":
            oracle.begin(str(text))
        on_progress(cell, message.kind, str(text))

    def _wait_until_ready(self) -> None:
        watch = Stopwatch()
        try:
            while not self._is_ready:
                message = self._receive()
                self._is_ready = message is not None and message.kind == "ready"
                if watch.seconds > START_TIMEOUT:
                    raise MessageError(f"it was not ready within {START_TIMEOUT:g} seconds")
        except (EOFError, OSError, MessageError) as error:
            raise self._died(error) from None

    def _receive(self) -> Message | None:
        """Return the next message, or None after the poll interval. Raises EOFError if the process has ended."""
        if self._pipe.poll(POLL_INTERVAL):
            return decode(self._pipe.recv_bytes(MAX_LENGTH))
        if self.has_ended:  # a child of the worker may hold the pipe open
            raise EOFError
        return None

    def _died(self, error: Exception) -> WorkerDiedError:
        self.kill()
        reason = f"; {error}" if isinstance(error, MessageError | LookupError | TypeError) else ""
        return WorkerDiedError(f"its worker process ended with status {self._process.returncode}{reason}")

    def _exceeded_limit(self, seconds: float) -> tuple[str, str] | None:
        timeout, limit = self._config.timeout, self._config.memory_limit
        if timeout and seconds > timeout:
            return "Timeout", f"it took longer than {timeout:g} seconds"
        if limit and (used := _own_memory(self._process.pid)) > limit:
            return "MemoryLimit", f"it used {used / 2**20:,.0f} MiB, and the limit is {limit / 2**20:,.0f} MiB"
        return None

    @property
    def has_ended(self) -> bool:
        if self._process.returncode is not None:
            return True
        if not hasattr(os, "waitid"):  # macOS
            return self._process.poll() is not None
        # The process is not reaped, so that its number still belongs to its children.
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:  # another thread has just ended it
            return True

    def kill(self) -> None:
        """End the process and its children, from any thread. A second call does nothing.

        The pipe stays open: another thread may be reading from it, and would read from the file that takes its number.
        """
        with self._kill_lock:
            if self._process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()


def _of_cell(cell: Cell, output: Message) -> Message:
    """Return the output without the key of its cell. Raises MessageError if it is the output of another cell."""
    facts = dict(output.facts)
    if facts.pop("cell") != cell.key:
        raise MessageError("the worker sent the output of another cell")
    return Message("done", facts, output.arrays)


def answer(oracle: CountingOracle, query: Message) -> Answer:
    """Answer the query of a worker."""
    try:
        if query.kind == "samples":
            entry = oracle.samples()
            return Answer(({name: _in_memory(array) for name, array in entry.arrays.items()}, dict(entry.info)))
        if query.kind == "label":
            return Answer(oracle.label(query.arrays["indices"]))
        if query.kind == "corrections":
            return Answer(oracle.corrections(bool(query.facts["is_final"])))
        return Answer(oracle.test_accuracy(query.arrays["probabilities"]))
    except (BudgetExceeded, ContractError, InputError) as error:
        return Answer(error=(type(error).__name__, str(error)))
    except (ValueError, TypeError, IndexError) as error:
        return Answer(error=("ContractError", f"a query that cannot be answered: {error}"))


def _in_memory(array: object) -> object:
    import numpy as np

    return np.array(array)


def _own_memory(pid: int) -> int:
    """Return the resident bytes of a process that it does not share, as memory-mapped files are."""
    import psutil

    try:
        memory = psutil.Process(pid).memory_info()
    except psutil.Error:
        return 0
    return int(memory.rss - getattr(memory, "shared", 0))
