from collections.abc import Sequence

from pslbench.analysis.leaderboard import leaderboard_frame
from pslbench.parts import reporter
from pslbench.results.codec import results_frame
from pslbench.results.records import Result, ResultsReader


@reporter("parquet", writes=True, enabled=False)
def parquet(results: Sequence[Result], reader: ResultsReader) -> None:
    """Write results.parquet, one row per cell, and leaderboard.parquet, one row per combination."""
    results_frame(results).to_parquet(reader.folder / "results.parquet", index=False)
    leaderboard_frame(results, reader).to_parquet(reader.folder / "leaderboard.parquet", index=False)
