from __future__ import annotations

from collections.abc import Sequence
from math import isnan

import altair as alt
from markupsafe import Markup

from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.errors import pluralize
from pslbench.reporters.html.rendering import SectionUnavailable, render_chart
from pslbench.reporters.html.report_data import ReportData
from pslbench.reporters.html.section import render_board_panels, section
from pslbench.results.codec import STAGES

SINGLE_STAGES = [stage for stage in STAGES if stage != "total"]
COLUMNS = {name: name for name in ("series", "stage", "seconds")}


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
