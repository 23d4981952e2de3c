from itertools import permutations
from typing import Any

import altair as alt
from markupsafe import Markup

from pslbench.analysis.significance import ALPHA
from pslbench.analysis.statistics import paired_difference
from pslbench.errors import pluralize
from pslbench.reporters.formats import format_difference, format_p_value
from pslbench.reporters.html.rendering import SectionUnavailable, render_chart
from pslbench.reporters.html.report_data import Board, ReportData
from pslbench.reporters.html.section import render_board_panels, section

COLUMNS = {"row": "row", "column": "column", "interval": "row − column", "p": "corrected p"}


@section(
    "Pairs",
    "Paired differences",
    "Test accuracy of the row minus test accuracy of the column in percentage points, averaged over the seeds of both. "
    "A bold difference is too large for chance (paired t tests, corrected for all pairs of the board by Holm's "
    "method). Only combinations that compete are tested. Point at a cell to see the 95% confidence interval and the "
    "corrected p value.",
    has_intervals=True,
)
def pairs(data: ReportData) -> Markup:
    return render_board_panels(data, lambda board: _draw_matrix(data, board))


def _draw_matrix(data: ReportData, board: Board) -> Markup:
    rows = _compare_all(data, board)
    if not rows:
        raise SectionUnavailable("Pairs need two combinations that compete and have results.")
    names = list(dict.fromkeys(row["row"] for row in rows))
    limit = max(abs(row["difference"] or 0) for row in rows) or 1
    base = alt.Chart(alt.NamedData("pairs")).encode(
        x=alt.X("column:N", sort=names, title=None, axis=alt.Axis(orient="top", labelAngle=-45, labelLimit=150)),
        y=alt.Y("row:N", sort=names, title=None, axis=alt.Axis(labelLimit=150)),
        tooltip=[alt.Tooltip(f"{name}:N", title=title) for name, title in COLUMNS.items()],
    )
    scale = alt.Scale(domain=[-limit, 0, limit], range="diverging", interpolate="rgb")
    text = base.encode(text="points:N")
    chart = alt.layer(
        base.mark_rect().encode(color=alt.Color("difference:Q", scale=scale, legend=None)),
        text.transform_filter("!datum.significant").mark_text(style="value"),
        text.transform_filter("datum.significant").mark_text(style="value", fontWeight="bold"),
    )
    return render_chart(
        chart.properties(height=28 * len(names)),
        {"pairs": rows},
        f"Matrix of paired differences in test accuracy, {pluralize(len(names), 'combination')}, the best first.",
        min_width=190 + 38 * len(names),
        max_width=190 + 90 * len(names),
        columns=COLUMNS,
    )


def _compare_all(data: ReportData, board: Board) -> list[dict[str, Any]]:
    """Return one row per ordered pair of charted combinations. The adjustment counts all combinations that compete."""
    entries = [entry for entry in board if entry.ranked]
    charted = data.select_charted(entries)
    rows = []
    for a, b in permutations(entries, 2):
        if a in charted and b in charted:
            p = a.tests.p_value(a.combination, b.combination)
            difference = paired_difference(a.by_seed(), b.by_seed())
            rows.append(
                {
                    "row": data.series_name(a),
                    "column": data.series_name(b),
                    "difference": round(difference.mean, 5) if difference.n else None,
                    "points": f"{100 * difference.mean:+.1f}" if difference.n else "",
                    "interval": format_difference(difference) if difference.n else "no seed in common",
                    "p": format_p_value(p),
                    "significant": p < ALPHA,
                }
            )
    return rows
