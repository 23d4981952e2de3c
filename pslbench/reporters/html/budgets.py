from __future__ import annotations

from math import isnan
from typing import Any

from markupsafe import Markup

from pslbench.reporters.formats import format_mean
from pslbench.reporters.html import marks
from pslbench.reporters.html.section import AbsentError, Figure, Section, figure, panels, section
from pslbench.reporters.html.study import Study


def budgets(study: Study) -> Section:
    """Accuracy by the number of labels."""
    intro = (
        "Test accuracy by the number of labels: means over seeds, with 95% intervals as bands"
        f"{study.few}. Press a name to bring it out; point for values."
    )

    def body() -> list[Markup]:
        shown = panels("dataset", "Data set", study.datasets, str, lambda name: figure(_curves(study, name)))
        return [marks.legend(study.series, study.note), shown]

    return section("budgets", "Budgets", "Budget curves", intro, body)


def _curves(study: Study, dataset: str) -> Figure:
    import altair as alt

    rows = _rows(study, dataset)
    ticks = sorted({row["budget"] for row in rows})
    if len(ticks) < 2:
        raise AbsentError("A curve needs two budgets, and there is one; run more of them, for example -b 20,60,120.")
    names = list(study.series)
    x = alt.X("budget:Q", title="labels", scale=alt.Scale(type="log", nice=False, padding=12))
    x = x.axis(values=ticks, grid=False, format=",d")
    colour = alt.Color("series:N", scale=marks.colours(names), legend=None)
    base = alt.Chart(alt.NamedData("points")).encode(x=x, color=colour)
    accuracy = alt.Scale(zero=False)
    band = base.mark_area(clip=True).encode(
        y=alt.Y("low:Q", title="test accuracy", scale=accuracy), y2="high:Q", opacity=marks.faded(0.02, 0.1)
    )
    mean = alt.Y("mean:Q", title="test accuracy", scale=accuracy)
    line = base.mark_line(strokeWidth=1.8).encode(
        y=mean, strokeDash=alt.StrokeDash("series:N", scale=marks.dashes(names), legend=None), opacity=marks.faded(0.1)
    )
    point = base.mark_point(filled=True, size=48).encode(
        y=mean,
        shape=alt.Shape("series:N", scale=marks.shapes(names), legend=None),
        opacity=marks.faded(0.1),
        tooltip=[
            "series:N",
            alt.Tooltip("budget:Q", title="labels"),
            alt.Tooltip("said:N", title="accuracy"),
            "seeds:Q",
        ],
    )
    label = f"Line chart of test accuracy by labels on {dataset}, {len(names)} series; the leaderboard has the numbers."
    chart = alt.layer(band, line, point).add_params(marks.chosen()).properties(height=380)
    return Figure(chart, {"points": rows}, label)


def _rows(study: Study, dataset: str) -> list[dict[str, Any]]:
    rows = []
    for board in study.boards:
        for entry in study.charted(board) if board[0].part("dataset") == dataset else []:
            mean = entry.score("test_accuracy")
            half = 0 if isnan(mean.half_width) else mean.half_width
            rows.append(
                {
                    "series": study.name(entry),
                    "budget": entry.combination[1],
                    "mean": round(mean.mean, 5),
                    "low": round(mean.mean - half, 5),
                    "high": round(min(1, mean.mean + half), 5),
                    "said": format_mean(mean),
                    "seeds": mean.n,
                }
            )
    return rows
