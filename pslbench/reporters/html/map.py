from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from pslbench.analysis.projection import project_to_plane
from pslbench.contracts import Dataset
from pslbench.reporters.html import marks
from pslbench.reporters.html.looks import Look, Looks
from pslbench.reporters.html.section import Figure, Section, figure, section
from pslbench.results.records import LabelingRecord

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats, Ints

WAYS = ("true class", "pseudo-label", "error")
WRONG = "datum.given != null && datum.given != datum.true"
TOLD = {"sample": "sample", "true": "true class", "given": "pseudo-label", "asked": "asked for"}
NAMED = 30  # classes


def map_(looks: Looks, samples: int) -> Section:
    """The pool in the plane."""
    intro = (
        f"The pool in the plane, t-SNE of 50 principal components of the pixels, at most {samples:,} samples; the "
        "first seed that is kept. Near points are alike; distances between groups mean nothing. Ringed: samples whose "
        "label was asked for. Classes are named where most of theirs are."
    )

    @lru_cache
    def place(data: Dataset) -> tuple[Ints, Floats]:
        taken = np.sort(np.random.default_rng(0).permutation(len(data.x_train))[:samples])
        return taken, project_to_plane(data.x_train[taken])

    return section(
        "map",
        "Map",
        "Map of the pool",
        intro,
        lambda: looks.panels(lambda look: figure(_map(look, place))),
    )


def _map(look: Look, place: Callable[[Dataset], tuple[Ints, Floats]]) -> Figure:
    import altair as alt

    kept, data = look.labeling, look.data.get
    names, rows = list(data.classes), _rows(kept, data, *place(data))
    way = alt.param(name="way", value=WAYS[0], bind=alt.binding_select(options=list(WAYS), name="Colour by "))
    x, y = (_axis(channel, [row[name] for row in rows]) for name, channel in (("x", alt.X), ("y", alt.Y)))
    tooltip = [alt.Tooltip(f"{key}:N", title=title) for key, title in TOLD.items()]
    base = alt.Chart(alt.NamedData("samples")).encode(x=x, y=y, tooltip=tooltip)
    classes = (
        base.transform_filter("way == 'true class' || way == 'pseudo-label' && datum.given != null")
        .transform_calculate(shown="way == 'pseudo-label' ? datum.given : datum.true")
        .mark_point(filled=True, size=26, opacity=0.85)
        .encode(
            color=alt.Color("shown:N", scale=marks.colours(names), legend=None),
            shape=alt.Shape("shown:N", scale=marks.shapes(names), legend=None),
        )
    )
    faint = base.transform_filter(f"way != 'true class' && !({WRONG}) && (way == 'error' || datum.given == null)")
    wrong = base.transform_filter(f"way == 'error' && {WRONG}")
    rings = base.transform_filter("datum.asked == 'yes'")
    named = alt.Chart(alt.NamedData("names")).encode(x=x, y=y, text="name:N")
    chart = alt.layer(
        faint.mark_point(filled=True, size=14, style="faint"),
        classes,
        wrong.mark_point(filled=True, size=44, shape="cross", style="bad"),
        rings.mark_point(filled=False, size=70, style="ring"),
        named.mark_text(style="halo"),
        named.mark_text(style="name"),
    )
    canvas = {"embedOptions": {"renderer": "canvas"}}
    label = f"Map of {len(rows):,} samples of {look.data.text} as labelled by {look.title}."
    caption = f"{len(rows):,} of {len(data.x_train):,} samples."
    chart = chart.add_params(way).properties(height=460, usermeta=canvas)
    return Figure(chart, {"samples": rows, "names": _middles(rows, names)}, label, caption)


def _axis(channel: Any, values: Sequence[float]) -> Any:
    import altair as alt

    scale = alt.Scale(domain=[min(values), max(values)], nice=False, padding=12)
    return channel(f"{channel.__name__.lower()}:Q", axis=None, scale=scale)


def _rows(kept: LabelingRecord, data: Dataset, taken: Ints, points: Floats) -> list[dict[str, Any]]:
    given = np.full(len(data.y_train), -1)
    given[kept.indices] = kept.labels
    asked = np.isin(taken, kept.asked)
    return [
        {
            "x": round(float(x), 2),
            "y": round(float(y), 2),
            "sample": int(i),
            "true": data.classes[data.y_train[i]],
            "given": data.classes[given[i]] if given[i] >= 0 else None,
            "asked": "yes" if was_asked else "no",
        }
        for i, (x, y), was_asked in zip(taken, points, asked, strict=True)
    ]


def _middles(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Where the names of the classes stand: on the sample that is nearest the median of its class."""
    found = []
    for name in names[:NAMED]:
        points = np.array([(row["x"], row["y"]) for row in rows if row["true"] == name])
        if len(points):
            x, y = points[np.abs(points - np.median(points, axis=0)).sum(axis=1).argmin()]
            found.append({"x": float(x), "y": float(y), "name": name})
    return found
