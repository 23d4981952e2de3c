"""Intervals and paired comparisons over seeds: pure functions of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan

SAME = 1e-12  # values that differ by less do so by rounding


@dataclass(frozen=True)
class Interval:
    """A mean of `n` values with the 95% interval of Student's t.

    The half-width is NaN where there is no telling how far the mean may be off: for fewer than two values, and for
    values that are all the same, as they are where nothing in a cell depends on the seed.
    """

    mean: float
    half_width: float
    n: int

    @property
    def low(self) -> float:
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        return self.mean + self.half_width

    @property
    def holds_zero(self) -> bool:
        """Whether zero cannot be ruled out; so too where there is no interval."""
        return isnan(self.half_width) or self.low <= 0 <= self.high


def interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """The mean of `values` and the half-width of its interval (Student 1908). Given none, the mean is NaN too."""
    import numpy as np
    from scipy.special import stdtrit

    n = len(values)
    if n < 2 or max(values) - min(values) < SAME:
        return Interval(float(values[0]) if n else nan, nan, n)
    spread = float(np.std(values, ddof=1)) / n**0.5
    return Interval(float(np.mean(values)), float(stdtrit(n - 1, (1 + level) / 2)) * spread, n)


def paired_difference(a: dict[int, float], b: dict[int, float]) -> Interval:
    """The mean of a - b over the seeds that both have, with its interval."""
    return interval([a[seed] - b[seed] for seed in sorted(a.keys() & b.keys())])
