"""The style of each series in all charts: a color (--c0 to --c6 of the page), a dash and a marker shape."""

from collections.abc import Sequence
from typing import Any

import altair as alt
from markupsafe import Markup

from pslbench.reporters.html.rendering import render_template

N_COLORS = 7
DASHES = [dash for dash in ([1, 0], [6, 3], [2, 2]) for _ in range(N_COLORS)]
SHAPES = {
    "circle": "M17 2a4 4 0 1 0 .01 0z",
    "square": "M13.5 2.5h7v7h-7z",
    "triangle-up": "M17 1.5l4.5 8h-9z",
    "diamond": "M17 .8l4 5.2-4 5.2-4-5.2z",
    "cross": "M15.5 1.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z",
}
IS_HIGHLIGHTED = "length(highlighted) == 0 || indexof(highlighted, datum.series) >= 0"
HIGHLIGHTED = alt.param(name="highlighted", value=[])  # the highlighted series; an empty list highlights all


def color_by(field: str, names: Sequence[str]) -> alt.Color:
    """Return the color encoding of a field with these values."""
    return alt.Color(f"{field}:N", scale=alt.Scale(domain=list(names), range="category"), legend=None)


def dash_by(field: str, names: Sequence[str]) -> alt.StrokeDash:
    """Return the dash encoding of a field with these values. Vega repeats the range of a scale."""
    return alt.StrokeDash(f"{field}:N", scale=alt.Scale(domain=list(names), range=DASHES), legend=None)


def shape_by(field: str, names: Sequence[str]) -> alt.Shape:
    """Return the shape encoding of a field with these values."""
    return alt.Shape(f"{field}:N", scale=alt.Scale(domain=list(names), range=list(SHAPES)), legend=None)


def opacity(faded: float, highlighted: float = 1) -> Any:
    """Return the opacity encoding of series that are faded or highlighted."""
    return alt.condition(IS_HIGHLIGHTED, alt.value(highlighted), alt.value(faded))


def render_legend(names: Sequence[str]) -> Markup:
    """Return one button per series as HTML. A button highlights its series in all charts."""
    shapes = list(SHAPES.values())
    series = [
        (name, i % N_COLORS, " ".join(map(str, DASHES[i % len(DASHES)])), shapes[i % len(shapes)])
        for i, name in enumerate(names)
    ]
    return render_template("series_buttons", series=series)
