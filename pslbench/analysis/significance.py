"""Tests of differences: pure functions of arrays that give p values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pslbench.analysis.statistics import MIN_SEEDS, SAME

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]

FLIPS = 100_000  # up to 16 seeds every flip of signs is tried, beyond that so many


def paired_t_tests(scores: ArrayLike) -> Numbers:
    """Two-sided p values of Student's paired t test between all rows.

    Args:
        scores: float (rows, seeds), NaN where a row has no such seed.

    Returns:
        Symmetric, float (rows, rows). 1 where two rows are the same on each seed they share; NaN where nothing can be
        said: fewer than three seeds shared, or the same difference on each.
    """
    import numpy as np
    from scipy.special import stdtr

    scores = np.asarray(scores, dtype=float)
    differences = scores[:, None] - scores[None]
    there = ~np.isnan(differences)
    n = there.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, differences, 0).sum(axis=-1) / n
        off = np.where(there, differences - mean[..., None], 0)
        t = mean / np.sqrt((off**2).sum(axis=-1) / (n - 1) / n)
        p: Numbers = 2 * stdtr(n - 1, -np.abs(t))
    p[(n < MIN_SEEDS) | (np.abs(off).max(axis=-1, initial=0) < SAME)] = np.nan
    p[(n > 0) & (np.abs(np.where(there, differences, 0)).max(axis=-1, initial=0) < SAME)] = 1
    return p


def holm(p: ArrayLike) -> Numbers:
    """p values, float (m,), corrected for being m (Holm 1979); those that are NaN stay so, and do not count."""
    import numpy as np

    p = np.asarray(p, dtype=float)
    corrected: Numbers = np.full(p.shape, np.nan)
    given = np.flatnonzero(~np.isnan(p))
    ordered = given[np.argsort(p[given])]
    factors = np.arange(len(ordered), 0, -1)
    corrected[ordered] = np.minimum(1, np.maximum.accumulate(factors * p[ordered]))
    return corrected


def holm_of_pairs(p: Numbers) -> Numbers:
    """Symmetric p values, float (rows, rows), corrected for being as many as there are pairs of rows."""
    import numpy as np

    above = np.triu_indices(len(p), 1)
    corrected: Numbers = np.full(p.shape, np.nan)
    corrected[above] = corrected.T[above] = holm(p[above])
    return corrected


def count_pairs(p: Numbers) -> int:
    """How many pairs of rows can be judged, by p values, float (rows, rows), NaN where nothing can be said."""
    import numpy as np

    return int(np.isfinite(p[np.triu_indices(len(p), 1)]).sum())


def sign_flip_test(differences: ArrayLike) -> float:
    """Two-sided p value of the mean of differences, float (n,), over all changes of their signs (Fisher 1935).

    Exact up to 16 differences. It cannot be below 2 / 2^n: 0.0625 for five.
    """
    import numpy as np
    from scipy.stats import permutation_test

    values = np.asarray(differences, dtype=float)
    kind = {"permutation_type": "samples", "n_resamples": FLIPS, "rng": np.random.default_rng(0)}
    return float(permutation_test((values,), np.mean, **kind).pvalue)


def mcnemar_test(only_a: int, only_b: int) -> float:
    """Exact two-sided p value of McNemar (1947) for samples that just one of two classifiers gets right."""
    from scipy.stats import binomtest

    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0
