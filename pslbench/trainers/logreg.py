from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge, Gt

from pslbench.contracts import TrainingData
from pslbench.contracts.arrays import Floats, Ints
from pslbench.parts import trainer


@dataclass(frozen=True)
class LinearClassifier:
    """A fitted scikit-learn classifier that was trained on `classes`, some of `n_classes`."""

    model: Any
    classes: Ints
    n_classes: int

    def predict_proba(self, x: Floats) -> Floats:
        """Return class probabilities, float32 (m, classes), of samples, float32 (m, ...); 0 for untrained classes."""
        import numpy as np

        probabilities = np.zeros((len(x), self.n_classes), np.float32)
        probabilities[:, self.classes] = self.model.predict_proba(x.reshape(len(x), -1))
        return probabilities


@trainer("logreg", reference="Cox 1958")
def logreg(
    data: TrainingData, *, C: Annotated[float, Gt(0)] = 1.0, max_iter: Annotated[int, Ge(1)] = 1000
) -> LinearClassifier:
    """Fit multinomial logistic regression to the flattened samples.

    Args:
        data: images or feature vectors. A sample with soft labels counts once per class, weighted by its probability.
        C: the inverse strength of the L2 penalty.
        max_iter: the largest number of iterations of L-BFGS.
    """
    import numpy as np
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression

    x, labels, weights = data.x.reshape(len(data.indices), -1), data.labels, data.weights
    if labels.ndim == 2:
        rows, labels = np.nonzero(data.labels)
        x, weights = x[rows], data.labels[rows, labels] * (1 if weights is None else weights[rows])
    classes: Ints = np.unique(labels)
    is_constant = len(classes) == 1
    model = DummyClassifier(strategy="most_frequent") if is_constant else LogisticRegression(C=C, max_iter=max_iter)
    model.fit(x, labels, sample_weight=weights)
    return LinearClassifier(model, classes, data.n_classes)
