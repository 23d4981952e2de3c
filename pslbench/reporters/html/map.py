from functools import lru_cache, partial
from typing import Any

import altair as alt
import numpy as np
from markupsafe import Markup
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from pslbench.contracts import Dataset, Embedding
from pslbench.contracts.arrays import Floats, Ints
from pslbench.contracts.samples import Samples, Table, Texts
from pslbench.embedders.tabular import tabular
from pslbench.embedders.tf_idf import tf_idf
from pslbench.errors import pluralize
from pslbench.reporters.html.inspected import InspectedCombination
from pslbench.reporters.html.rendering import Chart, render_chart
from pslbench.reporters.html.report_data import ReportData
from pslbench.reporters.html.section import per_combination, section
from pslbench.reporters.html.series_styles import color_by, shape_by
from pslbench.results.records import LabelingRecord

COLOR_OPTIONS = ("true class", "pseudo-label", "error")
IS_WRONG = "datum.pseudo != null && datum.pseudo != datum.true"
TOOLTIP = {"sample": "sample", "true": "true class", "pseudo": "pseudo-label", "queried": "label queried"}
MAX_CLASS_NAMES = 30
MAX_COMPONENTS = 50


@section(
    "Map",
    "Map of the pool",
    "The pool in two dimensions: t-SNE of 50 principal components of the samples; texts and "
    "rows of tables are embedded first. Nearby points are similar samples; "
    "distances between groups have no meaning. Rings mark the samples whose label was queried. Each class name is at "
    "the median of its class. The map shows the first seed.",
)
def map_(data: ReportData) -> Markup:
    return per_combination(partial(_draw_map, max_samples=data.max_map_samples))(data)


@lru_cache(maxsize=1)
def _project_pool(dataset: Dataset, max_samples: int) -> tuple[Ints, Floats]:
    samples = np.sort(np.random.default_rng(0).permutation(len(dataset.x_train))[:max_samples])
    return samples, project_to_plane(_to_vectors(dataset.x_train[samples]))


def _to_vectors(samples: Samples) -> Floats:
    """Return vectors, float32 (n, d), as the default embedder of this kind makes them."""
    if isinstance(samples, Texts | Table):
        embed = partial(tf_idf, seed=0, dims=MAX_COMPONENTS, min_texts=1) if isinstance(samples, Texts) else tabular
        embedding: Embedding = embed(samples)
        return embedding.features
    return samples.reshape(len(samples), -1)


def project_to_plane(x: Floats) -> Floats:
    """Return samples, float (n, ...), as points, float32 (n, 2), by t-SNE of 50 PCA components.

    Source: van der Maaten & Hinton 2008. The time grows with n log n: 1.3 seconds for 1,500 samples. With the defaults
    of scikit-learn it takes twice as long and is not more trustworthy. Near points are similar; the sizes of groups and
    the distances between them have no meaning. Fewer than five samples, or samples that are all equal, are at (0, 0).
    """
    flat = x.reshape(len(x), -1)
    if len(flat) < 5 or (flat == flat[0]).all():
        return np.zeros((len(flat), 2), np.float32)
    components = min(MAX_COMPONENTS, *flat.shape)
    perplexity = min(30, (len(flat) - 1) / 3)
    init = "pca" if components > 1 else "random"
    tsne = TSNE(2, init=init, perplexity=perplexity, angle=0.8, max_iter=350, random_state=0)
    with threadpool_limits(1):  # threads that wait for each other take minutes if the machine is busy
        points: Floats = tsne.fit_transform(PCA(components, random_state=0).fit_transform(flat))
    return points


def _draw_map(combination: InspectedCombination, max_samples: int) -> Markup:
    dataset = combination.dataset
    samples, points = _project_pool(dataset, max_samples)
    (left, bottom), (right, top) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    rows = _describe_samples(combination.labeling, dataset, samples, points)
    return render_chart(
        _build_chart(dataset.classes, (left, right), (bottom, top)),
        {"samples": rows},
        f"Map of samples of {combination.entry.part('dataset')} with the labels of {combination.title}.",
        caption=f"{len(rows):,} of {pluralize(len(dataset.x_train), 'sample')}.",
    )


@lru_cache(maxsize=1)
def _build_chart(classes: tuple[str, ...], x_limits: tuple[float, float], y_limits: tuple[float, float]) -> Chart:
    options = alt.binding_select(options=list(COLOR_OPTIONS), name="Color by ")
    parameter = alt.param(name="color_by", value=COLOR_OPTIONS[0], bind=options)
    x_scale, y_scale = (alt.Scale(domain=list(ends), nice=False, padding=12) for ends in (x_limits, y_limits))
    x, y = alt.X("x:Q", axis=None, scale=x_scale), alt.Y("y:Q", axis=None, scale=y_scale)
    base = alt.Chart(alt.NamedData("samples")).encode(
        x=x, y=y, tooltip=[alt.Tooltip(f"{name}:N", title=title) for name, title in TOOLTIP.items()]
    )
    by_class = base.transform_filter("color_by == 'true class' || color_by == 'pseudo-label' && datum.pseudo != null")
    by_class = by_class.transform_calculate(name="color_by == 'pseudo-label' ? datum.pseudo : datum.true")
    others = f"color_by != 'true class' && !({IS_WRONG}) && (color_by == 'error' || datum.pseudo == null)"
    named = alt.FieldOneOfPredicate(field="true", oneOf=list(classes[:MAX_CLASS_NAMES]))
    class_names = alt.Chart(alt.NamedData("samples")).transform_filter(named)
    class_names = class_names.transform_aggregate(x="median(x)", y="median(y)", groupby=["true"])
    class_names = class_names.encode(x=x, y=y, text="true:N")
    chart = alt.layer(
        base.transform_filter(others).mark_point(filled=True, size=14, style="faint"),
        by_class.mark_point(filled=True, size=26, opacity=0.85).encode(
            color=color_by("name", classes), shape=shape_by("name", classes)
        ),
        base.transform_filter(f"color_by == 'error' && {IS_WRONG}").mark_point(
            filled=True, size=44, shape="cross", style="bad"
        ),
        base.transform_filter("datum.queried == 'yes'").mark_point(filled=False, size=70, style="ring"),
        class_names.mark_text(style="halo"),
        class_names.mark_text(style="name"),
    )
    canvas = {"embedOptions": {"renderer": "canvas"}}
    return chart.add_params(parameter).properties(height=460, usermeta=canvas)


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
