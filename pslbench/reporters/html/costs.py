from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
from markupsafe import Markup

from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.reporters.html.rendering import SectionUnavailable, render_chart
from pslbench.reporters.html.report_data import ReportData
from pslbench.reporters.html.section import render_board_panels, render_dataset_panels, section
from pslbench.reporters.html.series_styles import color_by, highlight_parameter, opacity, render_legend, shape_by

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Bools


@section(
    "Costs",
    "Accuracy against time and labels",
    "The line is the Pareto front of the combinations that compete: no other combination is both cheaper and more "
    "accurate. The front compares means; the leaderboard shows which differences are significant.",
)
def costs(data: ReportData) -> Markup:
    def draw_labels(dataset: str) -> Markup:
        charted = data.charted_entries(dataset)
        entries = [entry for entry in charted if not any(row.upper_bound for row in entry.rows)]
        if charted and not entries:
            raise SectionUnavailable("Only upper bounds have results.")
        return _draw_costs(data, entries, "labels", "labels spent")

    def draw_time(board: Sequence[LeaderboardEntry]) -> Markup:
        return _draw_costs(data, data.select_charted(board), "seconds", "seconds per cell, all stages")

    return Markup("\n").join(
        [
            Markup("<h3>Against time</h3>"),
            render_board_panels(data, draw_time, render_legend(data.series)),
            Markup("<h3>Against labels</h3><p class='intro'>Without upper bounds, which may query every label.</p>"),
            render_dataset_panels(data, draw_labels),
        ]
    )


def _draw_costs(data: ReportData, entries: Sequence[LeaderboardEntry], cost: str, title: str) -> Markup:
    if not entries:
        raise SectionUnavailable("No cell has results.")
    rows = [_point(data, entry) for entry in entries]
    competing = [row for row, entry in zip(rows, entries, strict=True) if entry.ranked]
    is_on_front = pareto_front([row[cost] for row in competing], [row["accuracy"] for row in competing])
    front = [row for row, on_front in zip(competing, is_on_front, strict=True) if on_front]
    front.sort(key=lambda row: float(row[cost]))
    x = _cost_axis([row[cost] for row in rows], cost, title)
    y = alt.Y("accuracy:Q", title="test accuracy", scale=alt.Scale(zero=False, nice=False, padding=12))
    y = y.axis(format=".4~f")
    points = alt.Chart(alt.NamedData("points")).mark_point(filled=True, size=80)
    chart = alt.layer(
        alt.Chart(alt.NamedData("front")).mark_line(interpolate="step-after", style="front").encode(x=x, y=y),
        points.encode(
            x=x,
            y=y,
            color=color_by("series", data.series),
            shape=shape_by("series", data.series),
            opacity=opacity(0.08, 0.9),
            tooltip=[
                "series:N",
                alt.Tooltip("accuracy:Q", title="test accuracy", format=".4f"),
                alt.Tooltip("seconds:Q", format=",.1f"),
                alt.Tooltip("labels:Q", title="labels spent", format=",.0f"),
            ],
        ),
    )
    return render_chart(
        chart.add_params(highlight_parameter()).properties(height=320),
        {"points": rows, "front": front},
        f"Scatter plot of test accuracy by {title}, with the Pareto front.",
        caption=f"Pareto front: {', '.join(dict.fromkeys(row['series'] for row in front)) or 'none'}.",
    )


def pareto_front(cost: Sequence[float], value: Sequence[float]) -> Bools:
    """Return which points are on the Pareto front: no other point is as good in both, and better in one.

    Args:
        cost, value: float (n,) each.

    Returns:
        Bool (n,); False for points with a NaN.
    """
    costs, values = np.asarray(cost, dtype=float), np.asarray(value, dtype=float)
    no_worse = (costs[:, None] <= costs) & (values[:, None] >= values)
    better = (costs[:, None] < costs) | (values[:, None] > values)
    front: Bools = ~(no_worse & better).any(axis=0) & ~np.isnan(costs) & ~np.isnan(values)
    return front


def _cost_axis(values: Sequence[float], cost: str, title: str) -> alt.X:
    """Return a logarithmic axis; of 1 + value if a value is 0."""
    has_zero = min(values) == 0
    x = alt.X(f"{cost}:Q", title=f"{title} (log scale{' of 1 + value' if has_zero else ''})")
    x = x.scale(type="symlog" if has_zero else "log", nice=False, padding=16)
    ticks = [0, *(digit * 10**power for power in range(10) for digit in (1, 2, 5))]
    options = {"values": [tick for tick in ticks if tick <= max(values)]} if has_zero else {"tickCount": 6}
    return x.axis(grid=False, format=",.2~f", **options)


def _point(data: ReportData, entry: LeaderboardEntry) -> dict[str, Any]:
    return {
        "series": data.series_name(entry),
        "accuracy": round(entry.score("test_accuracy").mean, 5),
        "seconds": max(0.001, round(entry.mean("seconds", "total"), 4)),
        "labels": entry.mean("labels_spent"),
    }
