"""Comparison of strategies in pairs, seed by seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan, nan

from pslbench.analysis.comparable_groups import comparable_groups
from pslbench.analysis.fairness import fairness_warnings
from pslbench.analysis.leaderboard import LeaderboardEntry, leaderboard_entries
from pslbench.analysis.significance import (
    ALPHA,
    paired_accuracy_interval,
    pairwise_p_values,
    seeds_to_show,
    sign_flip_test,
)
from pslbench.analysis.statistics import (
    MIN_SEEDS,
    Interval,
    IntervalEstimate,
    bca_interval,
    mean_interval,
    paired_difference,
)
from pslbench.analysis.ties import CorrectedTests
from pslbench.contracts.arrays import Ints
from pslbench.errors import pluralize
from pslbench.results.codec import SCORES
from pslbench.results.records import Result, ResultsReader

TARGETS = (0.01, 0.02, 0.05, 0.1, 0.2)  # differences in test accuracy that more seeds could show
MAX_SEEDS = 30  # that a verdict suggests


@dataclass(frozen=True)
class Verdict:
    """What the test accuracies of two combinations show.

    Attributes:
        a, b: their names.
        difference: a - b, paired over the seeds that both have.
        interval: that difference with its 95% interval: Student's t over seeds, or over test samples if `images` is
            set. The interval is not corrected.
        p: the p value, corrected for `pairs` comparisons; NaN if the pair cannot be tested.
        images: if neither depends on the seed, the numbers of test samples that only a, or only b, classifies
            correctly; else None.
        deviation: the standard deviation of the difference over seeds; NaN if it cannot be estimated.
    """

    a: str
    b: str
    difference: Interval
    interval: IntervalEstimate
    p: float
    pairs: int
    images: tuple[int, int] | None
    deviation: float

    @property
    def is_different(self) -> bool:
        """Whether the two can be told apart."""
        return self.p < ALPHA

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        d, n = self.difference, pluralize(self.difference.n, "seed")
        better, worse = (self.a, self.b) if d.mean > 0 else (self.b, self.a)
        if isnan(self.p) and d.n < MIN_SEEDS:
            few = f"a test needs {MIN_SEEDS} shared seeds, and they have {d.n}; run more seeds, for example -s 5"
            return f"{self.a} and {self.b} cannot be compared: {few}."
        if isnan(self.p):
            return f"{self.a} and {self.b} cannot be compared: their difference is {d.mean:+.4f} on each of {n}."
        same = (
            "Both give the same predictions on every seed, so this is one observation: "
            f"{self.images[0]:,} test samples are correct only with {self.a}, {self.images[1]:,} only with {self.b}."
            if self.images
            else ""
        )
        if d.is_zero:
            return f"{self.a} and {self.b} have the same test accuracy on each of {n}. {same}".strip()
        if self.is_different:
            text = f"{better} is better than {worse} by {abs(d.mean):.4f} in test accuracy ({self.evidence})."
        else:
            text = (
                f"{self.a} and {self.b} cannot be told apart: {better} is ahead by {abs(d.mean):.4f} in test accuracy, "
                f"which can be chance ({self.evidence})."
            )
        if self.is_different or self.images:
            return f"{text} {same}".strip()
        hint, _ = describe_power(self.deviation, self.pairs, d.n, abs(d.mean))
        return f"{text} {hint[:1].upper()}{hint[1:]}{'.' if hint else ''}".strip()

    @property
    def evidence(self) -> str:
        """The interval in favor of the one that is ahead, the number of seeds, and the p value."""
        limits = (self.interval.low, self.interval.high)
        low, high = limits if self.difference.mean > 0 else (-limits[1], -limits[0])
        p = f"p = {self.p:.4f}" if self.p >= 0.0001 else "p < 0.0001"
        corrected = f" corrected for {self.pairs:,} comparisons" * (self.pairs > 1)
        return f"95%: {low:.4f} to {high:.4f}; {pluralize(self.difference.n, 'seed')}, {p}{corrected}"


def judge(a: LeaderboardEntry, b: LeaderboardEntry, p: float, pairs: int, names: Sequence[str] = ()) -> Verdict:
    """Return the verdict on two combinations.

    Args:
        a, b: the combinations.
        p: the corrected p value of their difference.
        pairs: the number of comparisons that it is corrected for.
        names: what to call them; their strategies by default.
    """
    difference, images = paired_difference(a.by_seed(), b.by_seed()), None
    interval = IntervalEstimate(difference.mean, difference.low, difference.high)
    if a.correct is not None and b.correct is not None:
        images = int((a.correct & ~b.correct).sum()), int((b.correct & ~a.correct).sum())
        interval = paired_accuracy_interval(*images, len(a.correct))
    a_name, b_name = names or (a.part("strategy"), b.part("strategy"))
    return Verdict(a_name, b_name, difference, interval, p, pairs, images, _deviation(a, b))


def _deviation(a: LeaderboardEntry, b: LeaderboardEntry) -> float:
    import numpy as np

    differences = _paired(a, b)
    return nan if mean_interval(differences).is_constant or len(differences) < 2 else float(np.std(differences, ddof=1))


def _paired(a: LeaderboardEntry, b: LeaderboardEntry) -> list[float]:
    """Return a - b in test accuracy for each seed that both have."""
    a_scores, b_scores = a.by_seed(), b.by_seed()
    return [a_scores[seed] - b_scores[seed] for seed in sorted(a_scores.keys() & b_scores.keys())]


def describe_power(deviation: float, pairs: int, seeds: int, lead: float) -> tuple[str, int]:
    """Say which difference in test accuracy more seeds would show, and return how many seeds.

    The difference is the largest round one that the lead reaches. If that takes more than 30 seeds, it is the smallest
    one that 30 seeds show. The text is empty if nothing is known, and the number is 0 if more seeds are no advice.

    Args:
        deviation: the standard deviation of the paired differences over seeds; NaN if it is unknown.
        pairs: the number of pairs that are compared.
        seeds: the number of seeds so far.
        lead: the difference so far.
    """
    if isnan(deviation):
        return "", 0
    needed = {difference: seeds_to_show(difference, deviation, pairs) for difference in TARGETS}
    reached = max((difference for difference in TARGETS if difference <= lead), default=TARGETS[0])
    attainable = [difference for difference in TARGETS if difference >= reached and needed[difference] <= MAX_SEEDS]
    if not attainable:
        return f"more than {MAX_SEEDS} seeds are necessary to show a difference of {TARGETS[-1]:g}", 0
    difference = attainable[0]
    if needed[difference] <= seeds:
        return f"{seeds} seeds would have shown a difference of {difference:g}", 0
    return f"{needed[difference]} seeds would show a difference of {difference:g}", needed[difference]


@dataclass(frozen=True)
class Comparison:
    """The comparison of two combinations that differ only in their strategy (and in parts that one does not use).

    Attributes:
        a, b: the combinations, restricted to the seeds that both have.
        verdict: what their test accuracies show.
        differences: a - b for each score that either has, paired over seeds; NaN if one of them lacks the score.
        agreement: the share of test samples that both assign to the same class, over seeds.
        caveats: sentences that say what makes the comparison unfair.
    """

    a: LeaderboardEntry
    b: LeaderboardEntry
    verdict: Verdict
    differences: dict[str, Interval]
    agreement: Interval
    caveats: tuple[str, ...]

    @property
    def seeds(self) -> int:
        return len(self.a.rows)

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        return self.verdict.sentence

    @property
    def bootstrap(self) -> IntervalEstimate:
        """The mean difference in test accuracy with its bootstrap interval (BCa)."""
        return bca_interval(_paired(self.a, self.b))

    @property
    def t_test_p(self) -> float:
        """The p value of the paired t test of this pair alone; NaN if it cannot be tested."""
        return float(pairwise_p_values([self.a.by_seed(), self.b.by_seed()])[0, 1])

    @property
    def sign_flip_p(self) -> float:
        """The p value of the sign-flip test of this pair alone; NaN if it cannot be tested."""
        return nan if isnan(self.t_test_p) else sign_flip_test(_paired(self.a, self.b))

    def is_worse(self, by: float, comparisons: int = 1) -> bool | None:
        """Return whether a is worse than b by more than `by` in test accuracy.

        Over seeds, the one-sided 95% confidence bound (Student's t), corrected for the number of comparisons, must be
        below -by. Over test samples, if neither depends on the seed, the difference must be below -by, and not chance.
        None if the difference cannot be judged.
        """
        if self.verdict.images:
            return self.verdict.is_different and self.verdict.difference.mean < -by
        d = paired_difference(self.a.by_seed(), self.b.by_seed(), level=1 - 2 * ALPHA / comparisons)
        if d.n < MIN_SEEDS or (d.is_constant and not d.is_zero):
            return None
        return (d.mean if d.is_zero else d.high) < -by


def compare_strategies(results: Sequence[Result], reader: ResultsReader, a: str, b: str) -> list[Comparison]:
    """Compare two strategies for each dataset, budget, trainer, embedder and clusterer with which both were run.

    Raises:
        InputError: the predictions of a row are lost.
    """
    return [_compare(reader, *pair) for pair in strategy_pairs(results, a, b, reader)]


def strategy_pairs(
    results: Sequence[Result], a: str, b: str, reader: ResultsReader | None = None
) -> list[tuple[LeaderboardEntry, LeaderboardEntry]]:
    """Return both strategies for each dataset, budget, trainer, embedder and clusterer with which both were run."""
    both = [row for row in results if row.strategy in (a, b)]
    seeds = {row.seed for row in both}
    entries = leaderboard_entries([row for row in results if row.ok and row.seed in seeds], reader)
    entries = [entry for entry in entries if entry.part("strategy") in (a, b)]
    groups = comparable_groups(entries, "dataset", "budget", "trainer")
    by_name = [{entry.part("strategy"): entry for entry in group} for group in groups]
    return [(group[a], group[b]) for group in by_name if len(group) == 2]


def _compare(reader: ResultsReader, a: LeaderboardEntry, b: LeaderboardEntry) -> Comparison:
    caveats = (*_caveats(a), *_caveats(b), *fairness_warnings([a, b]))
    shared = a.by_seed().keys() & b.by_seed().keys()
    a, b = (replace(entry, rows=tuple(row for row in entry.rows if row.seed in shared)) for entry in (a, b))
    pair, tests = (a.combination, b.combination), a.tests
    if pair not in tests.p:
        p = pairwise_p_values([a.by_seed(), b.by_seed()], [a.correct, b.correct])
        tests = CorrectedTests({pair: float(p[0, 1])})
    names = [name for name in SCORES if name == "test_accuracy" or a.by_seed(name) or b.by_seed(name)]
    classes_a, classes_b = _predicted_classes(reader, a), _predicted_classes(reader, b)
    return Comparison(
        a,
        b,
        judge(a, b, tests.p_value(*pair), tests.pairs),
        {name: paired_difference(a.by_seed(name), b.by_seed(name)) for name in names},
        mean_interval([float((classes_a[seed] == classes_b[seed]).mean()) for seed in classes_a]),
        caveats,
    )


def _predicted_classes(reader: ResultsReader, entry: LeaderboardEntry) -> Mapping[int, Ints]:
    return {row.seed: reader.probabilities(row).argmax(axis=1) for row in entry.rows}


def _caveats(entry: LeaderboardEntry) -> list[str]:
    caveats = ["may query every label: an upper bound, not a competitor."] * any(row.upper_bound for row in entry.rows)
    caveats += ["used the test set during training."] * any(row.test_set_evaluations for row in entry.rows)
    return [f"{entry.part('strategy')} {caveat}" for caveat in caveats]


def rankings(results: Sequence[Result], reader: ResultsReader | None = None) -> list[list[LeaderboardEntry]]:
    """Return each group of three or more competing combinations that differ only in the strategy, the best first."""
    ranked = [entry for entry in leaderboard_entries(results, reader) if entry.ranked]
    return [group for group in comparable_groups(ranked, "dataset", "budget", "trainer") if len(group) > 2]
