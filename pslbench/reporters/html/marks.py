"""How a series is told from others in all charts: a colour (the page's, --c0 to --c6), a dash and a shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pslbench.reporters.html.section import render

if TYPE_CHECKING:
    from altair import Parameter, Scale
    from markupsafe import Markup

COLOURS = 7
DASHES = ([1, 0], [6, 3], [2, 2])
SHAPES = {
    "circle": "M17 2a4 4 0 1 0 .01 0z",
    "square": "M13.5 2.5h7v7h-7z",
    "triangle-up": "M17 1.5l4.5 8h-9z",
    "diamond": "M17 .8l4 5.2-4 5.2-4-5.2z",
    "cross": "M15.5 1.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z",
}
CHOSEN = "length(chosen) == 0 || indexof(chosen, datum.series) >= 0"


def colours(names: Sequence[str]) -> Scale:
    import altair as alt

    return alt.Scale(domain=list(names), range="category")


def dashes(names: Sequence[str]) -> Scale:
    import altair as alt

    return alt.Scale(domain=list(names), range=[DASHES[i // COLOURS % len(DASHES)] for i in range(len(names))])


def shapes(names: Sequence[str]) -> Scale:
    import altair as alt

    return alt.Scale(domain=list(names), range=[list(SHAPES)[i % len(SHAPES)] for i in range(len(names))])


def chosen() -> Parameter:
    """The series that the buttons of `legend` bring out; none for all."""
    import altair as alt

    return alt.param(name="chosen", value=[])


def faded(rest: float, full: float = 1) -> Any:
    """The opacity of what is chosen, and of what is not."""
    import altair as alt

    return alt.condition(CHOSEN, alt.value(full), alt.value(rest))


def legend(names: Sequence[str], note: str) -> Markup:
    """A button a series; the note says what is left out."""
    marked = [
        (
            name,
            i % COLOURS,
            " ".join(map(str, DASHES[i // COLOURS % len(DASHES)])),
            list(SHAPES.values())[i % len(SHAPES)],
        )
        for i, name in enumerate(names)
    ]
    return render("legend", series=marked, note=note)
