from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pslbench.reporters.html.looks import Look, Looks
from pslbench.reporters.html.section import Figure, Section, figure, section

READABLE = 20  # classes whose numbers fit into the cells


def confusion(looks: Looks) -> Section:
    """Which classes the classifier takes for which."""
    intro = (
        "Which classes of the test set the classifier takes for which: percent of each true class, all seeds together."
    )
    return section(
        "confusion",
        "Confusion",
        "Confusion of classes",
        intro,
        lambda: looks.panels(lambda look: figure(_matrix(look))),
    )


def _matrix(look: Look) -> Figure:
    import altair as alt

    rows, names = _rows(look)
    base = alt.Chart(alt.NamedData("cells")).encode(
        x=alt.X("given:N", sort=names, title="predicted", axis=alt.Axis(labelAngle=0 if _short(names) else -45)),
        y=alt.Y("true:N", sort=names, title="true"),
    )
    tooltip = ["true:N", alt.Tooltip("given:N", title="predicted"), alt.Tooltip("share:Q", format=".1%"), "samples:Q"]
    cells = base.mark_rect().encode(
        color=alt.Color("share:Q", scale=alt.Scale(domain=[0, 1], range="heatmap", interpolate="rgb"), legend=None),
        tooltip=tooltip,
    )
    layers = [cells]
    if len(names) <= READABLE:
        layers.append(base.mark_text(style="value").encode(text="percent:N", tooltip=tooltip))
    side = max(260, min(720, 34 * len(names)))
    label = f"Confusion matrix of {look.title}, {len(names)} classes."
    width = 40 + 6 * max(map(len, names)) + min(30, 720 // len(names)) * len(names)
    chart = alt.layer(*layers).properties(height=side)
    return Figure(chart, {"cells": rows}, label, look.seeds, width=width, most=2 * width)


def _short(names: Sequence[str]) -> bool:
    return max(map(len, names)) <= 3


def _rows(look: Look) -> tuple[list[dict[str, Any]], list[str]]:
    from sklearn.metrics import confusion_matrix

    y, probabilities = look.predictions
    names = list(look.data.get.classes)
    counts = confusion_matrix(y, probabilities.argmax(axis=1), labels=range(len(names)))
    shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
    return [
        {
            "true": names[i],
            "given": names[j],
            "share": round(float(share), 4),
            "percent": f"{100 * share:.0f}" if share >= 0.005 else "",
            "samples": int(counts[i, j]),
        }
        for i, row in enumerate(shares)
        for j, share in enumerate(row)
        if counts[i, j] or len(names) <= READABLE
    ], names
