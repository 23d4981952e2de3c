"""Sections about the predictions on the test set: confusion and calibration."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import altair as alt
from markupsafe import Markup
from sklearn.metrics import confusion_matrix

from pslbench.analysis.metrics import reliability_diagram
from pslbench.reporters.formats import format_mean
from pslbench.reporters.html.inspected import InspectedCombination
from pslbench.reporters.html.rendering import Chart, render_chart
from pslbench.reporters.html.section import per_combination, section

MAX_CLASSES_WITH_NUMBERS = 20
COLUMNS = {"low": "from", "high": "to", "confidence": "confidence", "accuracy": "accuracy", "samples": "samples"}


@section(
    "Confusion",
    "Confusion matrix",
    "Predicted classes of the test samples of each true class, in percent, pooled over seeds.",
)
@per_combination
def confusion(combination: InspectedCombination) -> Markup:
    names = combination.dataset.classes
    width = 40 + 6 * max(map(len, names)) + min(30, 720 // len(names)) * len(names)
    return render_chart(
        _build_matrix(names),
        {"cells": _count_predictions(combination, names)},
        f"Confusion matrix of {combination.title}, {len(names)} classes.",
        caption=combination.seeds_note,
        min_width=width,
        max_width=2 * width,
    )


@lru_cache(maxsize=1)
def _build_matrix(names: tuple[str, ...]) -> Chart:
    has_short_names = max(map(len, names)) <= 3
    base = alt.Chart(alt.NamedData("cells")).encode(
        x=alt.X("predicted:N", sort=list(names), axis=alt.Axis(labelAngle=0 if has_short_names else -45)),
        y=alt.Y("true:N", sort=list(names)),
        tooltip=["true:N", "predicted:N", alt.Tooltip("share:Q", format=".1%"), "samples:Q"],
    )
    scale = alt.Scale(domain=[0, 1], range="heatmap", interpolate="rgb")
    layers = [base.mark_rect().encode(color=alt.Color("share:Q", scale=scale, legend=None))]
    if len(names) <= MAX_CLASSES_WITH_NUMBERS:
        layers.append(base.mark_text(style="value").encode(text="percent:N"))
    return alt.layer(*layers).properties(height=max(260, min(720, 34 * len(names))))


def _count_predictions(combination: InspectedCombination, names: Sequence[str]) -> list[dict[str, Any]]:
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


@section(
    "Calibration",
    "Reliability diagram",
    "Accuracy on the test set by confidence of the classifier, in 15 bins of equal width, pooled over seeds. Points "
    "below the diagonal show overconfidence. The size of a point is the share of test samples in its bin.",
)
@per_combination
def calibration(combination: InspectedCombination) -> Markup:
    bins = reliability_diagram(*combination.predictions)
    columns = [values.round(4).tolist() for values in bins.values()]
    rows = [dict(zip(bins, values, strict=True)) for values in zip(*columns, strict=True)]
    ends = [{"confidence": 0, "accuracy": 0}, {"confidence": 1, "accuracy": 1}]
    scores = combination.entry
    caption = (
        f"{combination.seeds_note}Expected calibration error {format_mean(scores.score('ece'))}, "
        f"negative log-likelihood {format_mean(scores.score('nll'))} nats, means over seeds."
    )
    return render_chart(
        _build_diagram(int(bins["samples"].sum())),
        {"bins": rows, "ends": ends},
        f"Reliability diagram of {combination.title}: accuracy by confidence.",
        caption=caption,
        max_width=520,
        columns=COLUMNS,
    )


@lru_cache(maxsize=1)
def _build_diagram(n_samples: int) -> Chart:
    unit = alt.Scale(domain=[0, 1])
    x, y = alt.X("confidence:Q", scale=unit), alt.Y("accuracy:Q", scale=unit, title="accuracy")
    size = alt.Scale(domain=[0, n_samples], range=[25, 700])
    base = alt.Chart(alt.NamedData("bins")).encode(x=x, y=y)
    chart = alt.layer(
        alt.Chart(alt.NamedData("ends")).mark_line(style="diagonal").encode(x=x, y=y),
        base.mark_rule(style="gap").encode(y2="confidence:Q"),
        base.mark_line(style="accent-line"),
        base.mark_point(filled=True, style="accent").encode(
            size=alt.Size("samples:Q", scale=size, legend=None),
            tooltip=[alt.Tooltip(f"{name}:Q", title=title, format=",.3~f") for name, title in COLUMNS.items()],
        ),
    )
    return chart.properties(height=420)
