from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pslbench.analysis.leaderboard import LeaderboardEntry, is_upper_bound
from pslbench.analysis.pareto import pareto_front
from pslbench.reporters.html import marks
from pslbench.reporters.html.section import AbsentError, Figure, Section, absent, figure, panels, section
from pslbench.reporters.html.study import Study

if TYPE_CHECKING:
    from altair import X


def costs(study: Study) -> Section:
    """Accuracy by what it costs: seconds, and labels."""
    intro = (
        "What accuracy costs. The line is the Pareto front: nothing that competes is at once cheaper and better than "
        "what stands on it. Differences of means only; the leaderboard says which are more than chance."
    )

    def of_time(board: list[LeaderboardEntry]) -> Markup:
        return figure(_chart(study, study.charted(board), "seconds", "seconds a cell, all stages"))

    def of_labels(dataset: str) -> Markup:
        there = [s for board in study.boards if board[0].part("dataset") == dataset for s in study.charted(board)]
        entries = [entry for entry in there if not is_upper_bound(entry)]
        if there and not entries:
            raise AbsentError("Only upper bounds were run.")
        return figure(_chart(study, entries, "spent", "labels spent"))

    def against_labels() -> Markup:
        try:
            return panels("dataset", "Data set", study.datasets, str, of_labels)
        except AbsentError as why:
            return absent(why)

    def body() -> list[Markup]:
        return [
            marks.legend(study.series, study.note),
            Markup("<h3>Against time</h3>"),
            panels("board", "Board", study.boards, study.title, of_time),
            Markup("<h3>Against labels</h3><p class='intro'>Without upper bounds, which may ask for every label.</p>"),
            against_labels(),
        ]

    return section("costs", "Costs", "Accuracy against time and labels", intro, body)


def _chart(study: Study, entries: Sequence[LeaderboardEntry], by: str, title: str) -> Figure:
    import altair as alt

    rows = _rows(study, entries)
    if not rows:
        raise AbsentError("Nothing ended well here.")
    names = list(study.series)
    x = _axis([row[by] for row in rows], by, title)
    y = alt.Y("mean:Q", title="test accuracy", scale=alt.Scale(zero=False, nice=False, padding=12))
    y = y.axis(format=".4~f")
    front = sorted((row for row in _front(rows, by)), key=lambda row: float(row[by]))
    line = alt.Chart(alt.NamedData("front")).mark_line(interpolate="step-after", style="front").encode(x=x, y=y)
    points = (
        alt.Chart(alt.NamedData("points"))
        .mark_point(filled=True, size=80)
        .encode(
            x=x,
            y=y,
            color=alt.Color("series:N", scale=marks.colours(names), legend=None),
            shape=alt.Shape("series:N", scale=marks.shapes(names), legend=None),
            opacity=marks.faded(0.08, 0.9),
            tooltip=[
                "series:N",
                alt.Tooltip("mean:Q", title="accuracy", format=".4f"),
                alt.Tooltip("seconds:Q", format=",.1f"),
                alt.Tooltip("spent:Q", title="labels spent", format=",.0f"),
            ],
        )
    )
    chart = alt.layer(line, points).add_params(marks.chosen()).properties(height=320)
    on_it = ", ".join(dict.fromkeys(row["series"] for row in front))
    label = f"Scatter plot of test accuracy by {title}, with the Pareto front."
    return Figure(chart, {"points": rows, "front": front}, label, f"On the front: {on_it}.")


def _axis(values: Sequence[float], by: str, title: str) -> X:
    """Logarithmic; where there is a 0, of one more than the value."""
    import altair as alt

    zero = min(values) == 0
    x = alt.X(f"{by}:Q", title=f"{title} (log{' of 1 more' if zero else ''})")
    x = x.scale(type="symlog" if zero else "log", nice=False, padding=16)
    ticks = [0, *(digit * 10**power for power in range(10) for digit in (1, 2, 5))]
    given = {"values": [tick for tick in ticks if tick <= max(values)]} if zero else {"tickCount": 6}
    return x.axis(grid=False, format=",.2~f", **given)


def _rows(study: Study, entries: Sequence[LeaderboardEntry]) -> list[dict[str, Any]]:
    return [
        {
            "series": study.name(entry),
            "mean": round(entry.score("test_accuracy").mean, 5),
            "seconds": max(0.001, round(entry.mean("seconds", "total"), 4)),
            "spent": entry.mean("labels_spent"),
            "ranked": entry.ranked,
        }
        for entry in entries
    ]


def _front(rows: Sequence[dict[str, Any]], by: str) -> list[dict[str, Any]]:
    competing = [row for row in rows if row["ranked"]]
    on_it = pareto_front([row[by] for row in competing], [row["mean"] for row in competing])
    return [row for row, there in zip(competing, on_it, strict=True) if there]
