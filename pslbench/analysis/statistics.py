"""Means over seeds and their confidence intervals. The functions take numbers and arrays only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan

from pslbench.contracts.arrays import Float64s

MIN_SEEDS = 3  # with two seeds, the half-width of Student's interval is 13 standard errors
MIN_BOOTSTRAP_SEEDS = 20  # with fewer seeds, the coverage of a bootstrap interval is clearly below 95%
BCA_RESAMPLES = 9_999
STRATIFIED_RESAMPLES = 2_000
ROUNDING_ERROR = 1e-12  # smaller differences are rounding errors


@dataclass(frozen=True)
class Interval:
    """The mean of `n` values with its 95% confidence interval (Student's t).

    Attributes:
        mean: the mean; NaN if there are no values.
        half_width: half of the width of the interval; NaN if the error of the mean cannot be estimated: for fewer than
            three values, and for values that are all equal.
        n: the number of values.
        is_constant: whether all values are equal, for example because the cell does not depend on its seed.
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


def bca_interval(values: Sequence[float]) -> IntervalEstimate:
    """Return the mean of values, float (n,), with its bias-corrected and accelerated interval (Efron 1987).

    There is no interval for fewer than three values, or if all values are equal.
    """
    import numpy as np
    from scipy.stats import bootstrap

    mean = mean_interval(values)
    if isnan(mean.half_width):
        return IntervalEstimate(mean.mean)
    result = bootstrap((values,), np.mean, method="BCa", n_resamples=BCA_RESAMPLES, rng=np.random.default_rng(0))
    return IntervalEstimate(mean.mean, *map(float, result.confidence_interval))


def stratified_bootstrap(
    tables: Sequence[Float64s], statistic: Callable[[Sequence[Float64s]], Float64s]
) -> list[IntervalEstimate]:
    """Return a statistic of every row with its percentile interval; seeds are resampled within each dataset.

    Source: Agarwal et al. 2021.

    Args:
        tables: float (rows, seeds) for each dataset. All rows share the seeds, so they share the resampled seeds.
        statistic: maps tables, float (rows, resamples, seeds) each, to float (rows, resamples).

    Returns:
        The statistic of each row, without an interval if a dataset has fewer than three seeds.
    """
    import numpy as np

    rng = np.random.default_rng(0)
    estimates = statistic([table[:, None] for table in tables])[:, 0]
    if min(table.shape[1] for table in tables) < MIN_SEEDS:
        return [IntervalEstimate(float(estimate)) for estimate in estimates]
    resamples = [rng.integers(table.shape[1], size=(STRATIFIED_RESAMPLES, table.shape[1])) for table in tables]
    resampled = statistic([table[:, seeds] for table, seeds in zip(tables, resamples, strict=True)])
    low, high = np.quantile(resampled, [0.025, 0.975], axis=1)
    return [IntervalEstimate(*map(float, limits)) for limits in zip(estimates, low, high, strict=True)]
