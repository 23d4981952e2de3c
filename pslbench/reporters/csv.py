from __future__ import annotations

from collections.abc import Sequence

from pslbench.analysis.leaderboard import leaderboard_frame, results_frame
from pslbench.contracts import Records, Result
from pslbench.parts import reporter


@reporter("csv", writes=True)
def csv(results: Sequence[Result], records: Records) -> None:
    """Write results.csv, a row a cell, and leaderboard.csv, a row a combination."""
    results_frame(results).to_csv(records.folder / "results.csv", index=False)
    leaderboard_frame(results).to_csv(records.folder / "leaderboard.csv", index=False)
