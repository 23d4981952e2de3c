"""Two strategies, seed by seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

from pslbench.analysis.leaderboard import SCORES, Standing, standings
from pslbench.analysis.statistics import SAME, Interval, interval, paired_difference
from pslbench.contracts import Result

if TYPE_CHECKING:
    from pslbench.contracts import Floats


@dataclass(frozen=True)
class Comparison:
    """Two combinations that differ in their strategy alone (and in parts that one of the two does not use).

    Attributes:
        a, b: the two, over the seeds that both have.
        differences: of each score that either has, a - b in pairs over seeds; NaN where one has not.
        agreement: the share of test samples to which both give the same class, over seeds.
    """

    a: Standing
    b: Standing
    differences: dict[str, Interval]
    agreement: Interval

    @property
    def verdict(self) -> str:
        """What can be said of the test accuracies, in words."""
        a, b = self.a.part("strategy"), self.b.part("strategy")
        d = self.differences["test_accuracy"]
        if d.n < 2:
            return f"Seeds in common: {d.n}. No difference can be judged; run more seeds, for example -s 5."
        if isnan(d.half_width) and abs(d.mean) > SAME:
            return (
                f"{a} minus {b} is {d.mean:+.4f} in test accuracy on each of {d.n} seeds: where seeds do not change "
                f"the difference there is no interval, and it cannot be judged."
            )
        if isnan(d.half_width):
            return f"No difference could be seen between {a} and {b}: on each of {d.n} seeds they score the same."
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

    @property
    def caveats(self) -> list[str]:
        """What makes the comparison unfair."""
        bound, looked = "may ask for every label: an upper bound, not a rival", "looked at the test set while training"
        return [
            f"{standing.part('strategy')} {why}."
            for standing in (self.a, self.b)
            for holds, why in ((standing.is_bound, bound), (standing.looked, looked))
            if holds
        ]


def comparisons(
    results: Sequence[Result], a: str, b: str, probabilities: Callable[[Result], Floats]
) -> list[Comparison]:
    """Compare strategies `a` and `b` wherever `results` has both under the same data, budget, trainer and clusters."""
    boards = standings([row for row in results if row.ok])
    return [
        _compare(one, other, probabilities)
        for one in boards
        for other in boards
        if one.part("strategy") == a and other.part("strategy") == b and _match(one, other)
    ]


def _match(one: Standing, other: Standing) -> bool:
    same = all(one.part(kind) == other.part(kind) for kind in ("dataset", "budget", "trainer"))
    return same and all(
        one.part(kind) == other.part(kind) or "-" in (one.part(kind), other.part(kind))
        for kind in ("embedder", "clusterer")
    )


def _compare(one: Standing, other: Standing, probabilities: Callable[[Result], Floats]) -> Comparison:
    seeds = {row.seed for row in one.rows} & {row.seed for row in other.rows}
    a, b = (Standing(s.combination, tuple(row for row in s.rows if row.seed in seeds), s.failed) for s in (one, other))
    seen = [name for name in SCORES if name == "test_accuracy" or a.by_seed(name) or b.by_seed(name)]
    differences = {name: paired_difference(a.by_seed(name), b.by_seed(name)) for name in seen}
    agreement = [
        float((probabilities(mine).argmax(axis=1) == probabilities(theirs).argmax(axis=1)).mean())
        for mine, theirs in zip(a.rows, b.rows, strict=True)
    ]
    return Comparison(a, b, differences, interval(agreement))
