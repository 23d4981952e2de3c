"""Means over seeds and their confidence intervals. The functions take numbers only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Float64s = NDArray[np.float64]

MIN_SEEDS = 3  # with two seeds, the half-width of Student's interval is 13 standard errors
ROUNDING_ERROR = 1e-12  # smaller differences are rounding errors


@dataclass(frozen=True)
class Interval:
    """The mean of `n` values with its 95% confidence interval (Student's t).

    The half-width is NaN if the error of the mean cannot be estimated: for fewer than three values, and for values
    that are all equal (`is_constant`), for example if the cell does not depend on its seed.
    """

    mean: float
    half_width: float
    n: int
    is_constant: bool = False

    @property
    def low(self) -> float:
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        return self.mean + self.half_width

    @property
    def contains_zero(self) -> bool:
        """Whether zero cannot be excluded; true if there is no interval."""
        return isnan(self.half_width) or self.low <= 0 <= self.high

    @property
    def is_zero(self) -> bool:
        """Whether every value is zero."""
        return self.is_constant and abs(self.mean) < ROUNDING_ERROR


@dataclass(frozen=True)
class IntervalEstimate:
    """An estimate with a 95% confidence interval that can be asymmetric. The limits are NaN if there is none."""

    estimate: float
    low: float = nan
    high: float = nan


def mean_interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """Return the mean of `values` and its confidence interval (Student 1908). The mean of no values is NaN."""
    import numpy as np
    from scipy.special import stdtrit

    n = len(values)
    if n == 0 or max(values) - min(values) < ROUNDING_ERROR:
        return Interval(float(values[0]) if n else nan, nan, n, is_constant=n > 0)
    mean = float(np.mean(values))
    if n < MIN_SEEDS:
        return Interval(mean, nan, n)
    standard_error = float(np.std(values, ddof=1)) / n**0.5
    return Interval(mean, float(stdtrit(n - 1, (1 + level) / 2)) * standard_error, n)


def paired_difference(a: Mapping[int, float], b: Mapping[int, float], level: float = 0.95) -> Interval:
    """Return the mean of a - b over the seeds that both have, with its confidence interval."""
    return mean_interval([a[seed] - b[seed] for seed in sorted(a.keys() & b.keys())], level)
