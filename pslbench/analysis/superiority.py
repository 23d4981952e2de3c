"""The probability that one run of A scores above one run of B."""

from __future__ import annotations

from math import nan, sqrt
from typing import TYPE_CHECKING

from pslbench.analysis.statistics import MIN_SEEDS, IntervalEstimate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def superiority(a: ArrayLike, b: ArrayLike) -> IntervalEstimate:
    """P(A > B) + P(A = B) / 2 over all pairs of runs, scores float (n,) each (Bouthillier et al. 2021; Mann-Whitney).

    The interval is method 5 of Newcombe (2006, part 2), which stays honest where all runs of A are above all of B. It
    takes A and B for independent: where they vary together over seeds, it is wider than it need be. None below three.
    """
    import numpy as np

    ours, theirs = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if not len(ours):
        return IntervalEstimate(nan)
    theta = float((np.sign(ours[:, None] - theirs[None]) / 2 + 0.5).mean())
    if len(ours) < MIN_SEEDS:
        return IntervalEstimate(theta)
    return IntervalEstimate(theta, _lower(theta, len(ours)), 1 - _lower(1 - theta, len(ours)))


def _lower(theta: float, n: int) -> float:
    """The t below theta with theta - t = z sqrt(Var(t))."""
    from scipy.optimize import brentq
    from scipy.special import ndtri

    if theta == 0:
        return 0.0
    z = float(ndtri(0.975))
    return float(brentq(lambda t: theta - t - z * sqrt(_variance(t, n)), 0, theta * (1 - 1e-9)))


def _variance(t: float, n: int) -> float:
    return t * (1 - t) * (1 + (n - 1) * ((1 - t) / (2 - t) + t / (1 + t))) / n**2
