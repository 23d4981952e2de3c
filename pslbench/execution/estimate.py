"""Estimates how long cells take from the rows that exist."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from pslbench.execution.cache import StageCache
from pslbench.planning.cells import Cell, Plan
from pslbench.results.records import CellInfo, Result


class RuntimeEstimator:
    """Mean seconds of the rows of the same combination, otherwise of the same dataset, strategy and trainer."""

    def __init__(self, rows: Sequence[Result]) -> None:
        self._counts: Counter[tuple[object, ...]] = Counter()
        self._sums: defaultdict[tuple[object, ...], Counter[str]] = defaultdict(Counter)
        for row in rows:
            self.add(row)

    def add(self, row: Result) -> None:
        """Take the seconds of one more row into account."""
        if row.ok:
            for group in _groups(row, row.combination):
                self._counts[group] += 1
                self._sums[group].update(row.seconds)

    def stage_seconds(self, cell: Cell) -> Mapping[str, float]:
        """Return the expected seconds per stage and their sum, `total`; empty if nothing is known."""
        for group in _groups(cell.info, cell.combination):
            if count := self._counts[group]:
                return {stage: total / count for stage, total in self._sums[group].items()}
        return {}

    def seconds(self, cell: Cell) -> float:
        """Return the seconds of all stages; infinite if nothing is known."""
        return self.stage_seconds(cell).get("total", inf)


def _groups(row: Result | CellInfo, combination: tuple[object, ...]) -> tuple[tuple[object, ...], ...]:
    return combination, (row.dataset, row.strategy, row.trainer)


@dataclass(frozen=True)
class RunEstimate:
    """What a run would do.

    Attributes:
        cells: the number of cells.
        done: cells that have a row.
        cached: other cells whose training is in the cache.
        to_run: the remaining cells.
        seconds: the estimate for `to_run`, without the cells of `unknown`.
        unknown: the cells of `to_run` that nothing is known about.
    """

    cells: int
    done: int
    cached: int
    to_run: int
    seconds: float
    unknown: int


def estimate_run(
    plan: Plan, rows: Sequence[Result], missing: Sequence[Cell], cache: StageCache, jobs: int
) -> RunEstimate:
    """Estimate the cells and seconds of a run of the missing cells with this number of workers, from earlier rows."""
    cached = [cell for cell in missing if cache.has(cell.stages["train"])]
    to_run = [cell for cell in missing if not cache.has(cell.stages["train"])]
    estimator = RuntimeEstimator(rows)
    seconds, unknown, counted = 0.0, 0, set[str]()
    for cell in to_run:
        expected = estimator.stage_seconds(cell)
        unknown += not expected
        for name, stage in cell.stages.items():
            if name in expected and stage.key not in counted and not cache.has(stage):
                seconds += expected[name]
                counted.add(stage.key)
    done = len(plan.cells) - len(missing)
    return RunEstimate(len(plan.cells), done, len(cached), len(to_run), seconds / jobs, unknown)
