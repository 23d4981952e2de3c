"""Runs cells in worker processes, and turns their output into rows."""

import threading
import time
import traceback
from datetime import UTC, datetime

from pslbench.errors import ContractError, message_of
from pslbench.execution.cell import failure_facts
from pslbench.execution.messages import Message
from pslbench.execution.oracle import CellOracle, OracleFactory
from pslbench.execution.scoring import artifacts_of, check_output, score
from pslbench.execution.worker import WorkerConfig
from pslbench.execution.worker_process import OnProgress, WorkerDiedError, WorkerProcess
from pslbench.planning.cells import Cell
from pslbench.results.records import Outcome, Result

FACTS = ("status", "seconds", "peak_memory_mb", "error", "compute_dtype", "evaluations")  # that a worker sends
MAX_ATTEMPTS = 2  # for a cell whose worker dies


class WorkerSupervisor:
    """Runs each cell in the worker process of the calling thread, which it starts when it is needed.

    Args:
        config: what workers need to know.
        oracles: creates what answers the queries of a cell.
        on_progress: called when a stage begins or was computed.
    """

    def __init__(self, config: WorkerConfig, oracles: OracleFactory, on_progress: OnProgress = lambda *_: None) -> None:
        self._config, self._oracles, self._on_progress = config, oracles, on_progress
        self._of_thread = threading.local()
        self._workers: list[WorkerProcess] = []
        self._is_closed = False
        self._lock = threading.Lock()

    def __call__(self, cell: Cell) -> Outcome:
        """Run a cell. If its worker dies, the cell is tried once more in another worker."""
        try:
            return self._run(cell, self._oracles.create(cell))
        except Exception as error:
            text = "".join(traceback.format_exception(error))
            return failed_row(cell, type(error).__name__, message_of(error), text), None

    def _run(self, cell: Cell, oracle: CellOracle) -> Outcome:
        start, message = time.monotonic(), ""
        for _ in range(MAX_ATTEMPTS):  # with the same label account
            try:
                output = self._worker(cell.needs_all_labels).run(cell, oracle, self._on_progress)
            except WorkerDiedError as error:
                message = str(error)
                if self._is_closed:
                    break
            else:
                return make_outcome(cell, oracle, output)
        seconds = time.monotonic() - start
        return failed_row(
            cell, "WorkerDied", f"{message}, {MAX_ATTEMPTS} times; see {self._config.log}", "", seconds
        ), None

    def _worker(self, sees_all_labels: bool) -> WorkerProcess:
        """Return a worker of this thread. One that has seen all labels runs no cell that must count its labels."""
        name, workers = "unlimited" if sees_all_labels else "limited", vars(self._of_thread)
        worker: WorkerProcess | None = workers.get(name)
        if worker is None or worker.has_ended:
            with self._lock:
                if self._is_closed:
                    raise WorkerDiedError("the run was ended")
                if worker:
                    worker.kill()
                    self._workers.remove(worker)
                worker = workers[name] = WorkerProcess(self._config)
                self._workers.append(worker)
        return worker

    def close(self) -> None:
        """End all worker processes."""
        with self._lock:
            self._is_closed = True
            for worker in self._workers:
                worker.kill()


def failed_row(cell: Cell, kind: str, message: str, text: str = "", seconds: float = 0) -> Result:
    """Return the row of a cell that failed."""
    return cell.row(**failure_facts(kind, message, text, seconds), finished=_now())


def make_outcome(cell: Cell, oracle: CellOracle, output: Message) -> Outcome:
    """Return the row and the artifacts of a cell from what its worker sent. Raises ContractError if that is invalid."""
    import numpy as np

    facts, arrays = {name: output.facts.get(name) for name in FACTS}, output.arrays
    seconds, peak_memory_mb = facts["seconds"] or {}, facts["peak_memory_mb"] or 0.0
    if facts["status"] != "ok":
        error = facts["error"] or failure_facts("ContractError", "the worker sent an error without a reason")["error"]
        row = cell.row(status="failed", seconds=seconds, peak_memory_mb=peak_memory_mb, error=error, finished=_now())
        return row, None
    check_output(oracle.truth, arrays)
    start = time.perf_counter()
    scores = score(oracle.truth, arrays)
    seconds = {**seconds, "score": time.perf_counter() - start}
    asked = np.union1d(oracle.account.asked, arrays["asked"])  # the account is empty if the stage was cached
    if len(asked) > oracle.account.limit:
        raise ContractError(
            f"the worker returned {len(asked)} queried labels, but the budget is {oracle.account.limit}"
        )
    artifacts = artifacts_of(arrays, asked)
    row = cell.row(
        status="ok",
        compute_dtype=facts["compute_dtype"],
        peak_memory_mb=peak_memory_mb,
        labels_spent=len(artifacts.labeling.asked),
        upper_bound=cell.needs_all_labels,
        test_set_evaluations=max(facts["evaluations"] or 0, oracle.test_set.evaluations),
        scores=scores,
        seconds={**seconds, "total": sum(seconds.values())},
        finished=_now(),
    )
    return row, artifacts


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
