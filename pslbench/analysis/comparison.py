"""Comparison of strategies in pairs, seed by seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan, nan

from pslbench.analysis.comparable_groups import comparable_groups
from pslbench.analysis.fairness import fairness_warnings
from pslbench.analysis.leaderboard import LeaderboardEntry, leaderboard_entries
from pslbench.analysis.significance import ALPHA, mcnemar_test, pairwise_p_values, sign_flip_test
from pslbench.analysis.statistics import (
    MIN_SEEDS,
    Interval,
    IntervalEstimate,
    bca_interval,
    mean_interval,
    paired_difference,
)
from pslbench.contracts.arrays import Ints
from pslbench.results.codec import SCORES
from pslbench.results.records import Result, ResultsReader

TWO_SIDED_LEVEL = 0.90  # the upper limit of this interval is the one-sided 95% confidence bound


@dataclass(frozen=True)
class McNemar:
    """The test images that only a, or only b, classifies correctly, and the exact p value of McNemar's test."""

    only_a: int
    only_b: int
    p: float


@dataclass(frozen=True)
class Comparison:
    """The comparison of two combinations that differ only in their strategy (and in parts that one does not use).

    Attributes:
        a, b: the combinations, restricted to the seeds that both have.
        differences: a - b for each score that either has, paired over seeds; NaN if one of them lacks the score.
        agreement: the share of test images that both assign to the same class, over seeds.
        bca: the mean difference in test accuracy with its bootstrap interval.
        t_test_p, sign_flip_p: p values of that difference; NaN if it cannot be tested, 1 if it is zero on every seed.
        mcnemar: the test over test images. It takes the place of the tests over seeds if both strategies give the same
            predictions on every seed; otherwise it is None.
        caveats: sentences that say what makes the comparison unfair.
    """

    a: LeaderboardEntry
    b: LeaderboardEntry
    differences: dict[str, Interval]
    agreement: Interval
    bca: IntervalEstimate
    t_test_p: float
    sign_flip_p: float
    mcnemar: McNemar | None
    caveats: tuple[str, ...]

    @property
    def seeds(self) -> int:
        return len(self.a.rows)

    @property
    def difference(self) -> Interval:
        """The difference in test accuracy."""
        return self.differences["test_accuracy"]

    @property
    def is_significant(self) -> bool:
        return self.mcnemar.p < ALPHA if self.mcnemar else not self.difference.contains_zero

    @property
    def verdict(self) -> str:
        """What the test accuracies show, in words."""
        a, b, d = self.a.part("strategy"), self.b.part("strategy"), self.difference
        better, worse = (a, b) if d.mean > 0 else (b, a)
        result = (
            f"{better} is better than {worse} by {abs(d.mean):.4f} in test accuracy"
            if self.is_significant
            else f"No significant difference between {a} and {b}"
        )
        if self.mcnemar:
            images = f"{self.mcnemar.only_a:,} : {self.mcnemar.only_b:,} images"
            p = f"p = {self.mcnemar.p:.4f}" if self.mcnemar.p >= 0.0001 else "p < 0.0001"
            return (
                f"{result} (exact McNemar test, {images}, {p}). Each strategy gives the same predictions on all {d.n} "
                "seeds: the seeds change nothing, and the test concerns the test images."
            )
        if d.n < MIN_SEEDS:
            few = f"a test needs {MIN_SEEDS} shared seeds, and they have {d.n}. Run more seeds, for example -s 5."
            return f"{a} and {b} cannot be judged: {few}"
        if d.is_zero:
            return f"{result}: their test accuracies are equal on each of {d.n} seeds."
        if d.is_constant:
            same = f"the difference is {d.mean:+.4f} on each of {d.n} seeds, so it has no interval."
            return f"{a} and {b} cannot be judged: {same}"
        low, high = sorted((abs(d.low), abs(d.high)))
        if self.is_significant:
            return f"{result} (95% interval {low:.4f} to {high:.4f}, {d.n} paired seeds)."
        return (
            f"{result} (95% interval of {a} minus {b}: {d.low:+.4f} to {d.high:+.4f}, {d.n} paired seeds). Differences "
            f"of more than {min(1, high):.4f} are unlikely, smaller ones are possible. More seeds narrow the interval, "
            f"for example -s {4 * d.n}."
        )

    def is_worse(self, by: float) -> bool | None:
        """Return whether a is significantly worse than b by more than `by` in test accuracy.

        Over seeds, the one-sided 95% confidence bound (Student's t) must be below -by. Over test images, if the seeds
        change nothing, the difference must be below -by and significant. None if the difference cannot be judged.
        """
        if self.mcnemar:
            return self.is_significant and self.difference.mean < -by
        d = paired_difference(self.a.by_seed(), self.b.by_seed(), level=TWO_SIDED_LEVEL)
        if d.n < MIN_SEEDS or (d.is_constant and not d.is_zero):
            return None
        return (d.mean if d.is_zero else d.high) < -by


def compare_strategies(results: Sequence[Result], reader: ResultsReader, a: str, b: str) -> list[Comparison]:
    """Compare two strategies for each dataset, budget, trainer, embedder and clusterer with which both were run.

    Raises:
        InputError: the predictions of a row, or its dataset, are lost.
    """
    return [_compare(reader, *pair) for pair in strategy_pairs(results, a, b)]


def _compare(reader: ResultsReader, a: LeaderboardEntry, b: LeaderboardEntry) -> Comparison:
    import numpy as np

    shared = a.by_seed().keys() & b.by_seed().keys()
    rows = [[row for row in entry.rows if row.seed in shared] for entry in (a, b)]
    y = reader.dataset(rows[0][0]).y_test if shared else np.zeros(0, np.int64)
    classes = [{row.seed: reader.probabilities(row).argmax(axis=1) for row in each} for each in rows]
    return compare_pair(a, b, y, *classes)


def strategy_pairs(results: Sequence[Result], a: str, b: str) -> list[tuple[LeaderboardEntry, LeaderboardEntry]]:
    """Return both strategies for each dataset, budget, trainer, embedder and clusterer with which both were run."""
    entries = leaderboard_entries([row for row in results if row.ok])
    both = [entry for entry in entries if entry.part("strategy") in (a, b)]
    groups = comparable_groups(both, "dataset", "budget", "trainer")
    by_name = [{entry.part("strategy"): entry for entry in group} for group in groups]
    return [(group[a], group[b]) for group in by_name if len(group) == 2]


def compare_pair(
    a: LeaderboardEntry, b: LeaderboardEntry, y: Ints, classes_a: Mapping[int, Ints], classes_b: Mapping[int, Ints]
) -> Comparison:
    """Compare two strategies.

    Args:
        a, b: the strategies.
        y: the true classes of the test set, int (n,).
        classes_a, classes_b: the predicted classes, int (n,), by seed, for the seeds that both strategies have.
    """
    caveats = (*_caveats(a), *_caveats(b), *fairness_warnings([a, b]))
    a, b = (replace(entry, rows=tuple(row for row in entry.rows if row.seed in classes_a)) for entry in (a, b))
    names = [name for name in SCORES if name == "test_accuracy" or a.by_seed(name) or b.by_seed(name)]
    differences = {name: paired_difference(a.by_seed(name), b.by_seed(name)) for name in names}
    d, by_seed = differences["test_accuracy"], [a.by_seed()[seed] - b.by_seed()[seed] for seed in a.by_seed()]
    t_test_p = float(pairwise_p_values([a.by_seed(), b.by_seed()])[0, 1])
    return Comparison(
        a,
        b,
        differences,
        mean_interval([float((classes_a[seed] == classes_b[seed]).mean()) for seed in classes_a]),
        bca_interval(by_seed),
        t_test_p,
        nan if isnan(t_test_p) else sign_flip_test(by_seed),
        _mcnemar(y, [*classes_a.values()], [*classes_b.values()]) if d.is_constant and d.n >= MIN_SEEDS else None,
        caveats,
    )


def _caveats(entry: LeaderboardEntry) -> list[str]:
    caveats = ["may query every label: an upper bound, not a competitor."] * any(row.upper_bound for row in entry.rows)
    caveats += ["used the test set during training."] * any(row.test_set_evaluations for row in entry.rows)
    return [f"{entry.part('strategy')} {caveat}" for caveat in caveats]


def _mcnemar(y: Ints, classes_a: Sequence[Ints], classes_b: Sequence[Ints]) -> McNemar | None:
    """Return McNemar's test of the predictions on one seed; None if the seeds change a prediction."""
    if any((classes != by_seed[0]).any() for by_seed in (classes_a, classes_b) for classes in by_seed):
        return None
    a_correct, b_correct = classes_a[0] == y, classes_b[0] == y
    only_a, only_b = int((a_correct & ~b_correct).sum()), int((b_correct & ~a_correct).sum())
    return McNemar(only_a, only_b, mcnemar_test(only_a, only_b))


def rankings(results: Sequence[Result]) -> list[list[LeaderboardEntry]]:
    """Return each group of three or more competing combinations that differ only in the strategy, the best first."""
    ranked = [entry for entry in leaderboard_entries(results) if entry.ranked]
    return [group for group in comparable_groups(ranked, "dataset", "budget", "trainer") if len(group) > 2]
