"""Significance tests of differences. The functions take scores and return p values."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from pslbench.analysis.statistics import MIN_SEEDS, ROUNDING_ERROR, IntervalEstimate
from pslbench.contracts.arrays import ArrayLike, Bools, Float64s

ALPHA = 0.05
MAX_SEEDS = 1000  # that a power analysis considers
NORMAL_QUANTILE = 1.959964  # of a 95% interval
MAX_SIGN_FLIPS = 100_000  # all 2^n changes of signs for up to 16 differences, a random sample of them for more


def pairwise_p_values(by_seed: Sequence[Mapping[int, float]], correct: Sequence[Bools | None] = ()) -> Float64s:
    """Return the p values between all rows, float (rows, rows), Holm-adjusted for all pairs that can be tested.

    A pair is compared by a paired t test over seeds. Two rows that do not depend on the seed are one observation, and
    are compared by McNemar's test over test samples. The p values of pairs that cannot be tested are NaN.

    Args:
        by_seed: the scores of each row by seed.
        correct: which test samples a row classifies correctly, bool (n,), if that is the same on every seed, else None.
    """
    import pandas as pd

    p = paired_t_tests(pd.DataFrame([dict(scores) for scores in by_seed], dtype=float))
    fixed = [(i, samples) for i, samples in enumerate(correct) if samples is not None]
    for (i, a), (j, b) in combinations(fixed, 2):
        p[i, j] = p[j, i] = mcnemar_test(int((a & ~b).sum()), int((b & ~a).sum()))
    return holm_adjusted_pairs(p)


def paired_t_tests(scores: ArrayLike) -> Float64s:
    """Return the two-sided p values of Student's paired t test between all rows.

    Args:
        scores: float (rows, seeds), NaN for the seeds that a row lacks.

    Returns:
        Symmetric, float (rows, rows). NaN for pairs that cannot be tested: they share fewer than three seeds, or their
        difference is the same on every shared seed and not zero. 1 if it is zero on at least three seeds.
    """
    import numpy as np
    from scipy.special import stdtr

    scores = np.asarray(scores, dtype=float)
    differences = scores[:, None] - scores[None]
    is_shared = ~np.isnan(differences)
    n = is_shared.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(is_shared, differences, 0).sum(axis=-1) / n
        residuals = np.where(is_shared, differences - mean[..., None], 0)
        t = mean / np.sqrt((residuals**2).sum(axis=-1) / (n - 1) / n)
        p: Float64s = 2 * stdtr(n - 1, -np.abs(t))
    is_constant = np.abs(residuals).max(axis=-1, initial=0) < ROUNDING_ERROR
    p[is_constant] = np.where(np.abs(mean) < ROUNDING_ERROR, 1, np.nan)[is_constant]
    p[n < MIN_SEEDS] = np.nan
    return p


def holm_adjusted(p: ArrayLike) -> Float64s:
    """Return p values, float (m,), adjusted for multiple testing (Holm 1979). NaN values stay NaN and do not count."""
    import numpy as np

    p = np.asarray(p, dtype=float)
    adjusted: Float64s = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    ordered = tested[np.argsort(p[tested])]
    factors = np.arange(len(ordered), 0, -1)
    adjusted[ordered] = np.minimum(1, np.maximum.accumulate(factors * p[ordered]))
    return adjusted


def holm_adjusted_pairs(p: Float64s) -> Float64s:
    """Return symmetric p values, float (rows, rows), Holm-adjusted for the number of pairs of rows."""
    import numpy as np

    upper = np.triu_indices(len(p), 1)
    adjusted: Float64s = np.full(p.shape, np.nan)
    adjusted[upper] = adjusted.T[upper] = holm_adjusted(p[upper])
    return adjusted


def count_pairs(p: Float64s) -> int:
    """Return the number of pairs that could be tested, of p values, float (rows, rows)."""
    import numpy as np

    return int(np.isfinite(p[np.triu_indices(len(p), 1)]).sum())


def seeds_to_show(difference: float, deviation: float, pairs: int, power: float = 0.8) -> int:
    """Return how many seeds a paired t test needs to find a difference, at least `MIN_SEEDS` and at most `MAX_SEEDS`.

    Source: the noncentral t distribution (Cohen 1988). The level is 0.05 divided by the number of pairs.

    Args:
        difference: the true mean difference, positive.
        deviation: the standard deviation of the paired differences over seeds, positive.
        pairs: the number of pairs that are compared.
        power: the probability that the test finds the difference.
    """
    import numpy as np
    from scipy.special import nctdtr, stdtrit

    n = np.arange(MIN_SEEDS, MAX_SEEDS)
    critical = stdtrit(n - 1, 1 - ALPHA / pairs / 2)
    is_enough = 1 - nctdtr(n - 1, difference / deviation * np.sqrt(n), critical) >= power
    return int(n[is_enough.argmax()]) if is_enough.any() else MAX_SEEDS


def sign_flip_test(differences: ArrayLike) -> float:
    """Return the two-sided p value of the mean of differences, float (n,), under random signs (Fisher 1935).

    It is exact for up to 16 differences. The smallest possible value is 2 / 2^n: 0.0625 for five differences.
    """
    import numpy as np
    from scipy.stats import permutation_test

    options = {"permutation_type": "samples", "n_resamples": MAX_SIGN_FLIPS, "rng": np.random.default_rng(0)}
    return float(permutation_test((differences,), np.mean, **options).pvalue)


def mcnemar_test(only_a: int, only_b: int) -> float:
    """Return the exact two-sided p value of McNemar's test (1947) for the numbers of samples that only the first, or
    only the second, of two classifiers classifies correctly."""
    from scipy.stats import binomtest

    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def paired_accuracy_interval(only_a: int, only_b: int, n: int) -> IntervalEstimate:
    """Return the difference in accuracy of two classifiers on the same n test samples, with its 95% interval.

    Source: Bonett & Price 2012, the adjusted Wald interval of paired proportions.

    Args:
        only_a, only_b: the numbers of samples that only the first, or only the second, classifies correctly.
        n: the number of test samples.
    """
    a, b = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    half_width = NORMAL_QUANTILE * ((a + b - (a - b) ** 2) / (n + 2)) ** 0.5
    return IntervalEstimate((only_a - only_b) / n, max(-1, a - b - half_width), min(1, a - b + half_width))
