"""Intervals by resampling: pure functions of arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan
from typing import TYPE_CHECKING

from pslbench.analysis.statistics import MIN_SEEDS, SAME, Bounds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]

RESAMPLES = 9_999
STRATIFIED = 2_000
TRUSTED = 20  # seeds from which on a bootstrap interval of a mean holds it about as often as it should


def bca(values: ArrayLike) -> Bounds:
    """The mean of values, float (n,), with its bias-corrected and accelerated interval (Efron 1987).

    None below three values, nor where they are all the same.
    """
    import numpy as np
    from scipy.stats import bootstrap

    given = np.asarray(values, dtype=float)
    if len(given) < MIN_SEEDS or np.ptp(given) < SAME:
        return Bounds(float(given.mean()) if len(given) else nan)
    found = bootstrap((given,), np.mean, method="BCa", n_resamples=RESAMPLES, rng=np.random.default_rng(0))
    return Bounds(float(given.mean()), *map(float, found.confidence_interval))


def stratified(tables: Sequence[Numbers], statistic: Callable[[Sequence[Numbers]], Numbers]) -> list[Bounds]:
    """A statistic of every row with its percentile interval, seeds drawn anew in each data set (Agarwal et al. 2021).

    Args:
        tables: of each data set float (rows, seeds). All rows get the same draws, since they share the seeds.
        statistic: from tables, float (rows, resamples, seeds) each, to float (rows, resamples).

    Returns:
        The statistic of each row. No interval where a data set has fewer than three seeds.
    """
    import numpy as np

    rng = np.random.default_rng(0)
    estimates = statistic([table[:, None] for table in tables])[:, 0]
    if min(table.shape[1] for table in tables) < MIN_SEEDS:
        return [Bounds(float(estimate)) for estimate in estimates]
    draws = [rng.integers(table.shape[1], size=(STRATIFIED, table.shape[1])) for table in tables]
    resampled = statistic([table[:, draw] for table, draw in zip(tables, draws, strict=True)])
    low, high = np.quantile(resampled, [0.025, 0.975], axis=1)
    return [Bounds(*map(float, each)) for each in zip(estimates, low, high, strict=True)]
