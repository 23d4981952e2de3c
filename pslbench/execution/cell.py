"""Runs one cell in a worker process, stage by stage."""

import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any, Literal

from pslbench.errors import ContractError, message_of
from pslbench.execution.cache import Entry, StageCache, timed, with_info
from pslbench.execution.memory import PeakMemory
from pslbench.execution.messages import Message
from pslbench.execution.oracle import Oracle
from pslbench.execution.stages import STAGE_FUNCTIONS, CellContext, pseudo_labels_of
from pslbench.planning.cells import Cell, Stage
from pslbench.planning.stages import with_keys
from pslbench.plugins.catalog import Catalog

SLOW_LIBRARIES = ("keras", "tensorflow", "torch", "jax")  # take seconds to import, so the user is told


class CellRunner:
    """Runs cells. A stage comes from the cache, or is computed.

    Args:
        catalog: the parts.
        cache: returns stages that were computed before, and stores the others.
        oracle: answers the queries of the cells.
        on_progress: called with `stage` and the name of each stage that begins, and with `loading` and the name of each
            slow library that a stage imports first.
    """

    def __init__(
        self,
        catalog: Catalog,
        cache: StageCache,
        oracle: Oracle,
        on_progress: Callable[[Literal["stage", "loading"], str], None] = lambda *_: None,
    ) -> None:
        self._catalog, self._cache, self._oracle, self._on_progress = catalog, cache, oracle, on_progress
        self._verified: set[str] = set()

    def run(self, cell: Cell) -> Message:
        """Return the output of a cell, or its error."""
        start = time.perf_counter()
        with PeakMemory() as memory:
            try:
                self._verify(cell)
                outputs = self._run_stages(cell)
                facts, arrays = collect_output(outputs)
            except (Exception, SystemExit) as error:
                text = "".join(traceback.format_exception(error))
                seconds = time.perf_counter() - start
                facts, arrays = failure_facts(type(error).__name__, message_of(error), text, seconds), {}
        return Message("done", {**facts, "peak_memory_mb": memory.peak_mb}, arrays)

    def _run_stages(self, cell: Cell) -> dict[str, Entry]:
        context = CellContext(self._catalog, cell.configs, cell.budget, cell.seed, self._oracle)
        outputs: dict[str, Entry] = {}
        for name, stage in cell.stages.items():
            if not self._cache.holds(stage):
                self._on_progress("stage", name)
            inputs = {each: outputs[each] for each in stage.inputs}
            compute = partial(self._compute, stage, context, inputs)
            depends_on_answers = cell.heap_classes and name in ("label", "train")
            outputs[name] = timed(compute) if depends_on_answers else self._cache.get(stage, compute)
            if cell.heap_classes and name == "data":
                outputs[name] = with_info(outputs[name], n_classes=cell.heap_classes)
        return outputs

    def _compute(self, stage: Stage, context: CellContext, inputs: Mapping[str, Entry]) -> Entry:
        for library in SLOW_LIBRARIES:
            if f"library {library}" in stage.facts and library not in sys.modules:
                self._on_progress("loading", library)
                with suppress(ImportError):  # the part will raise it, or do without
                    import_module(library)
                self._on_progress("stage", stage.name)
        return STAGE_FUNCTIONS[stage.name](context, inputs)

    def _verify(self, cell: Cell) -> None:
        """Raises ContractError if this process would compute something else than was planned."""
        if cell.fingerprint in self._verified:
            return
        if with_keys(self._catalog, cell).fingerprint != cell.fingerprint:
            raise ContractError(
                "a part, a library or the processor differs from those that the run was planned with; run again, and "
                "check that all hosts of a cluster are alike"
            )
        self._verified.add(cell.fingerprint)


def collect_output(outputs: Mapping[str, Entry]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the facts and the arrays of the outputs of a cell that the supervisor needs."""
    labeled, trained, clusters = outputs["label"], outputs["train"], outputs.get("cluster")
    pseudo_labels = pseudo_labels_of(labeled)
    facts = {
        "status": "ok",
        "evaluations": labeled.info["evaluations"] + trained.info["evaluations"],
        "compute_dtype": trained.info["compute_dtype"],
        "seconds": {name: entry.info["seconds"] for name, entry in outputs.items() if name != "data"},
    }
    arrays = {
        "probabilities": trained.arrays["probabilities"],
        "indices": pseudo_labels.indices,
        "labels": pseudo_labels.hard_labels,
        "asked": labeled.arrays["asked"],
        "cluster_labels": pseudo_labels.cluster_labels,
    }
    if clusters is not None:
        arrays |= {name: clusters.arrays.get(name) for name in ("assignment", "medoids", "test_assignment")}
    return facts, {name: array for name, array in arrays.items() if array is not None}


def failure_facts(kind: str, message: str, text: str = "", seconds: float = 0) -> dict[str, Any]:
    """Return the facts of a cell that failed. Its texts can be written as UTF-8."""
    texts = {"type": kind, "message": message, "traceback": text}
    error = {name: value.encode("utf-8", "backslashreplace").decode() for name, value in texts.items()}
    return {"status": "failed", "seconds": {"total": seconds}, "error": error}
