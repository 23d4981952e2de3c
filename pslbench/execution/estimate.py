"""Estimates how long cells take from the rows that exist."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from pslbench.execution.cache import StageCache
from pslbench.planning.cells import Cell, Plan, Stage
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
    seconds, unknown = _sum_stages(to_run, RuntimeEstimator(rows), cache.has)
    done = len(plan.cells) - len(missing)
    return RunEstimate(len(plan.cells), done, len(cached), len(to_run), seconds / jobs, unknown)


@dataclass(frozen=True)
class TimeLeft:
    """How long the rest of a run takes.

    Attributes:
        seconds: the estimate, without the cells of `unknown`.
        unknown: the number of cells that nothing is known about.
    """

    seconds: float
    unknown: int


class RunClock:
    """Estimates the rest of a run from earlier rows and from those of the run itself.

    Args:
        cells: the cells that run.
        rows: the rows that exist.
        cache: knows which stages are computed already.
        workers: the number of cells that run at once.
    """

    def __init__(self, cells: Sequence[Cell], rows: Sequence[Result], cache: StageCache, workers: int) -> None:
        self._unfinished = {cell.key: cell for cell in cells}
        self._estimator, self._workers = RuntimeEstimator(rows), workers
        stages = {stage.key: stage for cell in cells for stage in cell.stages.values()}
        self._computed = {key for key, stage in stages.items() if cache.has(stage)}

    def seconds(self, cell: Cell) -> float:
        """Return the expected seconds of all stages of a cell; infinite if nothing is known."""
        return self._estimator.seconds(cell)

    def add(self, row: Result) -> None:
        """Take the row of one more cell into account."""
        self._estimator.add(row)
        cell = self._unfinished.pop(row.key)
        if row.ok:
            self._computed |= {stage.key for stage in cell.stages.values()}

    def time_left(self) -> TimeLeft:
        """Return the estimate for the cells without a row, as if none of them had started."""
        cells = [cell for cell in self._unfinished.values() if cell.stages["train"].key not in self._computed]
        seconds, unknown = _sum_stages(cells, self._estimator, lambda stage: stage.key in self._computed)
        return TimeLeft(seconds / max(1, min(self._workers, len(cells))), unknown)


def _sum_stages(
    cells: Iterable[Cell], estimator: RuntimeEstimator, is_computed: Callable[[Stage], bool]
) -> tuple[float, int]:
    """Return the seconds of the stages that must be computed, and the number of cells that nothing is known about."""
    seconds, unknown, counted = 0.0, 0, set[str]()
    for cell in cells:
        expected = estimator.stage_seconds(cell)
        unknown += not expected
        for name, stage in cell.stages.items():
            if name in expected and stage.key not in counted and not is_computed(stage):
                seconds += expected[name]
                counted.add(stage.key)
    return seconds, unknown
