"""Test accuracy by budget, and the area under that curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import TYPE_CHECKING

from pslbench.analysis.complete_submatrix import complete
from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.analysis.statistics import Interval, interval, paired_difference

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from pslbench.analysis.leaderboard import Numbers


@dataclass(frozen=True)
class Curve:
    """One combination over its budgets.

    Attributes:
        points: its standing at each budget, ascending.
        budgets: over which areas are taken, the same for all curves of a data set.
        areas: by seed, the area under its curve; of the seeds that were run at each of those budgets.
        behind: how far it is behind the largest area, in pairs over seeds; None for that itself and for one that does
            not compete.
    """

    points: tuple[LeaderboardEntry, ...]
    budgets: tuple[int, ...]
    areas: dict[int, float]
    behind: Interval | None = None

    @property
    def area(self) -> Interval:
        return interval(list(self.areas.values()))

    @property
    def ranked(self) -> bool:
        return all(point.ranked for point in self.points)

    @property
    def competes(self) -> bool:
        """Whether it is ranked and has an area."""
        return self.ranked and bool(self.areas)

    @property
    def tied(self) -> bool:
        """Whether its area cannot be told apart from the largest."""
        return self.behind is not None and self.behind.is_tie

    @property
    def unclear(self) -> bool:
        """Whether its area cannot be judged against the largest."""
        return self.behind is not None and self.behind.is_unclear

    @property
    def is_bound(self) -> bool:
        return any(point.is_bound for point in self.points)

    @property
    def looked(self) -> bool:
        return any(point.looked for point in self.points)

    def part(self, kind: str) -> str:
        return self.points[0].part(kind)


def area_under_curve(budgets: ArrayLike, accuracies: ArrayLike) -> Numbers:
    """The mean accuracy over the logarithm of the budget, by trapezoids: in [0, 1], and the accuracy itself where that
    is the same at every budget.

    Area under the budget curve (Zhan et al. 2021), but over the logarithm: theirs is over the budget itself, where the
    largest budgets decide; here each doubling of the budget weighs the same.

    Args:
        budgets: (b,), ascending, at least two.
        accuracies: float (..., b).
    """
    import numpy as np

    x = np.log(np.asarray(budgets, dtype=float))
    area: Numbers = np.trapezoid(np.asarray(accuracies, dtype=float), x, axis=-1) / (x[-1] - x[0])
    return area


def budget_curves(entries: Sequence[LeaderboardEntry]) -> list[list[Curve]]:
    """The curves of each data set that was run with several budgets: the competing ones by area, then the others."""
    by_dataset: dict[str, list[LeaderboardEntry]] = {}
    for entry in entries:
        by_dataset.setdefault(entry.part("dataset"), []).append(entry)
    found = []
    for members in by_dataset.values():
        budgets = sorted({entry.combination[1] for entry in members if entry.rows})
        if len(budgets) > 1:
            found.append(_ordered(members, budgets))
    return found


def _ordered(members: Sequence[LeaderboardEntry], budgets: Sequence[int]) -> list[Curve]:
    by_parts: dict[tuple[str, ...], list[LeaderboardEntry]] = {}
    for entry in sorted(members, key=lambda s: s.combination[1]):
        if entry.rows:
            by_parts.setdefault(tuple(entry.combination[2:]), []).append(entry)
    common = _in_common(list(by_parts.values()), budgets)
    curves = [Curve(tuple(points), common, _areas(points, common)) for points in by_parts.values()]
    best, *others = sorted(curves, key=lambda c: (not c.ranked, isnan(c.area.mean), -c.area.mean))
    return [best] + [
        replace(curve, behind=paired_difference(best.areas, curve.areas)) if curve.competes else curve
        for curve in others
    ]


def _in_common(found: Sequence[Sequence[LeaderboardEntry]], budgets: Sequence[int]) -> tuple[int, ...]:
    """Budgets that the competing curves have, but for curves that lack more than a budget would cost."""
    import numpy as np

    competing = [points for points in found if all(point.ranked for point in points)] or found
    has = [{point.combination[1] for point in points} for points in competing]
    _, columns = complete(np.array([[budget in each for budget in budgets] for each in has]))
    return tuple(budgets[column] for column in columns)


def _areas(points: Sequence[LeaderboardEntry], budgets: Sequence[int]) -> dict[int, float]:
    by_seed = [point.by_seed() for point in points if point.combination[1] in budgets]
    if len(by_seed) < len(budgets):
        return {}
    seeds = sorted(set.intersection(*(set(each) for each in by_seed)))
    return {seed: float(area_under_curve(budgets, [each[seed] for each in by_seed])) for seed in seeds}
