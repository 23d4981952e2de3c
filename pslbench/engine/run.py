"""A run: what is missing is computed and saved as it comes, and everyone who wants to know is told."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from pslbench.contracts import Result
from pslbench.engine.executors import Workers, execute
from pslbench.engine.plan import LIBRARIES, Cell, Plan
from pslbench.engine.store import Store
from pslbench.plugins.manager import Catalog

PACKAGES = ("pslbench", *LIBRARIES, "pandas", "pluggy")


class Watcher(Protocol):
    """Who is told how a run goes on."""

    def started(self, cells: int, done: int) -> None: ...
    def stage(self, cell: Cell, stage: str) -> None: ...
    def finished(self, result: Result) -> None: ...


def run(
    catalog: Catalog, plan: Plan, store: Store, workers: Workers, watcher: Watcher, complain: Callable[[str], None]
) -> list[Result]:
    """Run the cells of the plan that the store has no good result of.

    Returns:
        The rows of the plan's cells, those that were there already too.
    """
    done = {result.key for result in store.results(cell.key for cell in plan.cells) if result.ok}
    missing = [cell for cell in plan.cells if cell.key not in done]
    catalog.notify("pslbench_run_started", complain, plan=plan)
    watcher.started(len(plan.cells), len(done))
    for result, probabilities in execute(workers, missing, watcher.stage) if missing else ():
        store.save(result, probabilities)
        watcher.finished(result)
        catalog.notify("pslbench_cell_finished", complain, result=result)
    results = store.results(cell.key for cell in plan.cells)
    catalog.notify("pslbench_run_finished", complain, results=results)
    return results


def manifest(command: Sequence[str], plan: Plan, workers: Workers) -> dict[str, Any]:
    """What was asked, and where it ran."""
    return {
        "command": " ".join(command),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "cells": len(plan.cells),
        "jobs": workers.jobs,
        "precision": "float32",
        "commit": _commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "versions": {package: version(package) for package in PACKAGES},
        "data": {cell.dataset.text: cell.checksum for cell in plan.cells},
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
