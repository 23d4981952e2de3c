"""Scores of a cell, computed where the true labels are."""

from collections.abc import Mapping

from pslbench.analysis.metrics import classifier_scores, cluster_scores, pseudo_label_scores
from pslbench.contracts.arrays import AnyArray, Ints
from pslbench.errors import ContractError
from pslbench.execution.oracle import TrueLabels, check_probabilities
from pslbench.results.records import CellArtifacts, LabelingRecord


def check_output(truth: TrueLabels, arrays: Mapping[str, AnyArray]) -> None:
    """Raises ContractError if the output of a cell is not what `score` takes, because a part changed its worker."""
    import numpy as np

    n, classes = len(truth.pool), truth.n_classes
    if missing := {"indices", "labels", "asked", "probabilities"} - arrays.keys():
        raise ContractError(f"the worker returned no {min(missing)}")
    limits = {"indices": n, "labels": classes, "asked": n, "medoids": n, "cluster_labels": classes}
    limits |= dict.fromkeys(("assignment", "test_assignment"), len(arrays.get("cluster_labels", ())) or n)
    for name, limit in limits.items():
        found = arrays.get(name, np.zeros(0, np.int64))
        if (
            found.ndim != 1
            or found.dtype != np.int64
            or not (0 <= found.min(initial=0) <= found.max(initial=0) < limit)
        ):
            raise ContractError(f"the worker returned {name} that are not integers (m,) from 0 to {limit - 1}")
    if not len(arrays["indices"]) or arrays["probabilities"].dtype != np.float16:
        raise ContractError("the worker returned no pseudo-labels, or probabilities that are not float16")
    if len(arrays["indices"]) != len(arrays["labels"]) or len(arrays.get("assignment", truth.pool)) != n:
        raise ContractError("the worker returned arrays of different lengths")
    check_probabilities(arrays["probabilities"], len(truth.test), classes)


def artifacts_of(arrays: Mapping[str, AnyArray], asked: Ints) -> CellArtifacts:
    """Return what is stored of the output of a cell; `asked` are the samples whose label was queried."""
    names = ("indices", "labels", "cluster_labels", "assignment", "medoids")
    labeling = LabelingRecord(asked, **{name: arrays[name] for name in names if name in arrays})
    return CellArtifacts(arrays["probabilities"], labeling)


def score(truth: TrueLabels, arrays: Mapping[str, AnyArray]) -> dict[str, float]:
    """Return every score of a cell.

    Args:
        truth: the true labels.
        arrays: the output of the cell: `probabilities`, float16 (n_test, classes); `indices` and hard `labels`, int64
            (m,); and, if it has clusters, `assignment`, int64 (n,), `cluster_labels` and `test_assignment`.
    """
    import numpy as np

    scores = classifier_scores(truth.test, arrays["probabilities"].astype(np.float32))
    scores |= pseudo_label_scores(truth.pool, arrays["indices"], arrays["labels"])
    if "assignment" in arrays:
        scores |= cluster_scores(truth.pool, arrays["assignment"])
        if "cluster_labels" in arrays and "test_assignment" in arrays:
            predicted = arrays["cluster_labels"][arrays["test_assignment"]]
            scores["direct_accuracy"] = float((predicted == truth.test).mean())
    return scores
