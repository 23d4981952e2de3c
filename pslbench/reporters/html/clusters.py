from __future__ import annotations

from typing import Any

from markupsafe import Markup

from pslbench.analysis.clusters import ClusterSummary, summarize_clusters
from pslbench.reporters.html.inspected import InspectedCombination
from pslbench.reporters.html.rendering import SectionUnavailable, render_template
from pslbench.reporters.html.report_data import ReportData
from pslbench.reporters.html.section import render_combination_panels, section
from pslbench.reporters.html.sprites import SpriteSheet

MAX_CLUSTERS = 120  # per combination


@section(
    "Clusters",
    "Clusters",
    "Each cluster with its medoid, the pseudo-label of its members, its purity (the share of its most frequent class) "
    "and its size. The small images are its worst members: members of another class come first (outlined, with their "
    "class), then the members farthest from the medoid in pixel distance. Clusters with the most wrong members come "
    "first. The images show the first seed.",
)
def clusters(data: ReportData) -> Markup:
    return render_combination_panels(data, _render_gallery)


def _render_gallery(combination: InspectedCombination) -> Markup:
    labeling, sprites = combination.labeling, combination.dataset.sprites
    assignment, medoids = labeling.assignment, labeling.medoids
    if assignment is None or medoids is None:
        raise SectionUnavailable(f"{combination.entry.part('strategy')} uses no clusters.")
    x, y = sprites.dataset.x_train, sprites.dataset.y_train
    has_labels = labeling.cluster_labels is not None
    labels = labeling.cluster_labels if labeling.cluster_labels is not None else y[medoids]
    summaries = summarize_clusters(x, y, assignment, medoids, labels)
    cards = [_describe_cluster(s, sprites, int(medoids[s.cluster]), int(labels[s.cluster])) for s in summaries]
    omitted = len(cards[MAX_CLUSTERS:])
    return render_template("clusters", clusters=cards[:MAX_CLUSTERS], has_labels=has_labels, omitted=omitted)


def _describe_cluster(summary: ClusterSummary, sprites: SpriteSheet, medoid: int, label: int) -> dict[str, Any]:
    names, y = sprites.dataset.classes, sprites.dataset.y_train
    return {
        "label": names[label],
        "medoid": sprites.render_sample(
            medoid, f"medoid, sample {medoid}, {names[y[medoid]]}", bool(y[medoid] != label)
        ),
        "purity": summary.purity,
        "size": summary.size,
        "wrong": summary.wrong,
        "worst": [
            (
                sprites.render_sample(i, f"sample {i}, {names[y[i]]}", bool(y[i] != label)),
                names[y[i]] if y[i] != label else "",
            )
            for i in summary.worst
        ],
    }
