from typing import Annotated

from annotated_types import Ge, Gt

from pslbench.contracts import TrainingData
from pslbench.parts import trainer
from pslbench.trainers.classifiers import FittedClassifier, fit_classifier


@trainer("logreg", reference="Cox 1958")
def logreg(
    data: TrainingData, *, C: Annotated[float, Gt(0)] = 1.0, max_iter: Annotated[int, Ge(1)] = 1000
) -> FittedClassifier:
    """Fit multinomial logistic regression to the flattened samples.

    Args:
        data: images or feature vectors. A sample with soft labels counts once per class, weighted by its probability.
        C: the inverse strength of the L2 penalty.
        max_iter: the largest number of iterations of L-BFGS.
    """
    from sklearn.linear_model import LogisticRegression

    return fit_classifier(data, LogisticRegression(C=C, max_iter=max_iter))
