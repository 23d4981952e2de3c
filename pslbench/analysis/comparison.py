"""Strategies in pairs, seed by seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import isnan, nan

from pslbench.analysis.bootstrap import bca
from pslbench.analysis.fairness import fairness_warnings
from pslbench.analysis.leaderboard import ALPHA, SCORES, LeaderboardEntry, accuracies, leaderboard_entries
from pslbench.analysis.settings import settings
from pslbench.analysis.significance import holm, mcnemar_test, paired_t_tests, sign_flip_test
from pslbench.analysis.statistics import MIN_SEEDS, Bounds, Interval, interval, paired_difference
from pslbench.analysis.superiority import superiority
from pslbench.results.records import Result, ResultsReader

CERTAIN = 0.90  # level of the interval whose upper end is the one-sided 95% bound


@dataclass(frozen=True)
class McNemar:
    """Test samples that one alone gets right, pooled over seeds, and the p value of their being as many."""

    only_a: int
    only_b: int
    p: float


@dataclass(frozen=True)
class Comparison:
    """Two combinations that differ in their strategy alone (and in parts that one of the two does not use).

    Attributes:
        a, b: the two, over the seeds that both have.
        differences: of each score that either has, a - b in pairs over seeds; NaN where one has not.
        agreement: the share of test samples to which both give the same class, over seeds.
        bca: the mean difference in test accuracy, with its bootstrap interval.
        t_test, sign_flip: p values of that difference; NaN where it cannot be judged, 1 where no seed makes one.
        mcnemar: what both get right and wrong.
        superiority: the probability that a run of a scores above one of b.
        caveats: what makes the comparison unfair, in words.
    """

    a: LeaderboardEntry
    b: LeaderboardEntry
    differences: dict[str, Interval]
    agreement: Interval
    bca: Bounds
    t_test: float
    sign_flip: float
    mcnemar: McNemar
    superiority: Bounds
    caveats: tuple[str, ...]

    @property
    def seeds(self) -> int:
        return len(self.a.rows)

    @property
    def verdict(self) -> str:
        """What can be said of the test accuracies, in words."""
        a, b = self.a.part("strategy"), self.b.part("strategy")
        d = self.differences["test_accuracy"]
        if d.is_zero and d.n > 1:
            return f"No difference could be seen between {a} and {b}: on each of {d.n} seeds they score the same."
        if d.n < MIN_SEEDS:
            return (
                f"Seeds in common: {d.n}. No difference can be judged from fewer than {MIN_SEEDS}; run more seeds, for "
                "example -s 5."
            )
        if isnan(d.half_width):
            return (
                f"{a} minus {b} is {d.mean:+.4f} in test accuracy on each of {d.n} seeds: where seeds do not change "
                f"the difference there is no interval, and it cannot be judged."
            )
        if d.holds_zero:
            return (
                f"No difference could be seen between {a} and {b} (95% interval of {a} minus {b}: {d.low:+.4f} to "
                f"{d.high:+.4f}, {d.n} seeds in pairs): a difference of more than "
                f"{min(1, max(abs(d.low), abs(d.high))):.4f} would be a surprise, a smaller one cannot be ruled out. "
                f"More seeds narrow the interval, for example -s {4 * d.n}."
            )
        better, worse = (a, b) if d.mean > 0 else (b, a)
        low, high = sorted((abs(d.low), abs(d.high)))
        return (
            f"{better} is better than {worse} by {abs(d.mean):.4f} in test accuracy "
            f"(95% interval {low:.4f} to {high:.4f}, {d.n} seeds in pairs)."
        )

    def is_worse(self, by: float) -> bool | None:
        """Whether a is worse than b by more than `by` in test accuracy, with 95% certainty.

        Certain is what the upper end of a one-sided interval says (Student's t). None where there is none: with too
        few seeds, or a difference, not zero, that is the same on each seed.
        """
        d = paired_difference(self.a.by_seed(), self.b.by_seed(), level=CERTAIN)
        if d.n < MIN_SEEDS or (d.constant and not d.is_zero):
            return None
        return (d.mean if d.is_zero else d.high) < -by


@dataclass(frozen=True)
class Matrix:
    """All pairs of three or more combinations that differ in their strategy alone.

    Attributes:
        standings: by test accuracy.
        pairs: for i < j, the difference i - j in test accuracy over the seeds both have, and its p value (paired t),
            corrected for all these pairs; NaN where it has no interval.
    """

    entries: tuple[LeaderboardEntry, ...]
    pairs: dict[tuple[int, int], tuple[Interval, float]]

    def apart(self, i: int, j: int) -> bool:
        return self.pairs[i, j][1] < ALPHA


def comparisons(results: Sequence[Result], a: str, b: str, records: ResultsReader) -> list[Comparison]:
    """Compare strategies `a` and `b` wherever `results` has both under the same data, budget, trainer and clusters."""
    both = [s for s in leaderboard_entries([row for row in results if row.ok]) if s.part("strategy") in (a, b)]
    found = []
    for setting in settings(both, "dataset", "budget", "trainer"):
        by_name = {entry.part("strategy"): entry for entry in setting}
        if len(by_name) == 2:
            found.append(_compare(by_name[a], by_name[b], records))
    return found


def matrices(results: Sequence[Result]) -> list[Matrix]:
    """All pairs, for each setting that has three strategies or more that compete."""
    good = [entry for entry in leaderboard_entries(results) if entry.ranked]
    found = settings(good, "dataset", "budget", "trainer")
    return [_matrix(setting) for setting in found if len(setting) > 2]


def _matrix(setting: Sequence[LeaderboardEntry]) -> Matrix:
    ordered = sorted(setting, key=lambda s: -s.score("test_accuracy").mean)
    tests = paired_t_tests(accuracies(ordered))
    pairs = list(combinations(range(len(ordered)), 2))
    corrected = holm([tests[pair] for pair in pairs])
    differences = [paired_difference(ordered[i].by_seed(), ordered[j].by_seed()) for i, j in pairs]
    return Matrix(tuple(ordered), {p: (d, float(c)) for p, d, c in zip(pairs, differences, corrected, strict=True)})


def _compare(one: LeaderboardEntry, other: LeaderboardEntry, records: ResultsReader) -> Comparison:
    seeds = {row.seed for row in one.rows} & {row.seed for row in other.rows}
    a, b = (replace(s, rows=tuple(row for row in s.rows if row.seed in seeds)) for s in (one, other))
    seen = [name for name in SCORES if name == "test_accuracy" or a.by_seed(name) or b.by_seed(name)]
    differences = {name: paired_difference(a.by_seed(name), b.by_seed(name)) for name in seen}
    ours, theirs = accuracies([a, b])
    judged = differences["test_accuracy"].is_zero or not isnan(differences["test_accuracy"].half_width)
    agreement, mcnemar = _predictions(a, b, records)
    return Comparison(
        a,
        b,
        differences,
        agreement,
        bca(ours - theirs),
        float(paired_t_tests([ours, theirs])[0, 1]),
        sign_flip_test(ours - theirs) if judged else nan,
        mcnemar,
        superiority(ours, theirs),
        (*_marks(a), *_marks(b), *fairness_warnings([one, other])),
    )


def _predictions(a: LeaderboardEntry, b: LeaderboardEntry, records: ResultsReader) -> tuple[Interval, McNemar]:
    same, only_a, only_b = [], 0, 0
    for mine, theirs in zip(a.rows, b.rows, strict=True):
        y = records.dataset(mine).y_test
        one, other = (records.probabilities(row).argmax(axis=1) for row in (mine, theirs))
        same.append(float((one == other).mean()))
        only_a += int(((one == y) & (other != y)).sum())
        only_b += int(((one != y) & (other == y)).sum())
    return interval(same), McNemar(only_a, only_b, mcnemar_test(only_a, only_b) if same else nan)


def _marks(entry: LeaderboardEntry) -> list[str]:
    bound, looked = "may ask for every label: an upper bound, not a rival", "looked at the test set while training"
    found = ((entry.is_bound, bound), (entry.looked, looked))
    return [f"{entry.part('strategy')} {why}." for holds, why in found if holds]
