from collections.abc import Sequence

from pslbench.analysis.leaderboard import leaderboard_frame
from pslbench.parts import reporter
from pslbench.results.codec import results_frame
from pslbench.results.records import Result, ResultsReader


@reporter("csv", writes=True)
def csv(results: Sequence[Result], reader: ResultsReader) -> None:
    """Write results.csv, one row per cell, and leaderboard.csv, one row per combination."""
    frames = {"results.csv": results_frame(results, nan="NaN"), "leaderboard.csv": leaderboard_frame(results, reader)}
    for name, frame in frames.items():
        partial = reader.folder / f".{name}"
        frame.to_csv(partial, index=False)
        partial.replace(reader.folder / name)
