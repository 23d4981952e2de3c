from __future__ import annotations

from pslbench.analysis.metrics import reliability_diagram
from pslbench.reporters.formats import format_mean
from pslbench.reporters.html.looks import Look, Looks
from pslbench.reporters.html.section import Figure, Section, figure, section

TOLD = {"low": "from", "high": "to", "confidence": "confidence", "accuracy": "accuracy", "samples": "samples"}


def calibration(looks: Looks) -> Section:
    """Whether the classifier is right as often as it is sure."""
    intro = (
        "Whether the classifier is right as often as it is sure: accuracy by confidence, 15 equal bins, all seeds "
        "together. Below the diagonal it is too sure. A point's size is its bin's share of the test samples."
    )
    return section(
        "calibration",
        "Calibration",
        "Reliability diagram",
        intro,
        lambda: looks.panels(lambda look: figure(_diagram(look))),
    )


def _diagram(look: Look) -> Figure:
    import altair as alt

    found = reliability_diagram(*look.predictions)
    total = int(found.count.sum())
    rows = [
        {
            "low": lo,
            "high": hi,
            "confidence": round(c, 4),
            "accuracy": round(a, 4),
            "samples": int(n),
            "share": n / total,
        }
        for lo, hi, c, a, n in zip(
            *(array.tolist() for array in (found.low, found.high, found.confidence, found.accuracy, found.count)),
            strict=True,
        )
    ]
    unit = alt.Scale(domain=[0, 1])
    ends = [{"confidence": 0, "accuracy": 0}, {"confidence": 1, "accuracy": 1}]
    x, y = alt.X("confidence:Q", scale=unit, title="confidence"), alt.Y("accuracy:Q", scale=unit, title="accuracy")
    diagonal = alt.Chart(alt.NamedData("ends")).mark_line(style="diagonal").encode(x=x, y=y)
    base = alt.Chart(alt.NamedData("bins")).encode(x=x, y=y)
    gaps = base.mark_rule(style="gap").encode(y2="confidence:Q")
    points = base.mark_point(filled=True, style="accent").encode(
        size=alt.Size("share:Q", scale=alt.Scale(domain=[0, 1], range=[25, 700]), legend=None),
        tooltip=[alt.Tooltip(f"{name}:Q", title=title, format=",.3~f") for name, title in TOLD.items()],
    )
    line = base.mark_line(style="accent-line")
    scores = look.entry
    caption = (
        f"{look.seeds}Expected calibration error {format_mean(scores.score('ece'))}, negative log-likelihood "
        f"{format_mean(scores.score('nll'))} nats, means over seeds."
    )
    label = f"Reliability diagram of {look.title}: accuracy by confidence."
    chart = alt.layer(diagonal, gaps, line, points).properties(height=420)
    return Figure(chart, {"bins": rows, "ends": ends}, label, caption, most=520, numbers=TOLD)
