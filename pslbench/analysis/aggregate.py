"""Comparison of strategies over several datasets."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import NamedTuple

from pslbench.analysis.comparable_groups import comparable_groups, complete_submatrix
from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.analysis.significance import holm_adjusted_pairs
from pslbench.analysis.statistics import IntervalEstimate, mean_interval, stratified_bootstrap
from pslbench.contracts.arrays import Float64s
from pslbench.errors import InputError
from pslbench.extras import requires_extra

MIN_DATASETS = 6  # with five, the p value of Wilcoxon's test cannot be below 0.0625
EQUIVALENCE_MARGIN = 0.005  # region of practical equivalence: half a percentage point of accuracy
POSTERIOR_DRAWS = 5_000  # the error of the probabilities is below 0.014


class PracticalEquivalence(NamedTuple):
    """The probabilities that a strategy is better than another, practically equivalent, or worse."""

    better: float
    equivalent: float
    worse: float


@dataclass(frozen=True)
class AggregateRow:
    """One strategy over several datasets, compared with the reference.

    Attributes:
        strategy: its name with parameters.
        iqm: the interquartile mean of its test accuracies, with an interval over seeds.
        rank: its rank by mean test accuracy, averaged over datasets, with an interval over datasets; 1 is best.
        p: the p value of Wilcoxon's signed-rank test, Holm-adjusted for all pairs; NaN for the reference, and for
            fewer than six datasets.
        equivalence: the result of the Bayesian signed-rank test; None for the reference.
    """

    strategy: str
    iqm: IntervalEstimate
    rank: IntervalEstimate
    p: float
    equivalence: PracticalEquivalence | None


@dataclass(frozen=True)
class AggregateTable:
    """Strategies and datasets such that every strategy was run on every dataset, with shared seeds.

    Attributes:
        entries: the leaderboard entries of the strategies on the datasets.
        datasets: their names.
        seeds: the number of shared seeds on the dataset that has the fewest.
        rows: one row per strategy, by interquartile mean.
        reference: the strategy that the others are compared with.
        left_out: strategies that lack a dataset or its seeds.
        datasets_left_out: datasets that strategies lack.
    """

    entries: list[LeaderboardEntry]
    datasets: list[str]
    seeds: int
    rows: list[AggregateRow]
    reference: str
    left_out: list[str]
    datasets_left_out: list[str]


def aggregate_over_datasets(entries: Sequence[LeaderboardEntry], reference: str = "") -> list[AggregateTable]:
    """Return one table for each budget, trainer, embedder and clusterer that was run on two datasets or more.

    Args:
        entries: leaderboard entries; those that do not compete are ignored.
        reference: the strategy to compare the others with; the best one by default.
    """
    ranked = [entry for entry in entries if entry.ranked]
    tables = (_aggregate(group, reference) for group in comparable_groups(ranked, "budget", "trainer"))
    return [table for table in tables if table]


def _aggregate(entries: Sequence[LeaderboardEntry], reference: str) -> AggregateTable | None:
    scores: dict[str, dict[str, dict[int, float]]] = {}
    for entry in entries:
        scores.setdefault(entry.part("strategy"), {})[entry.part("dataset")] = entry.by_seed()
    if reference and reference not in scores:  # for example an upper bound, which does not compete
        return None
    names, datasets = _complete_part(scores, reference)
    if len(datasets) < 2 or len(names) < 2:
        return None
    import numpy as np

    seeds = {d: sorted(set.intersection(*(set(scores[name][d]) for name in names))) for d in datasets}
    tables = [np.array([[scores[name][d][seed] for seed in seeds[d]] for name in names]) for d in datasets]
    rows = _rows(names, tables, reference)
    return AggregateTable(
        [entry for entry in entries if entry.part("strategy") in names and entry.part("dataset") in datasets],
        datasets,
        min(map(len, seeds.values())),
        rows,
        reference or rows[0].strategy,
        sorted(scores.keys() - set(names)),
        sorted({entry.part("dataset") for entry in entries} - set(datasets)),
    )


def _complete_part(scores: dict[str, dict[str, dict[int, float]]], reference: str) -> tuple[list[str], list[str]]:
    """Return strategies and datasets without gaps: on each dataset, every strategy has its most frequent seed.

    If there is a reference, it is among the strategies.
    """
    import numpy as np

    required = [scores[reference]] if reference else list(scores.values())
    frequent_seed = {}
    for dataset in sorted({dataset for by_dataset in required for dataset in by_dataset}):
        counts = Counter(seed for by_dataset in scores.values() for seed in by_dataset.get(dataset, ()))
        candidates = sorted({seed for by_dataset in required for seed in by_dataset.get(dataset, ())})
        frequent_seed[dataset] = max(candidates, key=counts.__getitem__)
    is_present = [[seed in each.get(d, ()) for d, seed in frequent_seed.items()] for each in scores.values()]
    rows, columns = complete_submatrix(np.array(is_present))
    return [list(scores)[row] for row in rows], [list(frequent_seed)[column] for column in columns]


def _rows(names: Sequence[str], tables: Sequence[Float64s], reference: str) -> list[AggregateRow]:
    import numpy as np

    means = np.stack([table.mean(axis=1) for table in tables], axis=1)
    iqms, ranks = stratified_bootstrap(tables, interquartile_means), average_ranks(means)
    order = sorted(range(len(names)), key=lambda i: -iqms[i].estimate)
    best = names.index(reference) if reference else order[0]
    p = wilcoxon_tests(means)
    equivalences = _equivalences(means, best)
    return [AggregateRow(names[i], iqms[i], ranks[i], float(p[i, best]), equivalences[i]) for i in order]


def _equivalences(means: Float64s, reference: int) -> list[PracticalEquivalence | None]:
    """Compare each strategy with the reference, whose place is None. All are None if the extra `bayes` is missing."""
    others = [None if i == reference else scores for i, scores in enumerate(means)]
    try:
        return [None if scores is None else signed_rank_probabilities(scores, means[reference]) for scores in others]
    except InputError:
        return [None] * len(means)


def interquartile_means(tables: Sequence[Float64s]) -> Float64s:
    """Return the mean of the middle half of all scores (Agarwal et al. 2021), float (...).

    Every dataset has the same weight, independent of its number of seeds.

    Args:
        tables: float (..., seeds) for each dataset.
    """
    import numpy as np

    scores = np.concatenate(tables, axis=-1)
    order = scores.argsort(axis=-1)
    weights = np.concatenate([np.full(n, 1 / n / len(tables)) for n in (table.shape[-1] for table in tables)])[order]
    ends = weights.cumsum(axis=-1)
    middle = np.clip(ends, 0.25, 0.75) - np.clip(ends - weights, 0.25, 0.75)
    mean: Float64s = 2 * (np.take_along_axis(scores, order, axis=-1) * middle).sum(axis=-1)
    return mean


def average_ranks(means: Float64s) -> list[IntervalEstimate]:
    """Return the average rank of each strategy over datasets; rank 1 has the highest mean score, ties share ranks.

    Source: Demšar 2006, section 3.2.2. Student's interval is over the ranks on the datasets. There is none for fewer
    than three datasets, or if the strategy has the same rank on all of them.

    Args:
        means: float (strategies, datasets).
    """
    import numpy as np
    from scipy.stats import rankdata

    intervals = [mean_interval(list(ranks)) for ranks in rankdata(-means.round(12), axis=0)]
    return [
        IntervalEstimate(rank.mean, *map(float, np.clip([rank.low, rank.high], 1, len(means)))) for rank in intervals
    ]


def wilcoxon_tests(means: Float64s) -> Float64s:
    """Return the p values of Wilcoxon's signed-rank test (1945) between all rows, Holm-adjusted for all pairs.

    Args:
        means: float (strategies, datasets).

    Returns:
        Float (strategies, strategies); all NaN for fewer than six datasets.
    """
    import numpy as np
    from scipy.stats import wilcoxon

    p = np.full((len(means), len(means)), nan)
    if means.shape[1] >= MIN_DATASETS:
        for i, j in np.argwhere(np.tri(len(means), k=-1)):
            differences = (means[i] - means[j]).round(12)
            p[i, j] = p[j, i] = wilcoxon(differences).pvalue if differences.any() else 1
    return holm_adjusted_pairs(p)


def signed_rank_probabilities(a: Float64s, b: Float64s) -> PracticalEquivalence:
    """Return the result of the Bayesian signed-rank test of mean scores, float (datasets,).

    Source: Benavoli et al. 2014, 2017. The region of practical equivalence is half a percentage point of accuracy.

    Raises:
        InputError: the extra `bayes` is missing.
    """
    with requires_extra("bayes"):
        from baycomp import SignedRankTest

    probabilities = SignedRankTest.probs(a, b, EQUIVALENCE_MARGIN, nsamples=POSTERIOR_DRAWS, random_state=0)
    return PracticalEquivalence(*map(float, probabilities))
