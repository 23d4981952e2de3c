"""Test accuracy as a function of the budget, and the area under that curve."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan

from pslbench.analysis.comparable_groups import complete_submatrix
from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.analysis.significance import pairwise_p_values
from pslbench.analysis.statistics import Interval, mean_interval
from pslbench.analysis.ties import NO_GAP, GapToBest, gaps_to_best
from pslbench.contracts.arrays import ArrayLike, Float64s
from pslbench.results.records import Result


@dataclass(frozen=True)
class Curve:
    """One combination over its budgets.

    Attributes:
        points: its leaderboard entry at each budget, in ascending order.
        budgets: the budgets that areas span, the same for all curves of a dataset.
        areas: the area under the curve by seed, for the seeds that were run at each of these budgets.
        gap: how its area compares with the largest one.
    """

    points: tuple[LeaderboardEntry, ...]
    budgets: tuple[int, ...]
    areas: dict[int, float]
    gap: GapToBest = NO_GAP

    @property
    def rows(self) -> tuple[Result, ...]:
        return tuple(row for point in self.points for row in point.rows)

    @property
    def area(self) -> Interval:
        return mean_interval(list(self.areas.values()))

    @property
    def ranked(self) -> bool:
        return all(point.ranked for point in self.points)

    @property
    def competes(self) -> bool:
        """Whether the curve is ranked and has an area."""
        return self.ranked and bool(self.areas)

    def part(self, kind: str) -> str:
        return self.points[0].part(kind)


def area_under_curve(budgets: ArrayLike, accuracies: ArrayLike) -> Float64s:
    """Return the mean accuracy over the logarithm of the budget, by the trapezoidal rule; it is in [0, 1].

    Zhan et al. 2021 take the area over the budget itself, so that the largest budgets dominate. Over the logarithm,
    each doubling of the budget has the same weight.

    Args:
        budgets: (b,), ascending, at least two.
        accuracies: float (..., b).
    """
    import numpy as np

    x = np.log(np.asarray(budgets, dtype=float))
    area: Float64s = np.trapezoid(np.asarray(accuracies, dtype=float), x, axis=-1) / (x[-1] - x[0])
    return area


def budget_curves(entries: Sequence[LeaderboardEntry]) -> list[list[Curve]]:
    """Return the curves of each dataset with several budgets: the competing ones by area, then the others."""
    by_dataset: dict[str, list[LeaderboardEntry]] = {}
    for entry in entries:
        if entry.rows:
            by_dataset.setdefault(entry.part("dataset"), []).append(entry)
    budgets = {dataset: sorted({e.combination[1] for e in members}) for dataset, members in by_dataset.items()}
    return [_curves(by_dataset[dataset], values) for dataset, values in budgets.items() if len(values) > 1]


def _curves(entries: Sequence[LeaderboardEntry], budgets: Sequence[int]) -> list[Curve]:
    by_parts: dict[tuple[str, ...], list[LeaderboardEntry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.combination[1]):
        by_parts.setdefault(entry.combination[2:], []).append(entry)
    shared = _shared_budgets(list(by_parts.values()), budgets)
    curves = [Curve(tuple(points), shared, _areas(points, shared)) for points in by_parts.values()]
    curves.sort(key=lambda curve: (not curve.ranked, isnan(curve.area.mean), -curve.area.mean))
    competing = [curve for curve in curves if curve.competes]
    areas = [curve.areas for curve in competing]
    gaps = gaps_to_best(areas, pairwise_p_values(areas)[:1].ravel().tolist())
    return [replace(curve, gap=gap) for curve, gap in zip(competing, gaps, strict=True)] + curves[len(competing) :]


def _shared_budgets(curves: Sequence[Sequence[LeaderboardEntry]], budgets: Sequence[int]) -> tuple[int, ...]:
    """Return the budgets that the competing curves share, without the curves that would cost more budgets."""
    import numpy as np

    competing = [points for points in curves if all(point.ranked for point in points)] or curves
    has_budget = [[budget in {p.combination[1] for p in points} for budget in budgets] for points in competing]
    _, columns = complete_submatrix(np.array(has_budget))
    return tuple(budgets[column] for column in columns)


def _areas(points: Sequence[LeaderboardEntry], budgets: Sequence[int]) -> dict[int, float]:
    by_seed = [point.by_seed() for point in points if point.combination[1] in budgets]
    if len(by_seed) < len(budgets):
        return {}
    seeds = sorted(set.intersection(*map(set, by_seed)))
    return {seed: float(area_under_curve(budgets, [scores[seed] for scores in by_seed])) for seed in seeds}
