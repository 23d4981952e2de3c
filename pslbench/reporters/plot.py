"""Plots for a paper."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

from pslbench.analysis.budget_curves import Curve, budget_curves
from pslbench.analysis.comparable_groups import comparable_groups, group_title
from pslbench.analysis.leaderboard import LeaderboardEntry, leaderboard_entries
from pslbench.errors import InputError
from pslbench.extras import requires_extra
from pslbench.reporters.formats import few_seeds_note
from pslbench.reporters.leaderboard_table import MARKS
from pslbench.results.records import Result, ResultsReader

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pslbench.reporters.files import Scale

FONT_SIZE = 8  # points
LINE_HEIGHT = 11 / 72  # inches between two names
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # Okabe and Ito 2008
MARKERS = "os^DvPX<>p"  # 70 combinations with the colors
GRAY = "#757575"
STYLE: dict[Any, Any] = {"font.size": FONT_SIZE, "pdf.fonttype": 42, "text.parse_math": False}  # names may contain $
STYLE |= {"axes.spines.top": False, "axes.spines.right": False}
MIN_AXES_SHARE = 0.4  # of the width of a figure; names may take the rest
MAX_NAME_BYTES = 120  # of a file name without its hash
LOGIT_TICKS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
MARGIN = 1e-3  # values are clipped to [MARGIN, 1 - MARGIN], because a logit scale cannot show 0 and 1


def draw_figures(
    results: Sequence[Result], width: float, scale: Scale, reader: ResultsReader | None = None
) -> Iterator[tuple[str, Figure]]:
    """Yield a file name and a figure for each group of combinations that differ only in strategy and budget.

    Raises:
        InputError: no cell has results.
    """
    with requires_extra("plots"):
        import matplotlib as mpl

    groups = comparable_groups([s for s in leaderboard_entries(results, reader) if s.rows], "dataset", "trainer")
    if not groups:
        raise InputError("no cell has results, so there is nothing to draw; run cells that succeed first")
    names = _make_file_names([group_title(group, "dataset", "embedder", "clusterer", "trainer") for group in groups])
    with mpl.rc_context(STYLE):
        for name, group in zip(names, groups, strict=True):
            curves = [curve for by_dataset in budget_curves(group) for curve in by_dataset]
            yield name, _draw_by_budget(curves, width, scale) if curves else _draw_by_strategy(group, width, scale)


def _make_file_names(titles: Sequence[str]) -> list[str]:
    """Return a file name for each title. Names that are too long or equal for two titles get a hash."""
    plain = [re.sub(r"[^\w.=-]+", "-", text).strip("-.") for text in titles]
    names = [name.encode()[:MAX_NAME_BYTES].decode(errors="ignore") for name in plain]
    for i, title in enumerate(titles):
        if names[i] != plain[i] or plain.count(plain[i]) > 1:
            names[i] += f"-{sha256(title.encode()).hexdigest()[:8]}"
    return names


def _draw_by_budget(curves: Sequence[Curve], width: float, scale: Scale) -> Figure:
    """Draw one line per strategy with a band of its intervals and its name at the end."""
    styles = [_line_style(curve.ranked, i) for i, curve in enumerate(curves)]
    names = _shorten_all([_label(curve.points) for curve in curves], (1 - MIN_AXES_SHARE) * width - 1.05)
    points = [point for curve in curves for point in curve.points]
    height = max(0.5 * width, LINE_HEIGHT * len(curves))
    note = f"bands: 95% intervals{few_seeds_note(point.rows for point in points)}"
    figure, axes = _make_axes(width, height, note, left=0.6, right=_measure(*names) + 0.45)
    axes.set_xscale("log")
    _set_scale(axes, "y", scale)
    for curve, style in zip(curves, styles, strict=True):
        x = [point.combination[1] for point in curve.points]
        y = [point.score("test_accuracy") for point in curve.points]
        low, high = [_clip(score.low) for score in y], [_clip(score.high) for score in y]
        axes.fill_between(x, low, high, color=style["color"], alpha=0.08, linewidth=0)
        axes.plot(x, [_clip(score.mean) for score in y], linewidth=1.2, **style)
    budgets = sorted({point.combination[1] for point in points})
    axes.set_xticks(budgets, [f"{budget:,}" for budget in budgets])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("labels")
    ends = [(curve.points[-1].combination[1], curve.points[-1].score("test_accuracy").mean) for curve in curves]
    _write_names(axes, ends, names, styles, LINE_HEIGHT / height)
    return figure


def _write_names(
    axes: Axes, ends: Sequence[tuple[int, float]], names: Sequence[str], styles: Sequence[dict[str, Any]], gap: float
) -> None:
    """Write names next to the ends of lines. `gap` is the smallest distance between names, a share of the axes."""
    import numpy as np
    from matplotlib.transforms import ScaledTranslation
    from scipy.optimize import isotonic_regression

    beside = axes.transAxes + ScaledTranslation(0.2, 0, axes.figure.dpi_scale_trans)
    axes.autoscale_view()
    heights = (axes.transData - axes.transAxes).transform(ends)[:, 1]
    order = np.argsort(heights)
    steps = gap * np.arange(len(ends))
    positions = np.clip(isotonic_regression(heights[order] - steps).x, 0, 1 - steps[-1]) + steps
    for i, y in zip(order, positions, strict=True):
        line = {"arrowstyle": "-", "color": styles[i]["color"], "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", ends[i], (1, y), textcoords=beside, arrowprops=line, annotation_clip=False)
        axes.plot(1, y, transform=beside, clip_on=False, **styles[i])
        axes.annotate(names[i], (1, y), (6, 0), xycoords=beside, textcoords="offset points", va="center_baseline")


def _draw_by_strategy(board: Sequence[LeaderboardEntry], width: float, scale: Scale) -> Figure:
    """Draw one dot per strategy with its interval, the best at the top.

    The dots that cannot be told apart from the best are filled.
    """
    names = _shorten_all([_label([entry]) for entry in board], (1 - MIN_AXES_SHARE) * width - 0.4)
    note = f"lines: 95% intervals{few_seeds_note(entry.rows for entry in board)}"
    figure, axes = _make_axes(width, 1.3 * LINE_HEIGHT * (len(board) + 1), note, left=_measure(*names) + 0.2, right=0.2)
    _set_scale(axes, "x", scale)
    for i, entry in enumerate(board):
        score, color = entry.score("test_accuracy"), COLORS[0] if entry.ranked else GRAY
        is_filled = entry.gap.is_best or entry.gap.is_tied
        axes.hlines(i, _clip(score.low), _clip(score.high), color=color)
        axes.plot(_clip(score.mean), i, "o", color=color, markersize=4, markerfacecolor=color if is_filled else "white")
    axes.set_yticks(range(len(board)), names)
    axes.set_ylim(len(board) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_xlabel("test accuracy; filled: may be the best", loc="right")
    return figure


def _make_axes(width: float, height: float, note: str, left: float, right: float) -> tuple[Figure, Axes]:
    """Return a figure and its axes. The width is that of the figure, the height that of the axes, both in inches."""
    from matplotlib.figure import Figure

    total = height + 0.65
    figure = Figure((width, total))
    figure.text(1 - 0.05 / width, 0.05 / total, note, ha="right")
    return figure, figure.add_axes((left / width, 0.55 / total, 1 - (left + right) / width, height / total))


def _set_scale(axes: Axes, name: Literal["x", "y"], scale: Scale) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

    axes.set(**{f"{name}scale": scale, f"{name}label": "test accuracy"})
    if scale == "logit":
        axis = getattr(axes, f"{name}axis")
        axis.set_major_locator(FixedLocator(LOGIT_TICKS))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_locator(NullLocator())


def _clip(value: float) -> float:
    return min(max(value, MARGIN), 1 - MARGIN)


def _line_style(ranked: bool, index: int) -> dict[str, Any]:
    return {
        "color": COLORS[index % len(COLORS)] if ranked else GRAY,
        "linestyle": "-" if ranked else "--",
        "marker": MARKERS[index % len(MARKERS)],
        "markersize": 4.5,
        "markeredgecolor": "white",
        "markeredgewidth": 0.4,
    }


def _shorten_all(names: Sequence[str], max_width: float) -> list[str]:
    """Remove the part of each long name that leaves most names distinct: the middle if possible."""
    variants = [[_shorten(name, max_width, share) for name in names] for share in (0.5, 0.25, 0.75, 0, 1)]
    return max(variants, key=lambda variant: len(set(variant)))


def _shorten(name: str, max_width: float, share: float) -> str:
    """Shorten a name to a width in inches. `share` of the letters are from its start, the others from its end."""
    if (width := _measure(name)) <= max_width:
        return name
    n_letters, short = int(len(name) * max_width / width), name
    while n_letters > 1 and _measure(short) > max_width:
        n_first = round(n_letters * share)
        short = f"{name[:n_first]}…{name[len(name) - n_letters + n_first :]}"
        n_letters -= 1
    return short


def _measure(*names: str) -> float:
    """Return the width of the widest name in inches."""
    from matplotlib.textpath import TextPath

    return max(float(TextPath((0, 0), name, size=FONT_SIZE).get_extents().width) for name in names) / 72


def _label(entries: Sequence[LeaderboardEntry]) -> str:
    """Return the strategy, with a mark if an entry does not compete."""
    return " ".join([entries[0].part("strategy"), *(mark for mark in "∞⊥†" if any(map(MARKS[mark], entries)))])
