"""Strategies over several data sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

from pslbench.analysis.bootstrap import stratified
from pslbench.analysis.leaderboard import Standing
from pslbench.analysis.settings import settings
from pslbench.analysis.significance import holm_of_pairs
from pslbench.analysis.statistics import Bounds

if TYPE_CHECKING:
    from pslbench.analysis.leaderboard import Numbers

ENOUGH = 6  # data sets; with five Wilcoxon's p cannot be below 0.0625
ROPE = 0.005  # half a point of accuracy: what makes no difference in practice
POSTERIOR = 5_000  # draws: the probabilities are within 0.014 of what more would give


@dataclass(frozen=True)
class Practice:
    """Probabilities that a strategy is better than another, practically equivalent, or worse."""

    better: float
    equivalent: float
    worse: float


@dataclass(frozen=True)
class Aggregate:
    """One strategy over the data sets of a setting, against the reference.

    Attributes:
        strategy: which one.
        iqm: the interquartile mean of its test accuracies.
        rank: its rank by mean test accuracy, averaged over data sets; 1 is best.
        p: of Wilcoxon's signed-rank test, corrected for all pairs; NaN for the reference, and below six data sets.
        practice: what the Bayesian signed-rank test says; None for the reference.
    """

    strategy: str
    iqm: Bounds
    rank: Bounds
    p: float
    practice: Practice | None


@dataclass(frozen=True)
class Overall:
    """All strategies that were run on every data set of a setting with some seeds in common.

    Attributes:
        members: their standings on the data sets.
        datasets: their names.
        rows: a row a strategy, by interquartile mean.
        reference: the strategy that the others are held against.
        left_out: strategies that lack a data set.
    """

    members: tuple[Standing, ...]
    datasets: tuple[str, ...]
    rows: tuple[Aggregate, ...]
    reference: str
    left_out: tuple[str, ...]


def overall(standings: Sequence[Standing], reference: str = "") -> list[Overall]:
    """Strategies over data sets, for each budget, trainer, embedder and clusterer that two data sets have in common.

    Args:
        standings: those that compete are taken.
        reference: the strategy to hold others against; the best by default.
    """
    ranked = [standing for standing in standings if standing.ranked]
    found = (_overall(members, reference) for members in settings(ranked, "budget", "trainer"))
    return [each for each in found if each]


def _overall(members: Sequence[Standing], reference: str) -> Overall | None:
    datasets = sorted({standing.part("dataset") for standing in members})
    by_strategy: dict[str, dict[str, dict[int, float]]] = {}
    for standing in members:
        by_strategy.setdefault(standing.part("strategy"), {})[standing.part("dataset")] = standing.by_seed()
    whole = {name: scores for name, scores in by_strategy.items() if len(scores) == len(datasets)}
    seeds = [sorted(set.intersection(*(set(scores[d]) for scores in whole.values()))) for d in datasets if whole]
    if len(datasets) < 2 or len(whole) < 2 or not all(seeds) or (reference and reference not in whole):
        return None
    import numpy as np

    tables = [
        np.array([[scores[d][seed] for seed in common] for scores in whole.values()])
        for d, common in zip(datasets, seeds, strict=True)
    ]
    rows = _rows(list(whole), tables, reference)
    best = reference or rows[0].strategy
    used = tuple(standing for standing in members if standing.part("strategy") in whole)
    return Overall(used, tuple(datasets), tuple(rows), best, tuple(by_strategy.keys() - whole.keys()))


def _rows(names: Sequence[str], tables: Sequence[Numbers], reference: str) -> list[Aggregate]:
    import numpy as np

    iqms, ranks = stratified(tables, interquartile_means), stratified(tables, average_ranks)
    means = np.stack([table.mean(axis=1) for table in tables], axis=1)
    order = sorted(range(len(names)), key=lambda i: -iqms[i].estimate)
    best = names.index(reference) if reference else order[0]
    p = wilcoxon_tests(means)
    return [
        Aggregate(names[i], iqms[i], ranks[i], float(p[i, best]), None if i == best else against(means[i], means[best]))
        for i in order
    ]


def interquartile_means(tables: Sequence[Numbers]) -> Numbers:
    """The mean of the middle half of all scores (Agarwal et al. 2021): float (...), of float (..., seeds) a set."""
    import numpy as np
    from scipy.stats import trim_mean

    mean: Numbers = trim_mean(np.concatenate(tables, axis=-1), 0.25, axis=-1)
    return mean


def average_ranks(tables: Sequence[Numbers]) -> Numbers:
    """Ranks by mean score, 1 the highest, ties sharing theirs, averaged over data sets (Demšar 2006, section 3.2.2).

    From float (strategies, ..., seeds) a data set, to float (strategies, ...).
    """
    import numpy as np
    from scipy.stats import rankdata

    ranks: Numbers = np.mean([rankdata(-table.mean(axis=-1).round(12), axis=0) for table in tables], axis=0)
    return ranks


def wilcoxon_tests(means: Numbers) -> Numbers:
    """p values of Wilcoxon's signed-rank test (1945) between all rows of means, float (strategies, datasets), corrected
    for all pairs after Holm, float (strategies, strategies). All NaN for fewer than six data sets."""
    import numpy as np
    from scipy.stats import wilcoxon

    p = np.full((len(means), len(means)), nan)
    if means.shape[1] >= ENOUGH:
        for i, j in np.argwhere(np.tri(len(means), k=-1)):
            differences = (means[i] - means[j]).round(12)
            p[i, j] = p[j, i] = wilcoxon(differences).pvalue if differences.any() else 1
    return holm_of_pairs(p)


def against(ours: Numbers, theirs: Numbers) -> Practice:
    """The Bayesian signed-rank test (Benavoli et al. 2014, 2017) of mean scores, float (datasets,), with a region of
    practical equivalence of half a point of accuracy."""
    from baycomp import SignedRankTest

    found = SignedRankTest.probs(ours, theirs, ROPE, nsamples=POSTERIOR, random_state=0)
    return Practice(*(float(probability) for probability in found))
