from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge

from pslbench.contracts import Predictor, TrainingData
from pslbench.contracts.arrays import Floats, Ints
from pslbench.parts import trainer

Choice = Literal["both", "probe", "extra-trees"]
CHOICES: tuple[Choice, ...] = ("both", "probe", "extra-trees")
TREES_PER_FOLD = 100
STANDARD_ERRORS = 2  # by which one classifier must be better than both


@dataclass(frozen=True)
class SoftVote:
    """Classifiers whose probabilities are averaged."""

    members: tuple[Predictor, ...]

    def predict_proba(self, x: Floats) -> Floats:
        """Return class probabilities, float32 (m, classes), of features, float32 (m, d)."""
        import numpy as np

        mean: Floats = np.mean([member.predict_proba(x) for member in self.members], axis=0, dtype=np.float32)
        return mean


@trainer("ensemble", takes="features")
def ensemble(
    data: TrainingData, seed: int, *, folds: Annotated[int, Ge(2)] = 5, trees: Annotated[int, Ge(1)] = 300
) -> SoftVote:
    """Average the probabilities of `probe` and `extra-trees`, unless one of them is clearly better.

    A linear classifier is the better one on features of pretrained encoders, and trees are the better one on most
    tables. One of them is used alone if its log loss, in a cross-validation on the queried labels, is less than that of
    the average by two standard errors.

    Args:
        data: features. A sample with soft labels counts once per class, weighted by its probability.
        seed: determines the trees.
        folds: the number of parts of the cross-validations.
        trees: the number of trees.
    """
    from sklearn.preprocessing import StandardScaler

    from pslbench.trainers.classifiers import queried_samples
    from pslbench.trainers.extra_trees import extra_trees
    from pslbench.trainers.probe import choose_penalty, fit_probe

    scaler, (x, labels) = StandardScaler().fit(data.pool), queried_samples(data)
    x = scaler.transform(x)
    penalty = choose_penalty(x, labels, folds)
    choice = _choose(x, labels, penalty, folds)
    members: list[Predictor] = []
    if choice != "extra-trees":
        members.append(fit_probe(data, scaler, penalty))
    if choice != "probe":
        members.append(extra_trees(data, seed, trees=trees))
    return SoftVote(tuple(members))


def _choose(x: Floats, labels: Ints, penalty: float, folds: int) -> Choice:
    from pslbench.trainers.classifiers import cross_validate
    from pslbench.trainers.probe import predict_with_penalty

    def predict(choice: Choice, x: Floats, labels: Ints, new: Floats) -> Floats:
        import numpy as np

        probabilities = []
        if choice != "extra-trees":
            probabilities.append(predict_with_penalty(penalty, x, labels, new))
        if choice != "probe":
            probabilities.append(_predict_with_trees(x, labels, new))
        return np.asarray(np.mean(probabilities, axis=0), np.float32)

    losses = cross_validate(CHOICES, x, labels, predict, folds)
    return "both" if losses is None else CHOICES[clearly_best(losses)]


def clearly_best(losses: Floats) -> int:
    """Return the row of the least mean loss, (options, n), if it is clearly less than that of the first row, else 0."""
    best = int(losses.mean(axis=1).argmin())
    gain = losses[0] - losses[best]
    return best if gain.mean() > STANDARD_ERRORS * gain.std() / len(gain) ** 0.5 else 0


def _predict_with_trees(x: Floats, labels: Ints, new: Floats) -> Floats:
    from sklearn.ensemble import ExtraTreesClassifier

    model = ExtraTreesClassifier(TREES_PER_FOLD, random_state=0).fit(x, labels)
    probabilities: Floats = model.predict_proba(new)
    return probabilities
