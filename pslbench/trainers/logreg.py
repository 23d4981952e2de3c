from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge, Gt

from pslbench.contracts import TrainingData
from pslbench.parts import trainer

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats, Ints


@dataclass(frozen=True)
class Linear:
    """A fitted scikit-learn classifier that saw the classes `seen`, of `n_classes`."""

    model: Any
    seen: Ints
    n_classes: int

    def predict_proba(self, x: Floats) -> Floats:
        """Class probabilities, float32 (m, classes), of samples, float32 (m, ...); 0 for classes never seen."""
        import numpy as np

        probabilities = np.zeros((len(x), self.n_classes), np.float32)
        probabilities[:, self.seen] = self.model.predict_proba(x.reshape(len(x), -1))
        return probabilities


@trainer("logreg", reference="Cox 1958")
def logreg(data: TrainingData, *, C: Annotated[float, Gt(0)] = 1.0, max_iter: Annotated[int, Ge(1)] = 1000) -> Linear:
    """Multinomial logistic regression on the flattened samples.

    Args:
        data: images or feature vectors.
        C: inverse strength of the L2 penalty.
        max_iter: steps of L-BFGS at the most.
    """
    import numpy as np
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression

    hard = data.probabilities.argmax(axis=1)
    seen = np.unique(hard)
    model = LogisticRegression(C=C, max_iter=max_iter) if len(seen) > 1 else DummyClassifier(strategy="most_frequent")
    model.fit(data.x.reshape(len(data.indices), -1), data.labels, sample_weight=data.weights)
    return Linear(model, seen, data.n_classes)
