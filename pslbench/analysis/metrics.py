"""Scores of class probabilities, of pseudo-labels and of clusters: pure functions of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pslbench.contracts.arrays import Floats, Ints

    Numbers = NDArray[np.float64]


def classifier_scores(y: Ints, probabilities: Floats) -> dict[str, float]:
    """Scores of class probabilities, float (n, classes), against true classes, int (n,).

    `test_accuracy`, `macro_f1` over the classes in `y`, `nll` (mean negative log-likelihood, nats, probabilities
    clipped at 1e-7) and `ece` (15 bins).
    """
    import numpy as np

    predicted = probabilities.argmax(axis=1)
    true = np.clip(probabilities[np.arange(len(y)), y].astype(np.float64), 1e-7, 1)
    return {
        "test_accuracy": float((predicted == y).mean()),
        "macro_f1": _macro_f1(y, predicted, probabilities.shape[1]),
        "nll": float(-np.log(true).mean()),
        "ece": calibration_error(y, probabilities),
    }


def _macro_f1(y: Ints, predicted: Ints, n_classes: int) -> float:
    """As scikit-learn's `f1_score`, which takes longer to check its input than a quick cell takes in all."""
    import numpy as np

    hits = np.bincount(y[predicted == y], minlength=n_classes)
    there, given = np.bincount(y, minlength=n_classes), np.bincount(predicted, minlength=n_classes)
    return float((2 * hits[there > 0] / (there + given)[there > 0]).mean())


def calibration_error(y: Ints, probabilities: Floats, bins: int = 15) -> float:
    """Expected calibration error with `bins` equal bins of confidence (Guo et al. 2017, eq. 3)."""
    found = reliability(y, probabilities, bins)
    return float((found.count * abs(found.accuracy - found.confidence)).sum() / len(y))


@dataclass(frozen=True, eq=False)
class Reliability:
    """A reliability diagram; bins without a sample are left out.

    Attributes:
        low, high: float (b,), the edges of each bin of confidence.
        confidence, accuracy: float (b,), the means over the samples of each bin.
        count: int64 (b,), how many samples it has.
    """

    low: Numbers
    high: Numbers
    confidence: Numbers
    accuracy: Numbers
    count: Ints


def reliability(y: Ints, probabilities: Floats, bins: int = 15) -> Reliability:
    """Equal bins of the highest of the class probabilities, float (n, classes), against whether it was the true class
    of y, int (n,) (Guo et al. 2017, section 2)."""
    import numpy as np

    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = (probabilities.argmax(axis=1) == y).astype(np.float64)
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(which, minlength=bins)
    there = count > 0
    sure, right = (
        np.bincount(which, weights=values, minlength=bins)[there] / count[there] for values in (confidence, correct)
    )
    edges = np.arange(bins + 1) / bins
    return Reliability(edges[:-1][there], edges[1:][there], sure, right, count[there])


def pseudo_label_scores(y: Ints, indices: Ints, labels: Ints) -> dict[str, float]:
    """`pseudo_accuracy` of pseudo-labels, int (m,), at `indices` of a pool with true classes `y`, int (n,); `coverage`,
    the share of the pool that has one; `classes_seen`, how many of the classes occur among them."""
    import numpy as np

    return {
        "pseudo_accuracy": float((labels == y[indices]).mean()),
        "coverage": len(indices) / len(y),
        "classes_seen": float(len(np.unique(labels))),
    }


def cluster_scores(y: Ints, assignment: Ints) -> dict[str, float]:
    """`purity`, `nmi` (arithmetic mean) and `ari` of clusters, int (n,), against true classes, int (n,)."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
    from sklearn.metrics.cluster import contingency_matrix

    return {
        "purity": float(contingency_matrix(y, assignment).max(axis=0).sum() / len(y)),
        "nmi": float(normalized_mutual_info_score(y, assignment)),
        "ari": float(adjusted_rand_score(y, assignment)),
    }
