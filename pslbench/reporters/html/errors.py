from __future__ import annotations

import numpy as np
from markupsafe import Markup

from pslbench.errors import pluralize
from pslbench.reporters.html.inspected import InspectedCombination
from pslbench.reporters.html.rendering import SectionUnavailable, render_template
from pslbench.reporters.html.section import per_combination, section

MAX_CONFUSIONS, MAX_SAMPLES = 12, 10  # pairs of classes per combination, and samples per pair


@section(
    "Errors",
    "Wrong pseudo-labels",
    "Samples with a wrong pseudo-label by true class and pseudo-label. The most frequent confusions come first. The "
    "samples are drawn at random. The images show the first seed.",
)
@per_combination
def errors(combination: InspectedCombination) -> Markup:
    labeling, sprites = combination.labeling, combination.dataset.sprites
    names, true = sprites.dataset.classes, sprites.dataset.y_train[labeling.indices]
    wrong = np.flatnonzero(true != labeling.labels)
    if not len(wrong):
        raise SectionUnavailable(f"No pseudo-label is wrong, of {pluralize(len(labeling.indices), 'pseudo-label')}.")
    pairs, pair_of, counts = np.unique(
        np.stack([true[wrong], labeling.labels[wrong]]), axis=1, return_inverse=True, return_counts=True
    )
    order, rng = np.argsort(-counts, kind="stable")[:MAX_CONFUSIONS], np.random.default_rng(0)
    confusions = []
    for pair in order:
        samples = rng.permutation(labeling.indices[wrong[pair_of.ravel() == pair]])[:MAX_SAMPLES]
        true_name, label = (names[c] for c in pairs[:, pair])
        images = [sprites.render_sample(i, f"sample {i}, {true_name} labeled {label}") for i in samples]
        confusions.append((true_name, label, int(counts[pair]), images))
    omitted = len(wrong) - int(counts[order].sum())
    total = len(labeling.indices)
    return render_template("errors", confusions=confusions, wrong=len(wrong), total=total, omitted=omitted)
