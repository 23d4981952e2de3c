"""Bootstrap confidence intervals. The functions take arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan
from typing import TYPE_CHECKING

from pslbench.analysis.statistics import MIN_SEEDS, ROUNDING_ERROR, IntervalEstimate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from pslbench.analysis.statistics import Float64s

BCA_RESAMPLES = 9_999
STRATIFIED_RESAMPLES = 2_000
MIN_BOOTSTRAP_SEEDS = 20  # with fewer seeds, the coverage of a bootstrap interval is clearly below 95%


def bca_interval(values: ArrayLike) -> IntervalEstimate:
    """Return the mean of values, float (n,), with its bias-corrected and accelerated interval (Efron 1987).

    There is no interval for fewer than three values, or if all values are equal.
    """
    import numpy as np
    from scipy.stats import bootstrap

    sample = np.asarray(values, dtype=float)
    if len(sample) < MIN_SEEDS or np.ptp(sample) < ROUNDING_ERROR:
        return IntervalEstimate(float(sample.mean()) if len(sample) else nan)
    result = bootstrap((sample,), np.mean, method="BCa", n_resamples=BCA_RESAMPLES, rng=np.random.default_rng(0))
    return IntervalEstimate(float(sample.mean()), *map(float, result.confidence_interval))


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
