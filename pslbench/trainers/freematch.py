from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt, Interval

from pslbench.contracts import TrainingData
from pslbench.parts import trainer
from pslbench.trainers.cnn import Network
from pslbench.trainers.fixmatch import match

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pslbench.contracts.arrays import Floats


@trainer("freematch", images_only=True, reference="Wang et al. 2023, FreeMatch")
def freematch(
    data: TrainingData,
    seed: int,
    *,
    momentum: Annotated[float, Interval(ge=0, lt=1)] = 0.99,
    mu: Annotated[int, Ge(1)] = 7,
    steps: Annotated[int, Ge(1)] = 1500,
    weight: Annotated[float, Gt(0)] = 1.0,
) -> Network:
    """As fixmatch, with a threshold for each class that rises as the network grows sure of it.

    Without the paper's fairness loss; its momentum of 0.999 is scaled to the shorter training.

    Args:
        data: images; the whole pool is used, the labels of some of it.
        seed: of first weights, order, dropout and distortions.
        momentum: of the averages that thresholds are made of.
        mu: images without a label a step, for each of 32 with one.
        steps: of training.
        weight: of the loss on images without a label.
    """
    return match(data, seed, SelfAdaptive(data.n_classes, momentum), mu, steps, weight)


class SelfAdaptive:
    """Which predictions are confident: equations 5 to 8 of the paper."""

    def __init__(self, n_classes: int, momentum: float) -> None:
        import numpy as np

        self._overall, self._of_class = 1 / n_classes, np.full(n_classes, 1 / n_classes)
        self._momentum = momentum

    def __call__(self, p: Floats) -> NDArray[np.bool_]:
        """bool (m,), of class probabilities, float32 (m, classes), which move the thresholds too."""
        kept = self._momentum
        self._overall = kept * self._overall + (1 - kept) * float(p.max(axis=1).mean())
        self._of_class = kept * self._of_class + (1 - kept) * p.mean(axis=0)
        thresholds = self._overall * self._of_class / self._of_class.max()
        sure: NDArray[np.bool_] = p.max(axis=1) >= thresholds[p.argmax(axis=1)]
        return sure
