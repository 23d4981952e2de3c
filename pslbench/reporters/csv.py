from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pslbench.analysis.leaderboard import COMBINATION_COLUMNS, leaderboard_frame
from pslbench.parts import reporter
from pslbench.results.codec import results_frame
from pslbench.results.folder import FILES
from pslbench.results.records import Result, ResultsReader

if TYPE_CHECKING:
    import pandas as pd


@reporter("csv", writes=True)
def csv(results: Sequence[Result], reader: ResultsReader) -> None:
    """Write results.csv, one row per cell, leaderboard.csv, one row per combination, and files.csv, the file names."""
    frames = {"results.csv": results_frame(results, nan="NaN"), "leaderboard.csv": leaderboard_frame(results, reader)}
    if len(files := files_frame(results, reader.folder)):
        frames["files.csv"] = files
    for name, frame in frames.items():
        partial = reader.folder / f".{name}"
        frame.to_csv(partial, index=False)
        partial.replace(reader.folder / name)


def files_frame(results: Sequence[Result], folder: Path) -> pd.DataFrame:
    """Return the table `files.csv`: the strategy, the seed and the other parts of each file of a cell."""
    import pandas as pd

    names = ("strategy", "seed", *(name for name in COMBINATION_COLUMNS if name != "strategy"), "status")
    rows = [
        {"file": file, **{name: getattr(row, name) for name in names}}
        for row in results
        for kind, suffix in FILES.items()
        if (folder / (file := f"{kind}/{row.key}{suffix}")).exists()
    ]
    return pd.DataFrame(rows)
