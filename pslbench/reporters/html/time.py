from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from pslbench.analysis.leaderboard import STAGES, LeaderboardEntry
from pslbench.reporters.html.section import AbsentError, Figure, Section, figure, panels, section
from pslbench.reporters.html.study import Study

NAMED = [stage for stage in STAGES if stage != "total"]


def time(study: Study) -> Section:
    """Where time went."""
    intro = (
        "Wall-clock seconds of a cell by stage, means over seeds. A stage that cells share counts in full in each, as "
        "long as it took when it was computed."
    )
    return section(
        "time",
        "Time",
        "Where time went",
        intro,
        lambda: panels(
            "board", "Board", study.boards, study.title, lambda board: figure(_bars(study, board)), study.note
        ),
    )


def _bars(study: Study, board: Sequence[LeaderboardEntry]) -> Figure:
    import altair as alt

    entries = sorted(study.charted(board), key=lambda entry: -entry.mean("seconds", "total"))
    rows = [
        {"series": study.name(entry), "stage": stage, "seconds": round(seconds, 3), "order": NAMED.index(stage)}
        for entry in entries
        for stage in NAMED
        if not isnan(seconds := entry.mean("seconds", stage))
    ]
    if not rows:
        raise AbsentError("Nothing ended well here.")
    names = [study.name(entry) for entry in entries]
    there = [stage for stage in NAMED if any(row["stage"] == stage for row in rows)]
    legend = alt.Legend(orient="top", title=None, direction="horizontal", columns=3)
    chart = (
        alt.Chart(alt.NamedData("stages"))
        .mark_bar()
        .encode(
            y=alt.Y("series:N", sort=names, title=None, axis=alt.Axis(labelLimit=150)),
            x=alt.X("seconds:Q", stack="zero", title="seconds", axis=alt.Axis(tickCount=6)),
            color=alt.Color("stage:N", scale=alt.Scale(domain=there, range="category"), legend=legend),
            order=alt.Order("order:Q"),
            tooltip=["series:N", "stage:N", alt.Tooltip("seconds:Q", format=",.2f")],
        )
    )
    label = f"Bars of seconds by stage, {len(names)} combinations, the slowest first."
    numbers = {name: name for name in ("series", "stage", "seconds")}
    return Figure(alt.layer(chart).properties(height=22 * len(names)), {"stages": rows}, label, numbers=numbers)
