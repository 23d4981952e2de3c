"""Intervals over seeds: pure functions of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan

MIN_SEEDS = 3  # with fewer there is no interval: of two, Student's t makes one 13 times the standard error
SAME = 1e-12  # values that differ by less do so by rounding


@dataclass(frozen=True)
class Interval:
    """A mean of `n` values with the 95% interval of Student's t.

    The half-width is NaN where there is no telling how far the mean may be off: for fewer than three values, and for
    values that are all the same (`constant`), as they are where nothing in a cell depends on the seed.
    """

    mean: float
    half_width: float
    n: int
    constant: bool = False

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

    @property
    def is_zero(self) -> bool:
        """Whether every value is zero."""
        return self.constant and abs(self.mean) < SAME

    @property
    def is_tie(self) -> bool:
        """Of a difference: whether the two cannot be told apart, as there is an interval that holds zero or each value
        is zero."""
        return self.is_zero or self.low <= 0 <= self.high

    @property
    def is_unclear(self) -> bool:
        """Of how far one is behind the best: whether that cannot be judged, for want of an interval or with one below
        zero."""
        return not self.is_zero and (isnan(self.half_width) or self.high < 0)


@dataclass(frozen=True)
class Bounds:
    """An estimate with a 95% interval that need not be symmetric; NaN bounds where there is none."""

    estimate: float
    low: float = nan
    high: float = nan


def interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """The mean of `values` and the half-width of its interval (Student 1908). Given none, the mean is NaN too."""
    import numpy as np
    from scipy.special import stdtrit

    n = len(values)
    if n == 0 or max(values) - min(values) < SAME:
        return Interval(float(values[0]) if n else nan, nan, n, constant=n > 0)
    mean = float(np.mean(values))
    if n < MIN_SEEDS:
        return Interval(mean, nan, n)
    spread = float(np.std(values, ddof=1)) / n**0.5
    return Interval(mean, float(stdtrit(n - 1, (1 + level) / 2)) * spread, n)


def paired_difference(a: Mapping[int, float], b: Mapping[int, float], level: float = 0.95) -> Interval:
    """The mean of a - b over the seeds that both have, with its interval."""
    return interval([a[seed] - b[seed] for seed in sorted(a.keys() & b.keys())], level)
