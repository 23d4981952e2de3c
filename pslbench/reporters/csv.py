from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pslbench.analysis.leaderboard import leaderboard_frame, results_frame
from pslbench.contracts import Result
from pslbench.parts import reporter


@reporter("csv", writes=True)
def csv(results: Sequence[Result], folder: Path) -> None:
    """Write results.csv, a row a cell, and leaderboard.csv, a row a combination."""
    results_frame(results).to_csv(folder / "results.csv", index=False)
    leaderboard_frame(results).to_csv(folder / "leaderboard.csv", index=False)
