"""What trainers with a classifier of scikit-learn share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from pslbench.contracts import TrainingData
from pslbench.contracts.arrays import Floats, Ints

Option = TypeVar("Option")
Transform = Callable[[Floats], Floats]
MAX_VALIDATED = 1_000  # samples in a cross-validation
MIN_PROBABILITY = 1e-6  # added before logarithms are taken


@dataclass(frozen=True)
class FittedClassifier:
    """A fitted scikit-learn classifier that was trained on `classes`, int64 (k,), some of `n_classes`.

    `transform` turns vectors into what the classifier takes.
    """

    model: Any
    classes: Ints
    n_classes: int
    transform: Transform

    def predict_proba(self, x: Floats) -> Floats:
        """Return class probabilities, float32 (m, classes), of samples, float32 (m, ...); 0 for untrained classes."""
        import numpy as np

        probabilities = np.zeros((len(x), self.n_classes), np.float32)
        probabilities[:, self.classes] = self.model.predict_proba(self.transform(x.reshape(len(x), -1)))
        return probabilities


def weighted_rows(data: TrainingData) -> tuple[Floats, Ints, Floats | None]:
    """Return the pseudo-labeled samples as vectors, with hard labels and weights.

    A sample with soft labels occurs once per class that has a probability, weighted by it.
    """
    import numpy as np

    x, weights = data.x.reshape(len(data.indices), -1), data.weights
    labels: Any = data.labels
    if labels.ndim == 1:
        return x, labels, weights
    rows, classes = np.nonzero(labels)
    return x[rows], classes, labels[rows, classes] * (1 if weights is None else weights[rows])


def fit_classifier(data: TrainingData, model: Any, transform: Transform = lambda x: x) -> FittedClassifier:
    """Fit a scikit-learn classifier that takes weights to the pseudo-labels. One class alone is always predicted.

    `transform` turns vectors, float32 (m, d), into what the classifier takes.
    """
    import numpy as np
    from sklearn.dummy import DummyClassifier

    x, labels, weights = weighted_rows(data)
    classes: Ints = np.unique(labels)
    fitted = DummyClassifier(strategy="most_frequent") if len(classes) == 1 else model
    fitted.fit(transform(x), labels, sample_weight=weights)
    return FittedClassifier(fitted, classes, data.n_classes, transform)


def queried_samples(data: TrainingData) -> tuple[Floats, Ints]:
    """Return the samples whose true labels were queried, float32 (q, d), and their labels, int64 (q,).

    If it is unknown which these are, or if there are none, all pseudo-labeled samples are returned.
    """
    is_queried = slice(None) if data.is_queried is None or not data.is_queried.any() else data.is_queried
    labels: Any = data.labels.argmax(axis=1) if data.labels.ndim == 2 else data.labels
    return data.x[is_queried], labels[is_queried]


def cross_validate(
    options: Sequence[Option],
    x: Floats,
    labels: Ints,
    predict: Callable[[Option, Floats, Ints, Floats], Floats],
    folds: int = 5,
) -> Floats | None:
    """Return the log loss of each option on each sample in a stratified cross-validation, float32 (options, m).

    Samples of a class that the other folds do not contain are left out, because every option fails on them. Of more
    than 1,000 samples a random 1,000 take part.

    Args:
        options: what to choose from.
        x, labels: the samples, float32 (n, d), and their classes, int64 (n,).
        predict: takes an option, training samples, their labels, and other samples (m, d). It returns probabilities
            (m, k) of the classes that occur among the labels, in ascending order.
        folds: the number of parts.

    Returns:
        None if no class has two samples, or only one class occurs.
    """
    import numpy as np
    from sklearn.model_selection import StratifiedKFold

    if len(x) > MAX_VALIDATED:
        selected = np.random.default_rng(0).choice(len(x), MAX_VALIDATED, replace=False)
        x, labels = x[selected], labels[selected]
    _, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if len(counts) < 2 or max(counts) < 2:
        return None
    splits = _splits(StratifiedKFold(min(folds, max(counts)), shuffle=True, random_state=0), codes)
    losses = [[_log_losses(partial(predict, option), x, codes, *split) for split in splits] for option in options]
    joined = np.array([np.concatenate(each) for each in losses], np.float32)
    return joined if joined.size else None


def _log_losses(
    predict: Callable[[Floats, Ints, Floats], Floats], x: Floats, labels: Ints, train: Ints, test: Ints
) -> Floats:
    import numpy as np

    classes, codes = np.unique(labels[train], return_inverse=True)
    scored = test[np.isin(labels[test], classes)]
    if len(classes) < 2 or not len(scored):
        return np.zeros(0, np.float32)
    probabilities = predict(x[train], codes, x[scored])
    right = probabilities[np.arange(len(scored)), np.searchsorted(classes, labels[scored])]
    return np.asarray(-np.log(right + MIN_PROBABILITY), np.float32)


def _splits(folds: Any, labels: Ints) -> list[tuple[Ints, Ints]]:
    """Return the training and test samples of each fold. Rare classes are usual here, so no warning is shown."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return list(folds.split(labels, labels))
