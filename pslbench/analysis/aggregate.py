"""Strategies over several data sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

from pslbench.analysis.bootstrap import stratified
from pslbench.analysis.complete_submatrix import complete
from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.analysis.settings import settings
from pslbench.analysis.significance import holm_of_pairs
from pslbench.analysis.statistics import Bounds, interval

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
        iqm: the interquartile mean of its test accuracies, with its interval over seeds.
        rank: its rank by mean test accuracy, averaged over data sets, with its interval over data sets; 1 is best.
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
    """Strategies and data sets of a setting such that all were run on all, with some seeds in common on each.

    Attributes:
        members: the strategies' standings on the data sets.
        datasets: their names.
        seeds: how many seeds are in common, on the data set that has fewest.
        rows: a row a strategy, by interquartile mean.
        reference: the strategy that the others are held against.
        left_out: strategies that lack a data set, or the seeds of one.
        datasets_left_out: data sets that strategies lack.
    """

    members: tuple[LeaderboardEntry, ...]
    datasets: tuple[str, ...]
    seeds: int
    rows: tuple[Aggregate, ...]
    reference: str
    left_out: tuple[str, ...]
    datasets_left_out: tuple[str, ...]


def overall(entries: Sequence[LeaderboardEntry], reference: str = "") -> list[Overall]:
    """Strategies over data sets, for each budget, trainer, embedder and clusterer that two data sets have in common.

    Args:
        standings: those that compete are taken.
        reference: the strategy to hold others against; the best by default.
    """
    ranked = [entry for entry in entries if entry.ranked]
    found = (_overall(members, reference) for members in settings(ranked, "budget", "trainer"))
    return [each for each in found if each]


def _overall(members: Sequence[LeaderboardEntry], reference: str) -> Overall | None:
    by_strategy: dict[str, dict[str, dict[int, float]]] = {}
    for entry in members:
        by_strategy.setdefault(entry.part("strategy"), {})[entry.part("dataset")] = entry.by_seed()
    if reference and reference not in by_strategy:  # an upper bound, which does not compete
        return None
    names, datasets = _in_common(by_strategy, reference)
    if len(datasets) < 2 or len(names) < 2:
        return None
    import numpy as np

    seeds = {d: sorted(set.intersection(*(set(by_strategy[name][d]) for name in names))) for d in datasets}
    tables = [np.array([[by_strategy[name][d][seed] for seed in seeds[d]] for name in names]) for d in datasets]
    rows = _rows(names, tables, reference)
    return Overall(
        tuple(each for each in members if each.part("strategy") in names and each.part("dataset") in datasets),
        tuple(datasets),
        min(map(len, seeds.values())),
        tuple(rows),
        reference or rows[0].strategy,
        tuple(by_strategy.keys() - set(names)),
        tuple({entry.part("dataset") for entry in members} - set(datasets)),
    )


def _in_common(scores: dict[str, dict[str, dict[int, float]]], reference: str) -> tuple[list[str], list[str]]:
    """Strategies, the reference among them, and data sets such that on each of these all have the seed that is most
    usual there."""
    import numpy as np

    judges = [scores.get(reference, {})] if reference else list(scores.values())
    usual = {}
    for dataset in sorted({dataset for judge in judges for dataset in judge}):
        times = Counter(seed for each in scores.values() for seed in each.get(dataset, ()))
        usual[dataset] = max(
            sorted({seed for judge in judges for seed in judge.get(dataset, ())}), key=times.__getitem__
        )
    there = [[seed in each.get(dataset, ()) for dataset, seed in usual.items()] for each in scores.values()]
    rows, columns = complete(np.array(there))
    return [list(scores)[row] for row in rows], [list(usual)[column] for column in columns]


def _rows(names: Sequence[str], tables: Sequence[Numbers], reference: str) -> list[Aggregate]:
    import numpy as np

    means = np.stack([table.mean(axis=1) for table in tables], axis=1)
    iqms, ranks = stratified(tables, interquartile_means), average_ranks(means)
    order = sorted(range(len(names)), key=lambda i: -iqms[i].estimate)
    best = names.index(reference) if reference else order[0]
    p = wilcoxon_tests(means)
    return [
        Aggregate(names[i], iqms[i], ranks[i], float(p[i, best]), None if i == best else against(means[i], means[best]))
        for i in order
    ]


def interquartile_means(tables: Sequence[Numbers]) -> Numbers:
    """The mean of the middle half of all scores (Agarwal et al. 2021), each data set weighing the same, however many
    its seeds: float (...), of float (..., seeds) a set."""
    import numpy as np

    scores = np.concatenate(tables, axis=-1)
    order = scores.argsort(axis=-1)
    weights = np.concatenate([np.full(n, 1 / n / len(tables)) for n in (table.shape[-1] for table in tables)])[order]
    ends = weights.cumsum(axis=-1)
    middle = np.clip(ends, 0.25, 0.75) - np.clip(ends - weights, 0.25, 0.75)
    mean: Numbers = 2 * (np.take_along_axis(scores, order, axis=-1) * middle).sum(axis=-1)
    return mean


def average_ranks(means: Numbers) -> list[Bounds]:
    """Ranks by mean score, 1 the highest, ties sharing theirs, averaged over data sets (Demšar 2006, section 3.2.2).

    The interval is Student's over the data sets' ranks. It is of the mean rank on data sets like these with as many
    seeds. There is none below three data sets, nor where a strategy has the same rank on each.

    Args:
        means: float (strategies, datasets).
    """
    import numpy as np
    from scipy.stats import rankdata

    found = [interval(list(each)) for each in rankdata(-means.round(12), axis=0)]
    return [Bounds(rank.mean, *map(float, np.clip([rank.low, rank.high], 1, len(means)))) for rank in found]


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
