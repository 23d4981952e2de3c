"""The results of a run or of a folder, and how a notebook shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from io import BytesIO, StringIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console, Group, RenderableType

from pslbench.analysis.comparison import Comparison, compare_strategies
from pslbench.analysis.leaderboard import COMBINATION_COLUMNS, filter_rows, leaderboard_frame
from pslbench.analysis.statistics import Interval
from pslbench.cli.summary import make_reader
from pslbench.errors import InputError, pluralize, unknown
from pslbench.plugins.catalog import Catalog
from pslbench.reporters.comparison_tables import comparison_tables
from pslbench.reporters.files import Scale
from pslbench.reporters.html import write_report
from pslbench.reporters.plot import draw_figures
from pslbench.reporters.screen import table
from pslbench.results.codec import results_frame
from pslbench.results.folder import ResultsFolder
from pslbench.results.records import Combination, Result, ResultsReader

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 92  # characters, of tables in a notebook
DOTS_PER_INCH = 144  # of figures in a notebook
HTML = (
    '<pre style="white-space: pre; overflow-x: auto; line-height: normal; '
    "font-family: Menlo, Consolas, 'DejaVu Sans Mono', monospace\">{code}</pre>"
)


@dataclass(frozen=True, eq=False)
class Results:
    """The rows of a run or of a folder of results.

    Attributes:
        folder: the folder of results, an absolute path.
        rows: one row per cell, sorted by combination and seed. Failed cells have a row too.
    """

    folder: Path
    rows: tuple[Result, ...]
    _catalog: Catalog = field(repr=False)

    def __repr__(self) -> str:
        failed = sum(not row.ok for row in self.rows)
        failures = f", {failed} failed" * bool(failed)
        return f"<Results of {pluralize(len(self.rows), 'cell')}{failures}, in {self.folder}>"

    def leaderboard(self) -> pd.DataFrame:
        """Return the columns of leaderboard.csv, one row per combination. A notebook shows it as the terminal does."""
        return LeaderboardFrame.of(self.rows, self._reader)

    def to_frame(self) -> pd.DataFrame:
        """Return the columns of results.csv, one row per cell."""
        return results_frame(self.rows)

    def filter(self, **values: object) -> Results:
        """Return the rows with these values, as in filter(strategy=["centroid*", "random"], budget=40).

        Rows that are left out are neither ranked nor compared.

        Raises:
            InputError: a column is unknown, or no row matches.
        """
        conditions = [
            f"{name}={value}"
            for name, choices in values.items()
            for value in (choices if isinstance(choices, list | tuple) else [choices])
        ]
        return replace(self, rows=tuple(filter_rows(self.rows, conditions)))

    def compare(self, a: str, b: str) -> StrategyComparison:
        """Compare two strategies seed by seed. The p value is corrected for all pairs of the folder.

        Args:
            a, b: strategies with their parameters, as the leaderboard shows them.

        Raises:
            InputError: a strategy is unknown, or several pairs differ only in them; `filter` chooses one.
        """
        known = sorted({row.strategy for row in self.rows})
        for strategy in (a, b):
            if strategy not in known:
                raise unknown("strategy", strategy, known)
        comparisons = compare_strategies(self.rows, self._reader, a, b)
        if not comparisons:
            raise InputError(f"{a} and {b} share no dataset, budget and parts; run both on the same ones")
        if len(comparisons) > 1:
            example = _distinguishing_values([(each.a.combination, each.b.combination) for each in comparisons])
            number = len(comparisons)
            raise InputError(f"{a} and {b} can be compared in {number} ways; choose one, as with .filter({example})")
        return StrategyComparison.of(comparisons[0])

    def plot(self, width: float = 5.5, scale: Scale = "linear") -> Figure:
        """Draw test accuracy by budget, or by strategy if there is one budget.

        Args:
            width: inches.
            scale: the scale of the accuracy; logit magnifies accuracies near 1.

        Raises:
            InputError: no cell has results, or they need several figures; `filter` chooses one.
        """
        figures = list(draw_figures(self.rows, width, scale, self._reader))
        if len(figures) > 1:
            names = ", ".join(name for name, _ in figures)
            raise InputError(
                f"the results need {len(figures)} figures ({names}); choose one with .filter(), for example by dataset "
                "and trainer"
            )
        figure = figures[0][1]
        vars(figure)["_repr_png_"] = partial(_to_png, figure)  # IPython shows only figures of pyplot by itself
        return figure

    def report(self, path: str | PathLike[str] | None = None) -> Path:
        """Write the HTML report of the rows, by default to report.html in the folder, and return its path.

        Raises:
            InputError: the file cannot be written.
        """
        target = self.folder / "report.html" if path is None else Path(path).expanduser()
        write_report(target, self.rows, self._reader)
        return target

    @cached_property
    def _reader(self) -> ResultsReader:
        return make_reader(self._catalog, ResultsFolder(self.folder))


@dataclass(frozen=True, repr=False)
class StrategyComparison:
    """The comparison of two strategies, seed by seed.

    Attributes:
        a, b: the strategies.
        seeds: the number of seeds that both have.
        differences: a - b for each score that either has, paired over seeds, with 95% intervals. The mean is NaN if
            one of them lacks the score.
        p: the p value of the difference in test accuracy, corrected for the pairs of the board; NaN if it cannot be
            tested.
        is_significant: whether the test accuracies differ significantly.
        sentence: the verdict in words.
        caveats: sentences that say what makes the comparison unfair.
    """

    a: str
    b: str
    seeds: int
    differences: Mapping[str, Interval]
    p: float
    is_significant: bool
    sentence: str
    caveats: tuple[str, ...]
    _comparison: Comparison = field(repr=False, compare=False)

    @classmethod
    def of(cls, comparison: Comparison) -> StrategyComparison:
        """Return what users see of a comparison."""
        return cls(
            comparison.a.part("strategy"),
            comparison.b.part("strategy"),
            comparison.seeds,
            comparison.differences,
            comparison.verdict.p,
            comparison.verdict.is_different,
            comparison.verdict.sentence,
            comparison.caveats,
            comparison,
        )

    @property
    def difference(self) -> Interval:
        """The difference in test accuracy."""
        return self.differences["test_accuracy"]

    def __repr__(self) -> str:
        return self.sentence

    def _repr_html_(self) -> str:
        return render_html(Group(*comparison_tables([self._comparison])))


class LeaderboardFrame(pd.DataFrame):
    """The columns of leaderboard.csv. A notebook shows the table, marks and legend of the terminal.

    It is a `DataFrame`, so that everything that takes one takes it. The marks and the legend are no columns, and they
    depend on all rows. Therefore a frame that was derived from it or changed is an ordinary one in a notebook.
    """

    _metadata = ("_rows", "_reader")  # attributes; pandas takes others for columns
    _rows: tuple[Result, ...]
    _reader: ResultsReader

    @classmethod
    def of(cls, rows: Sequence[Result], reader: ResultsReader) -> LeaderboardFrame:
        frame = cls(leaderboard_frame(rows, reader))
        frame._rows, frame._reader = tuple(rows), reader
        return frame

    def _repr_html_(self) -> str | None:
        if not self.equals(leaderboard_frame(self._rows, self._reader)):
            plain: Any = pd.DataFrame(self)
            html: str | None = plain._repr_html_()
            return html
        return render_html(table(self._rows, self._reader))


def render_html(shown: RenderableType) -> str:
    """Return what the terminal would show as HTML, in the colors of the page."""
    console = Console(record=True, file=StringIO(), width=WIDTH, force_jupyter=False, highlight=False)
    console.print(shown)
    return console.export_html(inline_styles=True, code_format=HTML)


def _to_png(figure: Figure) -> bytes:
    image = BytesIO()
    figure.savefig(image, format="png", dpi=DOTS_PER_INCH)
    return image.getvalue()


def _distinguishing_values(pairs: Sequence[tuple[Combination, Combination]]) -> str:
    """Return the arguments of `filter` that select the first pair."""
    arguments = []
    for i, column in enumerate(COMBINATION_COLUMNS):
        first, *others = [list(dict.fromkeys((a[i], b[i]))) for a, b in pairs]
        if column != "strategy" and any(values != first for values in others):
            arguments.append(f"{column}={(first[0] if len(first) == 1 else first)!r}")
    return ", ".join(arguments)
