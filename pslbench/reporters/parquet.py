from __future__ import annotations

from collections.abc import Sequence

from pslbench.analysis.leaderboard import leaderboard_frame, results_frame
from pslbench.contracts import Records, Result
from pslbench.parts import reporter


@reporter("parquet", writes=True, enabled=False)
def parquet(results: Sequence[Result], records: Records) -> None:
    """Write results.parquet, a row a cell, and leaderboard.parquet, a row a combination."""
    results_frame(results).to_parquet(records.folder / "results.parquet", index=False)
    leaderboard_frame(results).to_parquet(records.folder / "leaderboard.parquet", index=False)
