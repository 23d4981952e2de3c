from typing import Annotated, Any

from annotated_types import Ge

from pslbench.contracts import TrainingData
from pslbench.contracts.arrays import Floats, Ints
from pslbench.parts import trainer
from pslbench.trainers.classifiers import (
    FittedClassifier,
    cross_validate,
    fit_classifier,
    queried_samples,
    weighted_rows,
)

PENALTIES = tuple(10.0**exponent for exponent in range(1, -6, -1))  # per sample; the strongest first
USUAL_PENALTY = 0.01  # if there are too few labels to choose


@trainer("probe", takes="features", reference="Alain & Bengio 2017, Understanding intermediate layers, linear probes")
def probe(data: TrainingData, *, folds: Annotated[int, Ge(2)] = 5) -> FittedClassifier:
    """Fit multinomial logistic regression to the features, with a penalty that the queried labels choose.

    The features are standardized with the pool. The penalty is that with the least log loss in a stratified
    cross-validation on the samples whose true labels were queried. Pseudo-labels do not take part, because they are
    often wrong in the same way.

    Args:
        data: features. A sample with soft labels counts once per class, weighted by its probability.
        folds: the number of parts of the cross-validation.
    """
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(data.pool)
    x, labels = queried_samples(data)
    return fit_probe(data, scaler, choose_penalty(scaler.transform(x), labels, folds))


def fit_probe(data: TrainingData, scaler: Any, penalty: float) -> FittedClassifier:
    """Fit the probe with this penalty per sample; `scaler` is scikit-learn's, fitted to the pool."""
    from sklearn.linear_model import LogisticRegression

    _, rows, weights = weighted_rows(data)
    strength = 1 / (penalty * float(len(rows) if weights is None else weights.sum()))
    return fit_classifier(data, LogisticRegression(C=strength, max_iter=1000), scaler.transform)


def choose_penalty(x: Floats, labels: Ints, folds: int) -> float:
    """Return the penalty per sample with the least log loss on samples, float32 (n, d), with classes, int64 (n,)."""
    losses = cross_validate(PENALTIES, _rotated(x), labels, predict_with_penalty, folds)
    return USUAL_PENALTY if losses is None else PENALTIES[int(losses.mean(axis=1).argmin())]


def _rotated(x: Floats) -> Floats:
    """Return samples, float32 (n, d), in at most n dimensions with the same distances. The penalty does not notice."""
    import numpy as np

    if x.shape[1] <= len(x):
        return x
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    rotated: Floats = u * s
    return rotated


def predict_with_penalty(penalty: float, x: Floats, labels: Ints, new: Floats) -> Floats:
    """Train on samples, float32 (n, d), with classes, int64 (n,); return probabilities of new ones, (m, classes)."""
    from sklearn.linear_model import LogisticRegression

    probabilities: Floats = LogisticRegression(C=1 / (penalty * len(x)), max_iter=200).fit(x, labels).predict_proba(new)
    return probabilities
