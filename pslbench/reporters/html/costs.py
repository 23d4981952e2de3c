"""Sections about costs: accuracy against time and labels, and time by stage."""

from collections.abc import Iterable, Sequence
from math import isnan
from typing import Any

import altair as alt
from markupsafe import Markup

from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.errors import pluralize
from pslbench.reporters.html.rendering import SectionUnavailable, render_chart
from pslbench.reporters.html.report_data import ReportData
from pslbench.reporters.html.section import render_board_panels, render_dataset_panels, section
from pslbench.reporters.html.series_styles import HIGHLIGHTED, color_by, opacity, render_legend, shape_by
from pslbench.results.codec import STAGES

SINGLE_STAGES = [stage for stage in STAGES if stage != "total"]
Row = dict[str, Any]
COLUMNS = {name: name for name in ("series", "stage", "seconds")}


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
    front = pareto_front((_point(data, entry) for entry in entries if entry.ranked), cost)
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
        chart.add_params(HIGHLIGHTED).properties(height=320),
        {"points": rows, "front": front},
        f"Scatter plot of test accuracy by {title}, with the Pareto front.",
        caption=f"Pareto front: {', '.join(dict.fromkeys(row['series'] for row in front)) or 'none'}.",
    )


def pareto_front(rows: Iterable[Row], cost: str) -> list[Row]:
    """Return the rows such that no other row is as good in cost and accuracy, and better in one; by cost."""
    front: list[Row] = []
    for row in sorted(rows, key=lambda row: (row[cost], -row["accuracy"])):
        is_equal = bool(front) and all(row[name] == front[-1][name] for name in (cost, "accuracy"))
        if not front or is_equal or row["accuracy"] > front[-1]["accuracy"]:
            front.append(row)
    return front


def _cost_axis(values: Sequence[float], cost: str, title: str) -> alt.X:
    """Return a logarithmic axis; of 1 + value if a value is 0."""
    has_zero = min(values) == 0
    x = alt.X(f"{cost}:Q", title=f"{title} (log scale{' of 1 + value' if has_zero else ''})")
    x = x.scale(type="symlog" if has_zero else "log", nice=False, padding=16)
    ticks = [0, *(digit * 10**power for power in range(10) for digit in (1, 2, 5))]
    options = {"values": [tick for tick in ticks if tick <= max(values)]} if has_zero else {"tickCount": 6}
    return x.axis(grid=False, format=",.2~f", **options)


def _point(data: ReportData, entry: LeaderboardEntry) -> Row:
    return {
        "series": data.series_name(entry),
        "accuracy": round(entry.score("test_accuracy").mean, 5),
        "seconds": max(0.001, round(entry.mean("seconds", "total"), 4)),
        "labels": entry.mean("labels_spent"),
    }


@section(
    "Time",
    "Time by stage",
    "Wall-clock seconds per cell by stage, means over seeds. If several cells share a stage, its full time counts in "
    "each of them.",
)
def time(data: ReportData) -> Markup:
    return render_board_panels(data, lambda board: _draw_stages(data, board))


def _draw_stages(data: ReportData, board: Sequence[LeaderboardEntry]) -> Markup:
    entries = sorted(data.select_charted(board), key=lambda entry: -entry.mean("seconds", "total"))
    rows = [
        {"series": data.series_name(entry), "stage": stage, "seconds": round(seconds, 3), "order": order}
        for entry in entries
        for order, stage in enumerate(SINGLE_STAGES)
        if not isnan(seconds := entry.mean("seconds", stage))
    ]
    if not rows:
        raise SectionUnavailable("No cell has results.")
    names = [data.series_name(entry) for entry in entries]
    stages = [stage for stage in SINGLE_STAGES if any(row["stage"] == stage for row in rows)]
    legend = alt.Legend(orient="top", title=None, direction="horizontal", columns=3)
    bars = alt.Chart(alt.NamedData("stages")).mark_bar()
    bars = bars.encode(
        y=alt.Y("series:N", sort=names, title=None, axis=alt.Axis(labelLimit=150)),
        x=alt.X("seconds:Q", stack="zero", title="seconds", axis=alt.Axis(tickCount=6)),
        color=alt.Color("stage:N", scale=alt.Scale(domain=stages, range="category"), legend=legend),
        order=alt.Order("order:Q"),
        tooltip=["series:N", "stage:N", alt.Tooltip("seconds:Q", format=",.2f")],
    )
    label = f"Stacked bars of seconds by stage, {pluralize(len(names), 'combination')}, the slowest first."
    return render_chart(alt.layer(bars).properties(height=22 * len(names)), {"stages": rows}, label, columns=COLUMNS)
