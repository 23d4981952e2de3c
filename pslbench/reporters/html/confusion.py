from __future__ import annotations

from typing import Any

import altair as alt
from markupsafe import Markup

from pslbench.reporters.html.inspected import InspectedCombination
from pslbench.reporters.html.rendering import render_chart
from pslbench.reporters.html.section import per_combination, section

MAX_CLASSES_WITH_NUMBERS = 20


@section(
    "Confusion",
    "Confusion matrix",
    "Predicted classes of the test samples of each true class, in percent, pooled over seeds.",
)
@per_combination
def confusion(combination: InspectedCombination) -> Markup:
    names = list(combination.dataset.value.classes)
    longest = max(map(len, names))
    base = alt.Chart(alt.NamedData("cells")).encode(
        x=alt.X("predicted:N", sort=names, axis=alt.Axis(labelAngle=0 if longest <= 3 else -45)),
        y=alt.Y("true:N", sort=names),
        tooltip=["true:N", "predicted:N", alt.Tooltip("share:Q", format=".1%"), "samples:Q"],
    )
    scale = alt.Scale(domain=[0, 1], range="heatmap", interpolate="rgb")
    layers = [base.mark_rect().encode(color=alt.Color("share:Q", scale=scale, legend=None))]
    if len(names) <= MAX_CLASSES_WITH_NUMBERS:
        layers.append(base.mark_text(style="value").encode(text="percent:N"))
    width = 40 + 6 * longest + min(30, 720 // len(names)) * len(names)
    return render_chart(
        alt.layer(*layers).properties(height=max(260, min(720, 34 * len(names)))),
        {"cells": _count_predictions(combination, names)},
        f"Confusion matrix of {combination.title}, {len(names)} classes.",
        caption=combination.seeds_note,
        min_width=width,
        max_width=2 * width,
    )


def _count_predictions(combination: InspectedCombination, names: list[str]) -> list[dict[str, Any]]:
    from sklearn.metrics import confusion_matrix

    y, probabilities = combination.predictions
    counts = confusion_matrix(y, probabilities.argmax(axis=1), labels=range(len(names)))
    shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
    return [
        {
            "true": names[i],
            "predicted": names[j],
            "share": round(float(share), 4),
            "percent": f"{100 * share:.0f}" if share >= 0.005 else "",
            "samples": int(counts[i, j]),
        }
        for i, row in enumerate(shares)
        for j, share in enumerate(row)
        if counts[i, j] or len(names) <= MAX_CLASSES_WITH_NUMBERS
    ]
