from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge

from pslbench.analysis.budget_curves import Curve, budget_curves
from pslbench.analysis.comparable_groups import comparable_groups, group_title
from pslbench.analysis.leaderboard import LeaderboardEntry, leaderboard_entries
from pslbench.errors import InputError
from pslbench.parts import reporter
from pslbench.reporters.formats import few_seeds_note
from pslbench.reporters.leaderboard_table import MARKS
from pslbench.results.records import Result, ResultsReader

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TEXT = 5.5  # inches: how wide the text of a paper in one column is
SIZE = 8  # of letters, points
LINE = 11 / 72  # inches from one name to the next
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # Okabe and Ito 2008
MARKERS = "os^DvPX<>p"  # with the colours, 70 that differ
GREY = "#757575"
LOOK: dict[Any, Any] = {"font.size": SIZE, "pdf.fonttype": 42, "axes.spines.top": False, "axes.spines.right": False}
LOOK |= {"text.parse_math": False}  # names may hold a $
DRAWN = 0.4  # of the width, at least, is for what is drawn; names have the rest
LONGEST = 120  # bytes of a file's name, before its hash
TICKS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)  # of logit
EDGE = 1e-3  # plots end there, and at 1 less that: on a logit scale 0 and 1 are infinitely far

Width = Annotated[float, Ge(3)]
Scale = Literal["linear", "logit"]


@reporter("png", writes=True, enabled=False)
def png(
    results: Sequence[Result],
    records: ResultsReader,
    *,
    width: Width = TEXT,
    scale: Scale = "linear",
    dpi: Annotated[int, Ge(50)] = 200,
) -> None:
    """Draw test accuracy by budget, or by strategy where there is one budget, as PNG.

    Args:
        width: inches.
        scale: of the accuracy; logit spreads what is near 1.
        dpi: dots an inch.
    """
    for name, figure in figures(results, width, scale):
        figure.savefig(records.folder / f"{name}.png", dpi=dpi)


@reporter("pdf", writes=True, enabled=False)
def pdf(results: Sequence[Result], records: ResultsReader, *, width: Width = TEXT, scale: Scale = "linear") -> None:
    """Draw test accuracy by budget, or by strategy where there is one budget, as PDF with TrueType fonts.

    Args:
        width: inches.
        scale: of the accuracy; logit spreads what is near 1.
    """
    for name, figure in figures(results, width, scale):
        figure.savefig(records.folder / f"{name}.pdf", metadata={"CreationDate": None})


def figures(results: Sequence[Result], width: float, scale: Scale) -> Iterator[tuple[str, Figure]]:
    """Figures with their names: one for all that differs in strategy and budget alone.

    Raises:
        InputError: where no cell ended well.
    """
    import matplotlib as mpl

    found = comparable_groups([s for s in leaderboard_entries(results) if s.rows], "dataset", "trainer")
    if not found:
        raise InputError("no cell ended well; there is nothing to draw")
    names = _file_names([group_title(setting, "dataset", "embedder", "clusterer", "trainer") for setting in found])
    with mpl.rc_context(LOOK):
        for name, setting in zip(names, found, strict=True):
            curves = [curve for found in budget_curves(setting) for curve in found]
            yield name, _by_budget(curves, width, scale) if curves else _by_strategy(setting, width, scale)


def _file_names(titles: Sequence[str]) -> list[str]:
    """What files of these titles are called; with a hash where that is too long, or the same for two."""
    plain = [re.sub(r"[^\w.=-]+", "-", each).strip("-.") for each in titles]
    short = [name.encode()[:LONGEST].decode(errors="ignore") for name in plain]
    return [
        short[i] if short[i] == plain[i] and plain.count(plain[i]) == 1 else f"{short[i]}-{_hash(titles[i])}"
        for i in range(len(titles))
    ]


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]


def _by_budget(curves: Sequence[Curve], width: float, scale: Scale) -> Figure:
    """A line a strategy, in a band of its intervals, with its name beside its end."""
    looks = [_look(curve.ranked, place) for place, curve in enumerate(curves)]
    names = _fitted([_name(curve.points) for curve in curves], (1 - DRAWN) * width - 1.05)
    points = [point for curve in curves for point in curve.points]
    height = max(0.5 * width, LINE * len(curves))
    note = f"bands: 95% intervals{few_seeds_note(points)}"
    figure, axes = _axes(width, height, note, left=0.6, right=_inches(*names) + 0.45)
    axes.set_xscale("log")
    _set_scale(axes, "y", scale)
    for curve, look in zip(curves, looks, strict=True):
        x = [point.combination[1] for point in curve.points]
        y = [point.score("test_accuracy") for point in curve.points]
        low, high = [_inside(each.low) for each in y], [_inside(each.high) for each in y]
        axes.fill_between(x, low, high, color=look["color"], alpha=0.08, linewidth=0)
        axes.plot(x, [_inside(each.mean) for each in y], linewidth=1.2, **look)
    budgets = sorted({point.combination[1] for point in points})
    axes.set_xticks(budgets, [f"{budget:,}" for budget in budgets])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("labels")
    ends = [(curve.points[-1].combination[1], curve.points[-1].score("test_accuracy").mean) for curve in curves]
    _name_ends(axes, ends, names, looks, LINE / height)
    return figure


def _name_ends(
    axes: Axes, ends: Sequence[tuple[int, float]], names: Sequence[str], looks: Sequence[dict[str, Any]], gap: float
) -> None:
    """Names beside the ends of lines, as near to them as a gap between them, a share of the axes, allows."""
    import numpy as np
    from matplotlib.transforms import ScaledTranslation
    from scipy.optimize import isotonic_regression

    beside = axes.transAxes + ScaledTranslation(0.2, 0, axes.figure.dpi_scale_trans)
    axes.autoscale_view()
    heights = (axes.transData - axes.transAxes).transform(ends)[:, 1]
    order = np.argsort(heights)
    steps = gap * np.arange(len(ends))
    places = np.clip(isotonic_regression(heights[order] - steps).x, 0, 1 - steps[-1]) + steps
    for place, y in zip(order, places, strict=True):
        line = {"arrowstyle": "-", "color": looks[place]["color"], "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", ends[place], (1, y), textcoords=beside, arrowprops=line, annotation_clip=False)
        axes.plot(1, y, transform=beside, clip_on=False, **looks[place])
        axes.annotate(names[place], (1, y), (6, 0), xycoords=beside, textcoords="offset points", va="center_baseline")


def _by_strategy(board: Sequence[LeaderboardEntry], width: float, scale: Scale) -> Figure:
    """A dot a strategy with its interval, best on top; filled where it cannot be told apart from the best."""
    names = _fitted([_name([entry]) for entry in board], (1 - DRAWN) * width - 0.4)
    height, note = 1.3 * LINE * (len(board) + 1), f"lines: 95% intervals{few_seeds_note(board)}"
    figure, axes = _axes(width, height, note, left=_inches(*names) + 0.2, right=0.2)
    _set_scale(axes, "x", scale)
    for place, entry in enumerate(board):
        score, colour = entry.score("test_accuracy"), COLOURS[0] if entry.ranked else GREY
        first = entry.gap.is_best or entry.gap.is_tied
        axes.hlines(place, _inside(score.low), _inside(score.high), color=colour)
        axes.plot(
            _inside(score.mean), place, "o", color=colour, markersize=4, markerfacecolor=colour if first else "white"
        )
    axes.set_yticks(range(len(board)), names)
    axes.set_ylim(len(board) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_xlabel("test accuracy; filled: tied with the best", loc="right")
    return figure


def _axes(width: float, height: float, note: str, left: float, right: float) -> tuple[Figure, Axes]:
    """A figure of a width with axes of a height between these margins, inches, and a note below."""
    from matplotlib.figure import Figure

    whole = height + 0.65
    figure = Figure((width, whole))
    figure.text(1 - 0.05 / width, 0.05 / whole, note, ha="right")
    return figure, figure.add_axes((left / width, 0.55 / whole, 1 - (left + right) / width, height / whole))


def _set_scale(axes: Axes, which: Literal["x", "y"], scale: Scale) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

    axes.set(**{f"{which}scale": scale, f"{which}label": "test accuracy"})
    if scale == "logit":
        axis = getattr(axes, f"{which}axis")
        axis.set_major_locator(FixedLocator(TICKS))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_locator(NullLocator())


def _inside(value: float) -> float:
    """The value, or the end of the logit scale that it is beyond."""
    return min(max(value, EDGE), 1 - EDGE)


def _look(ranked: bool, place: int) -> dict[str, Any]:
    return {
        "color": COLOURS[place % len(COLOURS)] if ranked else GREY,
        "linestyle": "-" if ranked else "--",
        "marker": MARKERS[place % len(MARKERS)],
        "markersize": 4.5,
        "markeredgecolor": "white",
        "markeredgewidth": 0.4,
    }


def _fitted(names: Sequence[str], inches: float) -> list[str]:
    """These names without the middle, or another piece that leaves them different, of those that would be wider."""
    found = [[_cut(name, inches, before) for name in names] for before in (0.5, 0.25, 0.75, 0, 1)]
    return max(found, key=lambda cut: len(set(cut)))


def _cut(name: str, inches: float, before: float) -> str:
    """The name, or as much as is no wider, this share of it from its start and the rest from its end."""
    if (wide := _inches(name)) <= inches:
        return name
    kept, cut = int(len(name) * inches / wide), name
    while kept > 1 and _inches(cut) > inches:
        head = round(kept * before)
        cut = f"{name[:head]}…{name[len(name) - kept + head :]}"
        kept -= 1
    return cut


def _inches(*names: str) -> float:
    """How wide the longest of these names is."""
    from matplotlib.textpath import TextPath

    return max(float(TextPath((0, 0), name, size=SIZE).get_extents().width) for name in names) / 72


def _name(entries: Sequence[LeaderboardEntry]) -> str:
    """Their strategy, with a mark where any of them does not compete."""
    marks = [mark for mark, holds, _ in MARKS if mark in "∞†" and any(map(holds, entries))]
    return " ".join([entries[0].part("strategy"), *marks])
