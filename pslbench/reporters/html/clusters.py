from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pslbench.analysis.clusters import ClusterSummary, summarize_clusters
from pslbench.reporters.html.looks import Look, Looks
from pslbench.reporters.html.section import AbsentError, Section, render, section
from pslbench.reporters.html.sprites import Sprites

SHOWN = 120  # of a combination


def clusters(looks: Looks, sprites: Mapping[str, Sprites]) -> Section:
    """Each cluster as pictures."""
    intro = (
        "Each cluster by its medoid, with the label its members get, its purity (the share of its most frequent class) "
        "and its size; then its worst members: those of another class first (outlined, with their class), the farthest "
        "from the medoid in pixels first. Clusters with most wrong members come first; the first seed that is kept."
    )
    return section(
        "clusters",
        "Clusters",
        "Clusters",
        intro,
        lambda: looks.panels(lambda look: _gallery(look, sprites)),
    )


def _gallery(look: Look, sprites: Mapping[str, Sprites]) -> Markup:
    kept, data = look.labeling, look.data.images
    if kept.assignment is None or kept.medoids is None:
        raise AbsentError(f"{look.entry.part('strategy')} uses no clusters.")
    given = kept.cluster_labels if kept.cluster_labels is not None else data.y_train[kept.medoids]
    found = summarize_clusters(data.x_train, data.y_train, kept.assignment, kept.medoids, given)
    shown = [
        _card(
            portrait, look, int(kept.medoids[portrait.cluster]), int(given[portrait.cluster]), sprites[look.data.text]
        )
        for portrait in found[:SHOWN]
    ]
    spread = kept.cluster_labels is not None
    return render("clusters", clusters=shown, spread=spread, left_out=len(found) - len(shown))


def _card(portrait: ClusterSummary, look: Look, medoid: int, given: int, sprites: Sprites) -> dict[str, Any]:
    data = sprites.data
    names, y = data.classes, data.y_train
    worst = [
        (sprites.image(i, f"sample {i}, {names[y[i]]}", bool(y[i] != given)), names[y[i]] if y[i] != given else "")
        for i in portrait.worst
    ]
    return {
        "label": names[given],
        "medoid": sprites.image(medoid, f"medoid, sample {medoid}, {names[y[medoid]]}", bool(y[medoid] != given)),
        "purity": portrait.purity,
        "size": portrait.size,
        "wrong": portrait.wrong,
        "worst": worst,
    }
