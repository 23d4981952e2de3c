from typing import Annotated

from annotated_types import Ge, Gt, Interval

from pslbench.contracts import TrainingData
from pslbench.contracts.arrays import Bools, Floats
from pslbench.parts import trainer
from pslbench.trainers.cnn import Network
from pslbench.trainers.fixmatch import train_consistently


@trainer("freematch", takes="images", soft_labels=False, reference="Wang et al. 2023, FreeMatch")
def freematch(
    data: TrainingData,
    seed: int,
    *,
    momentum: Annotated[float, Interval(ge=0, lt=1)] = 0.99,
    mu: Annotated[int, Ge(1)] = 7,
    steps: Annotated[int, Ge(1)] = 1500,
    weight: Annotated[float, Gt(0)] = 1.0,
) -> Network:
    """Train like fixmatch, with a threshold per class that rises as the network becomes confident in that class.

    The paper's fairness loss is left out. Its momentum of 0.999 is adapted to the shorter training.

    Args:
        data: images. The whole pool is used, with the labels of the labeled samples.
        seed: determines the initial weights, the order of the samples, dropout and augmentation.
        momentum: the momentum of the moving averages that determine the thresholds.
        mu: the number of unlabeled images per labeled image; each step takes 32 labeled images.
        steps: the number of training steps.
        weight: the weight of the loss on unlabeled images.
    """
    return train_consistently(data, seed, AdaptiveThresholds(data.n_classes, momentum), mu, steps, weight)


class AdaptiveThresholds:
    """The self-adaptive thresholds of the paper, equations 5 to 8."""

    def __init__(self, n_classes: int, momentum: float) -> None:
        import numpy as np

        self._overall, self._per_class = 1 / n_classes, np.full(n_classes, 1 / n_classes)
        self._momentum = momentum

    def __call__(self, p: Floats) -> Bools:
        """Update the thresholds with probabilities, float32 (m, classes), and return which reach them, bool (m,)."""
        momentum = self._momentum
        self._overall = momentum * self._overall + (1 - momentum) * float(p.max(axis=1).mean())
        self._per_class = momentum * self._per_class + (1 - momentum) * p.mean(axis=0)
        thresholds = self._overall * self._per_class / self._per_class.max()
        is_confident: Bools = p.max(axis=1) >= thresholds[p.argmax(axis=1)]
        return is_confident
