from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Any

from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.analysis.statistics import paired_difference
from pslbench.analysis.superiority import superiority
from pslbench.reporters.formats import format_difference
from pslbench.reporters.html.section import AbsentError, Figure, Section, figure, panels, section
from pslbench.reporters.html.study import Study

TOLD = {"row": "row", "column": "column", "said": "P(row beats column)", "difference": "row − column, accuracy"}


def pairs(study: Study) -> Section:
    """The probability that one beats another."""
    intro = (
        "The probability, in percent, that a run of the row scores above a run of the column on the test set, over all "
        "pairs of the seeds they share (ties count half). The numbers below have its 95% interval and "
        f"the difference in pairs{study.few}."
    )
    return section(
        "pairs",
        "Pairs",
        "Which beats which",
        intro,
        lambda: panels(
            "board", "Board", study.boards, study.title, lambda board: figure(_matrix(study, board)), study.note
        ),
    )


def _matrix(study: Study, board: Sequence[LeaderboardEntry]) -> Figure:
    import altair as alt

    entries = study.charted(board)
    if len(entries) < 2:
        raise AbsentError("A pair needs two combinations that ended well.")
    names = [study.name(entry) for entry in entries]
    base = alt.Chart(alt.NamedData("pairs")).encode(
        x=alt.X("column:N", sort=names, title=None, axis=alt.Axis(orient="top", labelAngle=-45, labelLimit=150)),
        y=alt.Y("row:N", sort=names, title=None, axis=alt.Axis(labelLimit=150)),
    )
    tooltip = [alt.Tooltip(f"{name}:N", title=title) for name, title in TOLD.items()]
    colour = alt.Color("p:Q", scale=alt.Scale(domain=[0, 0.5, 1], range="diverging", interpolate="rgb"), legend=None)
    cells = base.mark_rect().encode(color=colour, tooltip=tooltip)
    texts = base.mark_text(style="value").encode(text="percent:N", tooltip=tooltip)
    label = f"Matrix of the probabilities that a row beats a column, {len(names)} combinations, best first."
    side = 28 * len(names)
    chart = alt.layer(cells, texts).properties(height=side)
    return Figure(chart, {"pairs": _rows(study, entries)}, label, width=190 + 32 * len(names), numbers=TOLD)


def _rows(study: Study, entries: Sequence[LeaderboardEntry]) -> list[dict[str, Any]]:
    return [_cell(study, one, other) for one in entries for other in entries if one is not other]


def _cell(study: Study, one: LeaderboardEntry, other: LeaderboardEntry) -> dict[str, Any]:
    ours, theirs = one.by_seed(), other.by_seed()
    shared = sorted(ours.keys() & theirs.keys())
    said = {"row": study.name(one), "column": study.name(other)}
    if not shared:
        return said | {"p": None, "percent": "", "said": "no seed in common", "difference": "-"}
    found = superiority([ours[seed] for seed in shared], [theirs[seed] for seed in shared])
    return said | {
        "p": round(found.estimate, 4),
        "percent": f"{100 * found.estimate:.0f}",
        "said": f"{found.estimate:.2f}" + ("" if isnan(found.low) else f" ({found.low:.2f} to {found.high:.2f})"),
        "difference": format_difference(paired_difference(ours, theirs)),
    }
