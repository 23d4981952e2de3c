"""Confidence against accuracy, bin by bin: pure functions of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pslbench.contracts import Floats, Ints

    Numbers = NDArray[np.float64]


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
    of y, int (n,) (Guo et al. 2017, section 2): the bins of `calibration_error`."""
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
