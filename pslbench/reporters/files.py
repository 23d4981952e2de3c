"""The reporters that write tables and plots. What they write with is imported when a reporter is called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge

from pslbench.extras import requires_extra
from pslbench.parts import reporter
from pslbench.results.records import Result, ResultsReader

if TYPE_CHECKING:
    from pandas import DataFrame

Width = Annotated[float, Ge(3)]
Scale = Literal["linear", "logit"]


@reporter("csv", writes=True)
def csv(results: Sequence[Result], reader: ResultsReader) -> None:
    """Write results.csv, one row per cell, leaderboard.csv, one row per combination, and files.csv, the file names."""
    from pslbench.analysis.leaderboard import leaderboard_frame
    from pslbench.results.codec import results_frame

    frames = {"results.csv": results_frame(results, nan="NaN"), "leaderboard.csv": leaderboard_frame(results, reader)}
    if len(files := files_frame(results, reader.folder)):
        frames["files.csv"] = files
    for name, frame in frames.items():
        partial = reader.folder / f".{name}"
        frame.to_csv(partial, index=False)
        partial.replace(reader.folder / name)


def files_frame(results: Sequence[Result], folder: Path) -> DataFrame:
    """Return the table `files.csv`: the strategy, the seed and the other parts of each file of a cell."""
    import pandas as pd

    from pslbench.analysis.leaderboard import COMBINATION_COLUMNS
    from pslbench.results.folder import FILES

    names = ("strategy", "seed", *(name for name in COMBINATION_COLUMNS if name != "strategy"), "status")
    rows = [
        {"file": file, **{name: getattr(row, name) for name in names}}
        for row in results
        for kind, suffix in FILES.items()
        if (folder / (file := f"{kind}/{row.key}{suffix}")).exists()
    ]
    return pd.DataFrame(rows)


@reporter("md", writes=True, enabled=False, reference="GitHub Flavored Markdown Spec 0.29, section 4.10")
def markdown(results: Sequence[Result], reader: ResultsReader) -> None:
    """Write leaderboard.md: the tables in Markdown, for example for a README."""
    from pslbench.reporters.markdown import format_markdown

    (reader.folder / "leaderboard.md").write_text(format_markdown(results, reader), encoding="utf-8")


@reporter("latex", writes=True, enabled=False)
def latex(results: Sequence[Result], reader: ResultsReader) -> None:
    """Write leaderboard.tex: the tables for a paper, to be included with \\input. They need the package booktabs."""
    from pslbench.reporters.latex import format_latex

    (reader.folder / "leaderboard.tex").write_text(format_latex(results, reader), encoding="utf-8")


@reporter("parquet", writes=True, enabled=False)
def parquet(results: Sequence[Result], reader: ResultsReader) -> None:
    """Write results.parquet, one row per cell, and leaderboard.parquet, one row per combination."""
    from pslbench.analysis.leaderboard import leaderboard_frame
    from pslbench.results.codec import results_frame

    with requires_extra("parquet"):
        import pyarrow  # noqa: F401 - pandas would not name the extra
    results_frame(results).to_parquet(reader.folder / "results.parquet", index=False)
    leaderboard_frame(results, reader).to_parquet(reader.folder / "leaderboard.parquet", index=False)


@reporter("png", writes=True, enabled=False)
def png(
    results: Sequence[Result],
    reader: ResultsReader,
    *,
    width: Width = 5.5,
    scale: Scale = "linear",
    dpi: Annotated[int, Ge(50)] = 200,
) -> None:
    """Draw test accuracy by budget, or by strategy if there is one budget, as PNG.

    Args:
        width: inches; the default is the text width of a paper with one column.
        scale: the scale of the accuracy; logit magnifies accuracies near 1.
        dpi: dots per inch.
    """
    from pslbench.reporters.plot import draw_figures

    for name, figure in draw_figures(results, width, scale, reader):
        figure.savefig(reader.folder / f"{name}.png", dpi=dpi)


@reporter("pdf", writes=True, enabled=False)
def pdf(results: Sequence[Result], reader: ResultsReader, *, width: Width = 5.5, scale: Scale = "linear") -> None:
    """Draw test accuracy by budget, or by strategy if there is one budget, as PDF with TrueType fonts.

    Args:
        width: inches; the default is the text width of a paper with one column.
        scale: the scale of the accuracy; logit magnifies accuracies near 1.
    """
    from pslbench.reporters.plot import draw_figures

    for name, figure in draw_figures(results, width, scale, reader):
        figure.savefig(reader.folder / f"{name}.pdf", metadata={"CreationDate": None})
