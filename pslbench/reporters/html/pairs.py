from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any

from pslbench.analysis.leaderboard import ALPHA, LeaderboardEntry, accuracies
from pslbench.analysis.significance import holm_of_pairs, paired_t_tests
from pslbench.analysis.statistics import paired_difference
from pslbench.reporters.formats import p_value, signed
from pslbench.reporters.html.section import AbsentError, Figure, Section, figure, panels, section
from pslbench.reporters.html.study import Study

COLUMNS = {"row": "row", "column": "column", "interval": "row − column", "p": "adjusted p"}


def pairs(study: Study) -> Section:
    """Paired differences in test accuracy between all combinations of a board."""
    intro = (
        "The difference in test accuracy between the row and the column, in percentage points: the mean over the seeds "
        "that both have. Bold differences are significant at 0.05: paired t tests, adjusted for all pairs of "
        "the board (Holm). Upper bounds and trainers that use the test set do not compete and are not tested. The "
        f"tooltips and the table below give the 95% interval{study.few} and the adjusted p value."
    )
    return section(
        "pairs",
        "Pairs",
        "Paired differences",
        intro,
        lambda: panels(
            "board", "Board", study.boards, study.title, lambda board: figure(_matrix(study, board)), study.note
        ),
    )


def _matrix(study: Study, board: Sequence[LeaderboardEntry]) -> Figure:
    import altair as alt

    rows = _rows(study, board)
    if not rows:
        raise AbsentError("Pairs need two combinations that compete and have results.")
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
    ).properties(height=28 * len(names))
    label = f"Matrix of paired differences in test accuracy, {len(names)} combinations, best first."
    return Figure(chart, {"pairs": rows}, label, width=190 + 38 * len(names), numbers=COLUMNS)


def _rows(study: Study, board: Sequence[LeaderboardEntry]) -> list[dict[str, Any]]:
    """Return one row per ordered pair. All competing combinations count for the correction, charted or not."""
    entries = [entry for entry in board if entry.ranked]
    charted = study.charted(entries)
    p = holm_of_pairs(paired_t_tests(accuracies(entries)))
    return [
        _row(study, entries[i], entries[j], float(p[i, j]))
        for i, j in permutations(range(len(entries)), 2)
        if entries[i] in charted and entries[j] in charted
    ]


def _row(study: Study, one: LeaderboardEntry, other: LeaderboardEntry, p: float) -> dict[str, Any]:
    difference = paired_difference(one.by_seed(), other.by_seed())
    return {
        "row": study.name(one),
        "column": study.name(other),
        "difference": round(difference.mean, 5) if difference.n else None,
        "points": f"{100 * difference.mean:+.1f}" if difference.n else "",
        "interval": signed(difference) if difference.n else "no seed in common",
        "p": p_value(p),
        "significant": p < ALPHA,
    }
