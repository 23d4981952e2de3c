"""A run: what is missing is computed and saved as it comes, and everyone who wants to know is told."""

from __future__ import annotations

import platform
import shlex
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from math import inf
from pathlib import Path
from typing import Any, Protocol

from pslbench.execution.cache import StageCache
from pslbench.execution.cell import Outcome
from pslbench.execution.executors import Pool, execute
from pslbench.planning.identity import LIBRARIES
from pslbench.planning.plan import Cell, Plan
from pslbench.plugins.catalog import Catalog
from pslbench.processor import cores
from pslbench.results.folder import ResultsFolder
from pslbench.results.records import Result

PACKAGES = ("pslbench", *LIBRARIES, "pandas", "pluggy")


class Watcher(Protocol):
    """Who is told how a run goes on."""

    def started(self, cells: int, done: int) -> None: ...
    def heard(self, cell: Cell, kind: str, message: str) -> None: ...
    def finished(self, result: Result) -> None: ...


def run(
    catalog: Catalog,
    plan: Plan,
    store: ResultsFolder,
    missing: Sequence[Cell],
    open_pool: Callable[[], AbstractContextManager[Pool]],
    watcher: Watcher,
    warn: Callable[[str], None],
) -> list[Result]:
    """Run the cells that are missing, and save each as it ends.

    Returns:
        The rows of the plan's cells, those that were there already too.
    """
    catalog.notify("pslbench_run_started", warn, plan=plan)
    watcher.started(len(plan.cells), len(plan.cells) - len(missing))
    for result, evidence in _outcomes(missing, open_pool, RuntimeEstimator(store.results())):
        store.save(result, evidence)
        watcher.finished(result)
        catalog.notify("pslbench_cell_finished", warn, result=result)
    results = store.results(cell.key for cell in plan.cells)
    catalog.notify("pslbench_run_finished", warn, results=results)
    return results


def _outcomes(
    missing: Sequence[Cell], open_pool: Callable[[], AbstractContextManager[Pool]], forecast: RuntimeEstimator
) -> Iterator[Outcome]:
    if not missing:
        return
    with open_pool() as pool:
        for result, evidence in execute(pool, missing, forecast.seconds):
            forecast.learn(result)
            yield result, evidence


def missing_cells(plan: Plan, store: ResultsFolder, retry_failed: bool, fresh: bool) -> list[Cell]:
    """The cells of the plan that are to be run: those without a result, and what else is asked for."""
    if fresh:
        return list(plan.cells)
    there = {result.key: result.ok for result in store.results(cell.key for cell in plan.cells)}
    return [cell for cell in plan.cells if not there.get(cell.key, False) and (cell.key not in there or retry_failed)]


class RuntimeEstimator:
    """How long cells take, by the rows there are: of the same combination, else of the same strategy and trainer."""

    def __init__(self, results: Sequence[Result]) -> None:
        self._rows: Counter[tuple[object, ...]] = Counter()
        self._sums: defaultdict[tuple[object, ...], Counter[str]] = defaultdict(Counter)
        for result in results:
            self.learn(result)

    def learn(self, result: Result) -> None:
        if result.ok:
            for name in (result.combination, (result.dataset, result.strategy, result.trainer)):
                self._rows[name] += 1
                self._sums[name].update(result.seconds)

    def stages(self, cell: Cell) -> Mapping[str, float]:
        """Seconds by stage; empty where nothing is known."""
        texts = cell.names
        for name in (cell.combination, (texts["dataset"], texts["strategy"], texts["trainer"])):
            if rows := self._rows[name]:
                return {stage: total / rows for stage, total in self._sums[name].items()}
        return {}

    def seconds(self, cell: Cell) -> float:
        """Of all its stages; infinite where nothing is known."""
        return self.stages(cell).get("total", inf)


@dataclass(frozen=True)
class RunEstimate:
    """What a run would do: cells in all, done, with their training in the cache, and to be computed; seconds it may
    take, and for how many cells to be computed nothing is known of that."""

    cells: int
    done: int
    cached: int
    to_run: int
    seconds: float
    unknown: int


def estimate_run(
    plan: Plan, store: ResultsFolder | None, missing: Sequence[Cell], cache: StageCache, jobs: int
) -> RunEstimate:
    """What `run` would do with these cells, on `jobs` workers."""
    cached = [cell for cell in missing if cache.has(cell.stages["train"])]
    to_run = [cell for cell in missing if not cache.has(cell.stages["train"])]
    forecast = RuntimeEstimator(store.results() if store else [])
    seconds, unknown, counted = 0.0, 0, set[str]()
    for cell in to_run:
        stages = forecast.stages(cell)
        unknown += not stages
        for name, stage in cell.stages.items():
            if name in stages and stage.key not in counted and not cache.has(stage):
                seconds += stages[name]
                counted.add(stage.key)
    return RunEstimate(
        len(plan.cells), len(plan.cells) - len(missing), len(cached), len(to_run), seconds / jobs, unknown
    )


def manifest(command: Sequence[str], plan: Plan, jobs: int) -> dict[str, Any]:
    """What was asked, and where it ran."""
    return {
        "command": shlex.join(command),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "cells": len(plan.cells),
        "jobs": jobs,
        "commit": _commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cores": cores(),
        "versions": {package: version(package) for package in PACKAGES},
        "data": {cell.dataset.text: cell.checksum for cell in plan.cells},
        "recipes": [
            [*combination, fingerprint]
            for combination, fingerprint in {c.combination: c.fingerprint for c in plan.cells}.items()
        ],
    }


def _commit() -> str | None:
    """The commit of the checkout this package stands in, with `+` where files differ from it; None outside one."""
    here = Path(__file__).parent
    try:
        says = [
            subprocess.run(["git", "-C", here, *words], capture_output=True, text=True, check=True).stdout.strip()
            for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "--", "."))
        ]
    except (OSError, subprocess.CalledProcessError):
        return None
    return says[0] + ("+" if says[1] else "")


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if "model name" in line] if info.exists() else []
    return names[0].partition(": ")[2] if names else platform.processor()
