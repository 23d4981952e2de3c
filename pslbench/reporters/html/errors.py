from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from markupsafe import Markup

from pslbench.reporters.html.looks import Look, Looks
from pslbench.reporters.html.section import AbsentError, Section, render, section
from pslbench.reporters.html.sprites import Sprites

KINDS, EACH = 12, 10  # pairs of classes, and samples of each, that are shown of a combination


def errors(looks: Looks, sprites: Mapping[str, Sprites]) -> Section:
    """Wrong pseudo-labels as pictures."""
    intro = (
        "Samples whose pseudo-label is wrong, by true class and label; the most frequent confusions first, "
        "samples at random; the first seed that is kept."
    )
    return section(
        "errors",
        "Errors",
        "Wrong pseudo-labels",
        intro,
        lambda: looks.panels(lambda look: _gallery(look, sprites)),
    )


def _gallery(look: Look, sprites: Mapping[str, Sprites]) -> Markup:
    kept, data = look.labeling, look.data.images
    true = data.y_train[kept.indices]
    wrong = np.flatnonzero(true != kept.labels)
    if not len(wrong):
        raise AbsentError(f"None of the {len(kept.indices):,} pseudo-labels is wrong.")
    kinds, which, counts = np.unique(
        np.stack([true[wrong], kept.labels[wrong]]), axis=1, return_inverse=True, return_counts=True
    )
    order, rng = np.argsort(-counts, kind="stable")[:KINDS], np.random.default_rng(0)
    shown = []
    for kind in order:
        samples = kept.indices[wrong[which.ravel() == kind]]
        picked = rng.permutation(samples)[:EACH]
        is_, as_ = (data.classes[c] for c in kinds[:, kind])
        images = [sprites[look.data.text].image(i, f"sample {i}, {is_} labelled {as_}") for i in picked]
        shown.append((is_, as_, len(samples), images))
    rest = len(wrong) - int(counts[order].sum())
    return render("errors", kinds=shown, wrong=len(wrong), total=len(kept.indices), rest=rest)
