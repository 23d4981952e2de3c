from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
from markupsafe import Markup

from pslbench.analysis.projection import project_to_plane
from pslbench.contracts import Dataset
from pslbench.reporters.html.inspected import InspectedCombination
from pslbench.reporters.html.rendering import render_chart
from pslbench.reporters.html.report_data import ReportData
from pslbench.reporters.html.section import render_combination_panels, section
from pslbench.reporters.html.series_styles import color_by, shape_by
from pslbench.results.records import LabelingRecord

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats, Ints

COLOR_OPTIONS = ("true class", "pseudo-label", "error")
IS_WRONG = "datum.pseudo != null && datum.pseudo != datum.true"
TOOLTIP = {"sample": "sample", "true": "true class", "pseudo": "pseudo-label", "queried": "label queried"}
MAX_CLASS_NAMES = 30


@section(
    "Map",
    "Map of the pool",
    "The pool in two dimensions: t-SNE of 50 principal components of the pixels. Nearby points are similar samples; "
    "distances between groups have no meaning. Rings mark the samples whose label was queried. Each class name is at "
    "the median of its class. The map shows the first seed.",
)
def map_(data: ReportData) -> Markup:
    @lru_cache
    def project_pool(dataset: Dataset) -> tuple[Ints, Floats]:
        samples = np.sort(np.random.default_rng(0).permutation(len(dataset.x_train))[: data.max_map_samples])
        return samples, project_to_plane(dataset.x_train[samples])

    return render_combination_panels(data, lambda c: _draw_map(c, *project_pool(c.dataset.value)))


def _draw_map(combination: InspectedCombination, samples: Ints, points: Floats) -> Markup:
    dataset = combination.dataset.value
    names, rows = list(dataset.classes), _describe_samples(combination.labeling, dataset, samples, points)
    options = alt.binding_select(options=list(COLOR_OPTIONS), name="Color by ")
    parameter = alt.param(name="color_by", value=COLOR_OPTIONS[0], bind=options)
    x, y = (_hidden_axis(axis, [row[axis.__name__.lower()] for row in rows]) for axis in (alt.X, alt.Y))
    base = alt.Chart(alt.NamedData("samples")).encode(
        x=x, y=y, tooltip=[alt.Tooltip(f"{name}:N", title=title) for name, title in TOOLTIP.items()]
    )
    by_class = base.transform_filter("color_by == 'true class' || color_by == 'pseudo-label' && datum.pseudo != null")
    by_class = by_class.transform_calculate(name="color_by == 'pseudo-label' ? datum.pseudo : datum.true")
    others = f"color_by != 'true class' && !({IS_WRONG}) && (color_by == 'error' || datum.pseudo == null)"
    class_names = alt.Chart(alt.NamedData("names")).encode(x=x, y=y, text="name:N")
    chart = alt.layer(
        base.transform_filter(others).mark_point(filled=True, size=14, style="faint"),
        by_class.mark_point(filled=True, size=26, opacity=0.85).encode(
            color=color_by("name", names), shape=shape_by("name", names)
        ),
        base.transform_filter(f"color_by == 'error' && {IS_WRONG}").mark_point(
            filled=True, size=44, shape="cross", style="bad"
        ),
        base.transform_filter("datum.queried == 'yes'").mark_point(filled=False, size=70, style="ring"),
        class_names.mark_text(style="halo"),
        class_names.mark_text(style="name"),
    )
    canvas = {"embedOptions": {"renderer": "canvas"}}
    return render_chart(
        chart.add_params(parameter).properties(height=460, usermeta=canvas),
        {"samples": rows, "names": _place_names(rows, names)},
        f"Map of {len(rows):,} samples of {combination.dataset.name} with the labels of {combination.title}.",
        caption=f"{len(rows):,} of {len(dataset.x_train):,} samples.",
    )


def _hidden_axis(axis: Any, values: Sequence[float]) -> Any:
    scale = alt.Scale(domain=[min(values), max(values)], nice=False, padding=12)
    return axis(f"{axis.__name__.lower()}:Q", axis=None, scale=scale)


def _describe_samples(
    labeling: LabelingRecord, dataset: Dataset, samples: Ints, points: Floats
) -> list[dict[str, Any]]:
    labels = np.full(len(dataset.y_train), -1)
    labels[labeling.indices] = labeling.labels
    is_queried = np.isin(samples, labeling.asked)
    return [
        {
            "x": round(float(x), 2),
            "y": round(float(y), 2),
            "sample": int(i),
            "true": dataset.classes[dataset.y_train[i]],
            "pseudo": dataset.classes[labels[i]] if labels[i] >= 0 else None,
            "queried": "yes" if queried else "no",
        }
        for i, (x, y), queried in zip(samples, points, is_queried, strict=True)
    ]


def _place_names(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Place the name of each class at its sample nearest to the median of the class."""
    positions = []
    for name in names[:MAX_CLASS_NAMES]:
        points = np.array([(row["x"], row["y"]) for row in rows if row["true"] == name])
        if len(points):
            x, y = points[np.abs(points - np.median(points, axis=0)).sum(axis=1).argmin()]
            positions.append({"x": float(x), "y": float(y), "name": name})
    return positions
