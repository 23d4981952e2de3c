"""Scores of class probabilities, pseudo-labels and clusters. The functions take arrays."""

import numpy as np

from pslbench.contracts.arrays import Float64s, Floats, Ints


def classifier_scores(y: Ints, probabilities: Floats) -> dict[str, float]:
    """Return the scores of class probabilities, float (n, classes), for true classes, int (n,).

    `test_accuracy`, `macro_f1` over the classes in `y`, `nll` (mean negative log-likelihood in nats, with
    probabilities clipped at 1e-7) and `ece` (15 bins).
    """
    predicted = probabilities.argmax(axis=1)
    of_true_class = np.clip(probabilities[np.arange(len(y)), y].astype(np.float64), 1e-7, 1)
    return {
        "test_accuracy": float((predicted == y).mean()),
        "macro_f1": _macro_f1(y, predicted, probabilities.shape[1]),
        "nll": float(-np.log(of_true_class).mean()),
        "ece": calibration_error(y, probabilities),
    }


def _macro_f1(y: Ints, predicted: Ints, n_classes: int) -> float:
    """Return the same as scikit-learn's `f1_score`, whose input validation takes longer than a fast cell."""
    hits = np.bincount(y[predicted == y], minlength=n_classes)
    true_counts, predicted_counts = np.bincount(y, minlength=n_classes), np.bincount(predicted, minlength=n_classes)
    occurs = true_counts > 0
    return float((2 * hits[occurs] / (true_counts + predicted_counts)[occurs]).mean())


def calibration_error(y: Ints, probabilities: Floats, bins: int = 15) -> float:
    """Return the expected calibration error with `bins` bins of equal width (Guo et al. 2017, eq. 3)."""
    diagram = reliability_diagram(y, probabilities, bins)
    return float((diagram["samples"] * abs(diagram["accuracy"] - diagram["confidence"])).sum() / len(y))


def reliability_diagram(y: Ints, probabilities: Floats, bins: int = 15) -> dict[str, Float64s]:
    """Return accuracy by confidence in the bins of equal width that contain samples (Guo et al. 2017, section 2).

    Args:
        y: true classes, int (n,).
        probabilities: class probabilities, float (n, classes); the highest one is the confidence.
        bins: the number of bins.

    Returns:
        Float (b,) each: `low` and `high`, the limits of confidence of each bin; `confidence` and `accuracy`, the means
        over its samples; `samples`, their number.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    is_correct = (probabilities.argmax(axis=1) == y).astype(np.float64)
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(bin_of, minlength=bins)
    columns = {
        "low": np.arange(bins) / bins,
        "high": np.arange(1, bins + 1) / bins,
        "confidence": np.bincount(bin_of, confidence, bins) / count.clip(1),
        "accuracy": np.bincount(bin_of, is_correct, bins) / count.clip(1),
        "samples": count,
    }
    return {name: values[count > 0] for name, values in columns.items()}


def pseudo_label_scores(y: Ints, indices: Ints, labels: Ints) -> dict[str, float]:
    """Return the scores of pseudo-labels, int (m,), at `indices` of a pool with true classes `y`, int (n,).

    `pseudo_accuracy`, `coverage` (the share of the pool that has a pseudo-label) and `classes_seen` (the number of
    classes among the pseudo-labels).
    """
    return {
        "pseudo_accuracy": float((labels == y[indices]).mean()),
        "coverage": len(indices) / len(y),
        "classes_seen": float(len(np.unique(labels))),
    }


def cluster_scores(y: Ints, assignment: Ints) -> dict[str, float]:
    """Return `purity`, `nmi` (arithmetic mean) and `ari` of clusters, int (n,), for true classes, int (n,)."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
    from sklearn.metrics.cluster import contingency_matrix

    return {
        "purity": float(contingency_matrix(y, assignment).max(axis=0).sum() / len(y)),
        "nmi": float(normalized_mutual_info_score(y, assignment)),
        "ari": float(adjusted_rand_score(y, assignment)),
    }
