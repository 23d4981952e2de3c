"""One cell, top to bottom."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pslbench.analysis.metrics import classifier_scores, cluster_scores, pseudo_label_scores
from pslbench.contracts import Dataset, PseudoLabels
from pslbench.errors import ContractError
from pslbench.execution import stages
from pslbench.execution.cache import Entry, StageCache
from pslbench.execution.memory import PeakMemory
from pslbench.planning.plan import TRAINED_WITHIN, Cell, identified
from pslbench.plugins.catalog import Catalog
from pslbench.results.records import CellArtifacts, Result

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats

Outcome = tuple[Result, CellArtifacts | None]


def run_cell(
    catalog: Catalog, cell: Cell, cache: StageCache, tell: Callable[[str], None], fingerprints: set[str]
) -> Outcome:
    """Run one cell, with the stages that the cache has, and catch whatever goes wrong in it.

    Args:
        catalog: where the parts are looked up.
        cell: what to run.
        cache: gives stages that were computed before, and keeps the others.
        tell: hears of each stage that begins.
        recipes: those known to be what this process has; the cell's is looked at once, and put there.

    Returns:
        Its row, and what is kept beside it; None where it failed.
    """
    start = time.perf_counter()
    with PeakMemory() as memory:
        try:
            _check(catalog, cell, fingerprints)
            facts, evidence = _run(catalog, cell, cache, tell)
        except (Exception, SystemExit) as error:
            text = "".join(traceback.format_exception(error))
            facts, evidence = failure(type(error).__name__, str(error), text, time.perf_counter() - start), None
    return cell.row(**facts, peak_memory_mb=memory.peak_mb, finished=now()), evidence


def _check(catalog: Catalog, cell: Cell, fingerprints: set[str]) -> None:
    """Raises ContractError where this process would compute something else than the cell was planned for."""
    if cell.fingerprint in fingerprints:
        return
    if identified(catalog, cell).fingerprint != cell.fingerprint:
        raise ContractError(
            "a part, a library or the processor is not what it was where the run was planned; run again, and on a "
            "cluster see that all hosts are alike"
        )
    fingerprints.add(cell.fingerprint)


def failure(kind: str, message: str, text: str, seconds: float) -> dict[str, Any]:
    """What the row of a cell that failed says."""
    error = {"type": kind, "message": message, "traceback": text}
    return {"status": "failed", "seconds": {"total": seconds}, "error": error}


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _run(
    catalog: Catalog, cell: Cell, cache: StageCache, tell: Callable[[str], None]
) -> tuple[dict[str, Any], CellArtifacts]:
    def compute(name: str, how: Callable[[], Entry]) -> Entry:
        if not cache.holds(cell.stages[name]):
            tell(name)
        entry = cache.get(cell.stages[name], how)
        seconds[name] = entry.info["seconds"]
        return entry

    seconds: dict[str, float] = {}
    if not cache.holds(cell.stages["data"]):
        tell("load")
    loaded = cache.get(cell.stages["data"], lambda: stages.load(catalog, cell.dataset, cell.checksum), always=True)
    data, embedding, clusters, graph = stages.as_dataset(loaded), None, None, None
    if embedder := cell.embedder:
        embedding = compute("embed", lambda: stages.embed(catalog, embedder, data, cell.seed))
        if cell.with_graph:
            graph = compute("graph", lambda: stages.neighbors(embedding))
        if clusterer := cell.clusterer:
            clusters = compute("cluster", lambda: stages.cluster(catalog, clusterer, embedding, cell.budget, cell.seed))
    space = stages.PoolViews(embedding, clusters, graph)
    bench = stages.TrainingContext(catalog, data, cell.trainer, cell.seed)
    tell("label")
    by_itself, with_trainer = cell.stages["label"], cell.stages[TRAINED_WITHIN]
    labelled = cache.get(
        by_itself,
        lambda: stages.label(bench, cell.strategy, cell.budget, space),
        or_else=with_trainer,
        keep_as=lambda entry: with_trainer if entry.info["rounds"] else by_itself,
    )
    seconds["label"] = labelled.info["seconds"]
    pseudo_labels = stages.as_pseudo_labels(labelled)
    trained = compute("train", lambda: stages.train(bench, pseudo_labels))
    start = time.perf_counter()
    scores = _scores(data, clusters, pseudo_labels, trained.arrays["probabilities"])
    seconds["score"] = time.perf_counter() - start
    facts = {
        "status": "ok",
        "labels_spent": len(labelled.arrays["asked"]),
        "upper_bound": catalog.resolve("strategy", cell.strategy.name)[1].needs_all_labels,
        "test_set_evaluations": labelled.info["looks"] + trained.info["looks"],
        "compute_dtype": trained.info["compute_dtype"],
        "scores": scores,
        "seconds": {**seconds, "total": sum(seconds.values())},
    }
    return facts, CellArtifacts(trained.arrays["probabilities"], stages.labeling(labelled, clusters))


def _scores(data: Dataset, clusters: Entry | None, pseudo_labels: PseudoLabels, kept: Floats) -> dict[str, float]:
    """Every score of the cell; `kept` are class probabilities of the test samples, float16 (n_test, classes)."""
    import numpy as np

    scores = classifier_scores(data.y_test, kept.astype(np.float32))
    scores |= pseudo_label_scores(data.y_train, pseudo_labels.indices, pseudo_labels.hard_labels)
    if clusters is not None:
        scores |= cluster_scores(data.y_train, clusters.arrays["assignment"])
        if pseudo_labels.cluster_labels is not None and "test_assignment" in clusters.arrays:
            predicted = pseudo_labels.cluster_labels[clusters.arrays["test_assignment"]]
            scores["direct_accuracy"] = float((predicted == data.y_test).mean())
    return scores
