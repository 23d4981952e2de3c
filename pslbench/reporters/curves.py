from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log, nan
from typing import TYPE_CHECKING

from pslbench.analysis.budget_curves import Curve, budget_curves
from pslbench.analysis.leaderboard import leaderboard_entries
from pslbench.analysis.statistics import MIN_SEEDS
from pslbench.parts import reporter
from pslbench.reporters.formats import caption_table, create_table, format_mean, format_number, stack_tables
from pslbench.reporters.leaderboard_table import explain_marks, marks, varying_parts
from pslbench.results.records import Result, ResultsReader

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, Group, RenderableType
    from rich.text import Text

DRAWN = 6
COLOURS = (32, 166, 28, 127, 160, 30)  # of 256: each stands out from black and from white by 3.6 to 1 or more
WIDTH, HEIGHT = 100, 22


@reporter("curves")
def curves(results: Sequence[Result], records: ResultsReader) -> RenderableType | None:
    """Test accuracy by budget on the screen, where several budgets were run, and the area under each curve."""
    found = budget_curves(leaderboard_entries(results))
    return stack_tables(part for each in found for part in (_table(each), Plot(each[:DRAWN]))) if found else None


@dataclass(frozen=True)
class Plot:
    """Curves as wide as the screen, each with its number at every budget."""

    curves: Sequence[Curve]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        from rich.text import Text

        yield Text.from_ansi(self._drawn(min(options.max_width, WIDTH)))

    def _drawn(self, width: int) -> str:
        import plotext

        plotext.clear_figure()
        plotext.theme("clear")
        plotext.limit_size(False, False)
        plotext.plot_size(width, HEIGHT)
        for place, curve in reversed(list(enumerate(self.curves, 1))):
            x = [log(point.combination[1]) for point in curve.points]
            y = [point.score("test_accuracy").mean for point in curve.points]
            colour = COLOURS[(place - 1) % len(COLOURS)]
            plotext.plot(x, y, marker="braille", color=colour)
            plotext.scatter(x, y, marker=str(place), color=colour)
        budgets = sorted({point.combination[1] for curve in self.curves for point in curve.points})
        plotext.xticks([log(budget) for budget in budgets], [f"{budget:,}" for budget in budgets])
        drawn: str = plotext.build()
        return drawn.rstrip()


def _table(found: list[Curve]) -> Group:
    from rich.text import Text

    budgets = sorted({point.combination[1] for curve in found for point in curve.points})
    parts = varying_parts(found)
    shown = create_table(padding=0)
    shown.add_column("#", justify="right", min_width=2)
    for kind in parts:
        shown.add_column(kind, overflow="fold")
    shown.add_column("area", justify="right", min_width=15, no_wrap=True)
    shown.add_column("", min_width=1)
    for budget in budgets:
        shown.add_column(f"{budget:,}", justify="right", min_width=5, no_wrap=True)
    for place, curve in enumerate(found, 1):
        means = {point.combination[1]: point.score("test_accuracy").mean for point in curve.points}
        cells = [str(place) if curve.competes or place <= DRAWN else "", *(curve.part(kind) for kind in parts)]
        cells += [format_mean(curve.area), marks(curve)]
        cells += [format_number(means.get(budget, nan), 3) for budget in budgets]
        shown.add_row(*map(Text, cells), style="bold" if place == 1 else "" if curve.ranked else "dim")
    return caption_table(f"{found[0].part('dataset')} · test accuracy by budget", shown, _legend(found))


def _legend(found: list[Curve]) -> list[str]:
    few = f"; none below {MIN_SEEDS} seeds" if any(0 < len(curve.areas) < MIN_SEEDS for curve in found) else ""
    budgets = found[0].budgets
    lacking = {point.combination[1] for curve in found if curve.ranked for point in curve.points} - set(budgets)
    over = (
        f" ({' and '.join(f'{budget:,}' for budget in budgets)} labels, which curves have in common)" if lacking else ""
    )
    lines = [f"area: test accuracy averaged over the logarithm of the budget{over}, ± as above{few}"]
    if any(set(point.by_seed()) != set(curve.areas) for curve in found if curve.areas for point in curve.points):
        lines.append("an area is of the seeds that all of its budgets have, an accuracy of all seeds of its budget")
    lines += explain_marks(found)
    if any(not curve.areas for curve in found):
        lines.append("-: not run at each of these budgets with the same seeds")
    if len(found) > DRAWN:
        lines.append(f"the first {DRAWN} are drawn, {len(found) - DRAWN} more are not")
    if len({row.compute_dtype for curve in found if curve.ranked for point in curve.points for row in point.rows}) > 1:
        lines.append("! Unequal arithmetic, between curves or along one: rounding alone may change a score.")
    return lines
