from math import isnan
from typing import Any

import altair as alt
from markupsafe import Markup

from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.reporters.formats import format_mean
from pslbench.reporters.html.rendering import SectionUnavailable, render_chart
from pslbench.reporters.html.report_data import ReportData
from pslbench.reporters.html.section import render_dataset_panels, section
from pslbench.reporters.html.series_styles import (
    HIGHLIGHTED,
    color_by,
    dash_by,
    opacity,
    render_legend,
    shape_by,
)


@section(
    "Budgets",
    "Accuracy by budget",
    "Mean test accuracy over seeds by the number of labels. Bands are 95% confidence intervals. Select names in the "
    "legend to highlight their curves. Point at a marker to see its values.",
    has_intervals=True,
)
def budgets(data: ReportData) -> Markup:
    return render_dataset_panels(data, lambda dataset: _draw_curves(data, dataset), render_legend(data.series))


def _draw_curves(data: ReportData, dataset: str) -> Markup:
    rows = [_point(data, entry) for entry in data.charted_entries(dataset)]
    ticks = sorted({row["budget"] for row in rows})
    if len(ticks) < 2:
        raise SectionUnavailable("A curve needs two budgets or more; run more of them, for example -b 20,60,120.")
    x = alt.X("budget:Q", title="labels", scale=alt.Scale(type="log", nice=False, padding=12))
    x = x.axis(values=ticks, grid=False, format=",d")
    scale = alt.Scale(zero=False)
    mean = alt.Y("mean:Q", title="test accuracy", scale=scale)
    low = alt.Y("low:Q", title="test accuracy", scale=scale)
    base = alt.Chart(alt.NamedData("points")).encode(x=x, color=color_by("series", data.series))
    tooltip = [
        "series:N",
        alt.Tooltip("budget:Q", title="labels"),
        alt.Tooltip("accuracy:N", title="test accuracy"),
        "seeds:Q",
    ]
    chart = alt.layer(
        base.mark_area(clip=True).encode(y=low, y2="high:Q", opacity=opacity(0.02, 0.1)),
        base.mark_line(strokeWidth=1.8).encode(y=mean, strokeDash=dash_by("series", data.series), opacity=opacity(0.1)),
        base.mark_point(filled=True, size=48).encode(
            y=mean, shape=shape_by("series", data.series), opacity=opacity(0.1), tooltip=tooltip
        ),
    )
    label = f"Line chart of test accuracy by number of labels on {dataset}; the leaderboard lists the numbers."
    return render_chart(chart.add_params(HIGHLIGHTED).properties(height=380), {"points": rows}, label)


def _point(data: ReportData, entry: LeaderboardEntry) -> dict[str, Any]:
    score = entry.score("test_accuracy")
    half_width = 0 if isnan(score.half_width) else score.half_width
    return {
        "series": data.series_name(entry),
        "budget": entry.combination[1],
        "mean": round(score.mean, 5),
        "low": round(score.mean - half_width, 5),
        "high": round(min(1, score.mean + half_width), 5),
        "accuracy": format_mean(score),
        "seeds": score.n,
    }
