"""Ties: rows of one table whose scores are not significantly different."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import isnan, nan
from string import ascii_letters, ascii_lowercase

from pslbench.analysis.significance import ALPHA, pairwise_p_values
from pslbench.analysis.statistics import MIN_SEEDS, Interval, paired_difference
from pslbench.contracts.arrays import Bools


@dataclass(frozen=True)
class GapToBest:
    """The difference between a row and the best row of its table, and the rows that it ties with.

    Attributes:
        difference: the score of the best row minus that of this row, over the seeds that both have. Its interval is not
            adjusted. It is None for the best row and for a row that does not compete.
        p: the p value of that difference (paired t test, Holm-adjusted for all pairs of competing rows); NaN if the
            pair cannot be tested.
        tie_groups: one letter per group of rows. Two rows share a group if and only if they are not significantly
            different. With more than 52 groups, each group has several letters. Empty for a row that does not compete.
    """

    difference: Interval | None = None
    p: float = nan
    tie_groups: str = ""

    @property
    def is_best(self) -> bool:
        return bool(self.tie_groups) and self.difference is None

    @property
    def is_tied(self) -> bool:
        """Whether the row is not significantly different from the best."""
        return self.difference is not None and self.p >= ALPHA

    @property
    def obstacle(self) -> str:
        """Why the row cannot be judged against the best; empty if it can."""
        if self.difference is None:
            return ""
        if self.difference.n < MIN_SEEDS:
            return f"they share fewer than {MIN_SEEDS} seeds"
        if isnan(self.p):
            return "their difference is the same on every shared seed"
        is_better = self.p < ALPHA and self.difference.mean < 0
        return "it is significantly better on the shared seeds" if is_better else ""


NO_GAP = GapToBest()


def gaps_to_best(by_seed: Sequence[Mapping[int, float]]) -> list[GapToBest]:
    """Return the gap of each competing row, by its scores by seed. The first row must be the best one."""
    p = pairwise_p_values(by_seed)
    return [
        GapToBest(paired_difference(by_seed[0], scores) if i else None, float(p[0, i]), letters)
        for i, (scores, letters) in enumerate(zip(by_seed, letter_display(p < ALPHA), strict=True))
    ]


def letter_display(is_different: Bools) -> list[str]:
    """Return a compact letter display (Piepho 2004): two rows share a letter if and only if they do not differ.

    Args:
        is_different: symmetric, bool (rows, rows), the pairs that are significantly different.

    Returns:
        The letters of each row; the first group has `a`. If there are more than 52 groups, words of equal length take
        the place of letters; the first is `aa`, and spaces separate them.
    """
    groups = tie_groups(is_different)
    names, length = list(ascii_letters), 1
    while len(names) < len(groups):
        length += 1
        names = list(map("".join, product(ascii_lowercase, repeat=length)))
    separator = "" if length == 1 else " "
    return [separator.join(name for name, group in zip(names, groups, strict=False) if row in group)
            for row in range(len(is_different))]  # fmt: skip


def tie_groups(is_different: Bools) -> list[set[int]]:
    """Return sets of rows that do not differ from each other. Every pair of rows that do not differ is in one of them.

    The algorithm is greedy: it extends each pair that is not yet in a set by all rows that fit, from first to last.
    The sets are correct, but there can be more of them than necessary; the minimum is NP-hard to find.
    """
    import numpy as np

    is_tied = ~is_different
    is_covered = np.zeros_like(is_tied)
    groups = []
    for pair in np.argwhere(np.triu(is_tied)):
        if is_covered[tuple(pair)]:
            continue
        group = list(dict.fromkeys(pair.tolist()))
        for row in range(len(is_different)):
            if row not in group and is_tied[row, group].all():
                group.append(row)
        is_covered[np.ix_(group, group)] = True
        groups.append(set(group))
    return groups
