"""One rule for differences: which rows of a board cannot be told apart from each other, and from the best one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan

from pslbench.analysis.significance import ALPHA
from pslbench.analysis.statistics import MIN_SEEDS, Interval, paired_difference
from pslbench.results.records import Combination


@dataclass(frozen=True)
class CorrectedTests:
    """The p values between the combinations that compete on a board, corrected for the number of its pairs.

    Attributes:
        p: the p value of each pair in both orders; NaN if the pair cannot be tested.
    """

    p: Mapping[tuple[Combination, Combination], float]

    @property
    def pairs(self) -> int:
        """The number of pairs that could be tested, at least 1."""
        return max(1, sum(not isnan(value) for value in self.p.values()) // 2)

    def p_value(self, a: Combination, b: Combination) -> float:
        """Return the p value of a pair; NaN if it cannot be tested, or if one of the two does not compete."""
        return self.p.get((a, b), nan)


NO_TESTS = CorrectedTests({})


@dataclass(frozen=True)
class GapToBest:
    """The difference between a row and the best row of its table.

    Attributes:
        difference: the score of the best row minus that of this row, over the seeds that both have. Its interval is not
            corrected. It is None for the best row and for a row that does not compete.
        p: the p value of that difference, corrected for all pairs of competing rows; NaN if the pair cannot be tested.
        is_best: whether the row is the best one of those that compete.
    """

    difference: Interval | None = None
    p: float = nan
    is_best: bool = False

    @property
    def is_tied(self) -> bool:
        """Whether the row cannot be told apart from the best."""
        return self.difference is not None and self.p >= ALPHA

    @property
    def obstacle(self) -> str:
        """Why the row cannot be compared with the best; empty if it can."""
        if self.difference is None:
            return ""
        if isnan(self.p) and self.difference.n < MIN_SEEDS:
            return f"they share fewer than {MIN_SEEDS} seeds"
        if isnan(self.p):
            return "their difference is the same on every seed that they share"
        is_better = self.p < ALPHA and self.difference.mean < 0
        return "it is better on the seeds that they share" if is_better else ""


NO_GAP = GapToBest()


def gaps_to_best(by_seed: Sequence[Mapping[int, float]], p: Sequence[float]) -> list[GapToBest]:
    """Return the gap of each competing row. The first row must be the best one.

    Args:
        by_seed: the scores of each row by seed.
        p: the corrected p values between the first row and each row.
    """
    return [
        GapToBest(paired_difference(by_seed[0], scores) if i else None, p[i] if i else nan, is_best=not i)
        for i, scores in enumerate(by_seed)
    ]
