"""The real command line in a process of its own, and what it leaves."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pslbench.results.records import Result

TINY = ["-d", "digits", "-t", "logreg", "-b", "40", "-s", "2"]


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str


def command(*arguments: object, **environment: str) -> Outcome:
    """The command line, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pslbench", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200", **environment},
        timeout=300,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def cpu_of_children() -> float:
    """The CPU seconds of all processes that this one has started and that have ended, and of their children."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def row(strategy: str, seed: int, accuracy: float, **more: object) -> Result:
    """A row that ended well, made up but for what is said."""
    parts = {"dataset": "d", "embedder": "e", "clusterer": "c", "trainer": "t", "budget": 10, "checksum": "data"}
    made_up = {**parts, "fingerprint": "fingerprint", "status": "ok", "scores": {"test_accuracy": accuracy}, **more}
    return Result(key=f"{strategy}{seed}{accuracy}", strategy=strategy, seed=seed, **made_up)


def rows(folder: Path) -> pd.DataFrame:
    """The rows of a folder of results without what may differ between two runs: times and memory."""
    frame = pd.read_csv(folder / "results.csv")
    timed = [c for c in frame if c.startswith("seconds_") or c in ("peak_memory_mb", "finished")]
    return frame.drop(columns=timed)
