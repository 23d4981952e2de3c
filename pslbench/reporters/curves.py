"""Budget curves on the screen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log, nan

from rich.console import Console, ConsoleOptions, Group
from rich.text import Text

from pslbench.analysis.budget_curves import Curve, budget_curves
from pslbench.analysis.leaderboard import leaderboard_entries
from pslbench.errors import InputError
from pslbench.extras import requires_extra
from pslbench.reporters.formats import (
    FoldingTable,
    TextColumn,
    caption_table,
    dataset_title,
    few_seeds_note,
    format_mean,
    format_number,
    stack_tables,
)
from pslbench.reporters.leaderboard_table import GLOSSARY, explain_marks, marks, varying_parts
from pslbench.results.records import Result, ResultsReader

MAX_CURVES = 6
COLORS = (32, 166, 28, 127, 160, 30)  # of 256 terminal colors; their contrast with black and white is at least 3.6:1
WIDTH, HEIGHT = 100, 22


def build_curves(results: Sequence[Result], reader: ResultsReader) -> Group | None:
    """Return a table and a plot of the budget curves of each dataset; None if no curve has several budgets."""
    by_dataset = budget_curves(leaderboard_entries(results, reader))
    if not by_dataset:
        return None
    return stack_tables(part for group in by_dataset for part in (_build_table(group), CurvePlot(group[:MAX_CURVES])))


@dataclass(frozen=True)
class CurvePlot:
    """A plot of curves as wide as the terminal. The rank of a curve marks its budgets."""

    curves: Sequence[Curve]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        try:
            with requires_extra("plots"):
                import plotext
        except InputError as error:
            yield Text(f"no plot: {error}")
            return
        plotext.clear_figure()
        plotext.theme("clear")
        plotext.limit_size(False, False)
        plotext.plot_size(min(options.max_width, WIDTH), HEIGHT)
        for rank, curve in reversed(list(enumerate(self.curves, 1))):
            x = [log(point.combination[1]) for point in curve.points]
            y = [point.score("test_accuracy").mean for point in curve.points]
            color = COLORS[(rank - 1) % len(COLORS)]
            plotext.plot(x, y, marker="braille", color=color)
            plotext.scatter(x, y, marker=str(rank), color=color)
        budgets = sorted({point.combination[1] for curve in self.curves for point in curve.points})
        plotext.xticks([log(budget) for budget in budgets], [f"{budget:,}" for budget in budgets])
        yield Text.from_ansi(plotext.build().rstrip())


def _build_table(curves: list[Curve]) -> Group:
    budgets = sorted({point.combination[1] for curve in curves for point in curve.points})
    parts = varying_parts(curves)
    means = [{p.combination[1]: p.score("test_accuracy").mean for p in curve.points} for curve in curves]
    ranks = [str(rank) if curve.competes or rank <= MAX_CURVES else "" for rank, curve in enumerate(curves, 1)]
    columns = [
        TextColumn("#", ranks, min_width=2, identifies=True),
        *(TextColumn(kind, [curve.part(kind) for curve in curves], "left", identifies=True) for kind in parts),
        TextColumn("area", [format_mean(curve.area) for curve in curves], min_width=15),
        TextColumn("", list(map(marks, curves)), "left", 1),
        *(TextColumn(f"{b:,}", [format_number(each.get(b, nan), 3) for each in means], min_width=5) for b in budgets),
    ]
    styles = ["bold" if not rank else "" if curve.ranked else "dim" for rank, curve in enumerate(curves)]
    title = f"{dataset_title(curves[0].part('dataset'))} · test accuracy by budget"
    return caption_table(title, FoldingTable(columns, styles, padding=0), _build_legend(curves))


def _build_legend(curves: list[Curve]) -> list[str]:
    budgets = curves[0].budgets
    ranked = [point for curve in curves if curve.ranked for point in curve.points]
    is_partial = bool({point.combination[1] for point in ranked} - set(budgets))
    common = f" over {' and '.join(f'{budget:,}' for budget in budgets)} labels, the common budgets" * is_partial
    area = f"area: test accuracy averaged over the logarithm of the budget{common}"
    lines = [f"{area}; ± half-width of its 95% interval{few_seeds_note(curve.areas for curve in curves)}"]
    if any(set(point.by_seed()) != set(curve.areas) for curve in curves if curve.areas for point in curve.points):
        lines.append("an area uses the seeds that all of its budgets have; an accuracy uses all seeds of its budget")
    lines += explain_marks(curves)
    if any(not curve.areas for curve in curves):
        lines.append("-: no seed has results for all of these budgets")
    if len(curves) > MAX_CURVES:
        lines.append(f"the plot shows the first {MAX_CURVES} of {len(curves)} curves")
    if len({row.compute_dtype for point in ranked for row in point.rows}) > 1:
        lines.append("! Trainers used different arithmetic (compute_dtype): rounding alone may change a score.")
    return [*lines, GLOSSARY]
