from __future__ import annotations

import altair as alt
from markupsafe import Markup

from pslbench.analysis.metrics import reliability_diagram
from pslbench.reporters.formats import format_mean
from pslbench.reporters.html.inspected import InspectedCombination
from pslbench.reporters.html.rendering import render_chart
from pslbench.reporters.html.section import per_combination, section

COLUMNS = {"low": "from", "high": "to", "confidence": "confidence", "accuracy": "accuracy", "samples": "samples"}


@section(
    "Calibration",
    "Reliability diagram",
    "Accuracy on the test set by confidence of the classifier, in 15 bins of equal width, pooled over seeds. Points "
    "below the diagonal show overconfidence. The size of a point is the share of test samples in its bin.",
)
@per_combination
def calibration(combination: InspectedCombination) -> Markup:
    bins = reliability_diagram(*combination.predictions)
    arrays = (bins.low, bins.high, bins.confidence.round(4), bins.accuracy.round(4), bins.count)
    rows = [dict(zip(COLUMNS, values, strict=True)) for values in zip(*(a.tolist() for a in arrays), strict=True)]
    ends = [{"confidence": 0, "accuracy": 0}, {"confidence": 1, "accuracy": 1}]
    unit = alt.Scale(domain=[0, 1])
    x, y = alt.X("confidence:Q", scale=unit), alt.Y("accuracy:Q", scale=unit, title="accuracy")
    size = alt.Scale(domain=[0, int(bins.count.sum())], range=[25, 700])
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
    scores = combination.entry
    caption = (
        f"{combination.seeds_note}Expected calibration error {format_mean(scores.score('ece'))}, "
        f"negative log-likelihood {format_mean(scores.score('nll'))} nats, means over seeds."
    )
    return render_chart(
        chart.properties(height=420),
        {"bins": rows, "ends": ends},
        f"Reliability diagram of {combination.title}: accuracy by confidence.",
        caption=caption,
        max_width=520,
        columns=COLUMNS,
    )
