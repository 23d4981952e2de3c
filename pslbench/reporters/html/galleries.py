"""Sections with images of the pool: clusters and wrong pseudo-labels."""

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from pslbench.contracts.arrays import Floats, Ints
from pslbench.contracts.samples import block_slices
from pslbench.errors import pluralize
from pslbench.reporters.html.inspected import InspectedCombination
from pslbench.reporters.html.rendering import SectionUnavailable, render_template
from pslbench.reporters.html.section import per_combination, section

MAX_CLUSTERS = 120  # per combination
MAX_CONFUSIONS, MAX_SAMPLES = 12, 10  # pairs of classes per combination, and samples per pair


@section(
    "Clusters",
    "Clusters",
    "Each cluster with its medoid, the pseudo-label of its members, its purity (the share of its most frequent class) "
    "and its size. The small images are its worst members: members of another class come first (outlined, with their "
    "class), then the members farthest from the medoid in pixel distance. Clusters with the most wrong members come "
    "first. The images show the first seed.",
)
@per_combination
def clusters(combination: InspectedCombination) -> Markup:
    labeling, sprites = combination.labeling, combination.sprites
    assignment, medoids = labeling.assignment, labeling.medoids
    if assignment is None or medoids is None:
        raise SectionUnavailable(f"{combination.entry.part('strategy')} uses no clusters.")
    x, y, names = sprites.dataset.x_train, sprites.dataset.y_train, sprites.dataset.classes
    labels = y[medoids] if labeling.cluster_labels is None else labeling.cluster_labels
    summaries, cards = summarize_clusters(x, y, assignment, medoids, labels), []

    def render_sample(sample: int, label: int, role: str = "") -> tuple[Markup, str]:
        name, is_wrong = names[y[sample]], bool(y[sample] != label)
        return sprites.render_sample(sample, f"{role}sample {sample}, {name}", is_wrong), name if is_wrong else ""

    for summary in summaries[:MAX_CLUSTERS]:
        label = labels[summary.cluster]
        medoid, _ = render_sample(medoids[summary.cluster], label, "medoid, ")
        worst = [render_sample(sample, label) for sample in summary.worst]
        cards.append({**vars(summary), "label": names[label], "medoid": medoid, "worst": worst})
    omitted, has_labels = len(summaries) - len(cards), labeling.cluster_labels is not None
    return render_template("clusters", clusters=cards, has_labels=has_labels, omitted=omitted)


@dataclass(frozen=True, eq=False)
class ClusterSummary:
    """The size and the errors of one cluster.

    Attributes:
        cluster: its index.
        size: the number of its members.
        purity: the share of its most frequent class, in (0, 1].
        wrong: the number of members whose class differs from the label of the cluster.
        worst: int64 (up to `show`,), members with a wrong label first, the farthest from the medoid first.
    """

    cluster: int
    size: int
    purity: float
    wrong: int
    worst: Ints


def summarize_clusters(
    x: Floats, y: Ints, assignment: Ints, medoids: Ints, labels: Ints, show: int = 4
) -> list[ClusterSummary]:
    """Return a summary of each cluster that has members, those with the most wrong members first.

    Args:
        x, y: the pool, float (n, ...), and its classes, int (n,).
        assignment: the cluster of each sample, int (n,).
        medoids, labels: the medoid and the label of each cluster, int (k,).
        show: the maximal number of members in `worst`; the medoid is never one of them.
    """
    distance = np.empty(len(x), np.float32)
    for rows in block_slices(x.shape):
        difference = x[rows] - x[medoids[assignment[rows]]]
        distance[rows] = np.linalg.norm(difference.reshape(len(difference), -1), axis=1)
    is_wrong = y != labels[assignment]
    order = np.lexsort((-distance, ~is_wrong, assignment))
    summaries = []
    for members in np.split(order, np.flatnonzero(np.diff(assignment[order])) + 1):
        cluster = int(assignment[members[0]])
        purity = float(np.bincount(y[members]).max() / len(members))
        worst = members[members != medoids[cluster]][:show]
        summaries.append(ClusterSummary(cluster, len(members), purity, int(is_wrong[members].sum()), worst))
    return sorted(summaries, key=lambda summary: (-summary.wrong, -summary.size, summary.cluster))


@section(
    "Errors",
    "Wrong pseudo-labels",
    "Samples with a wrong pseudo-label by true class and pseudo-label. The most frequent confusions come first. The "
    "samples are drawn at random. The images show the first seed.",
)
@per_combination
def errors(combination: InspectedCombination) -> Markup:
    labeling, sprites = combination.labeling, combination.sprites
    names, true = sprites.dataset.classes, sprites.dataset.y_train[labeling.indices]
    wrong = np.flatnonzero(true != labeling.labels)
    if not len(wrong):
        raise SectionUnavailable(f"No label is wrong among {pluralize(len(labeling.indices), 'pseudo-label')}.")
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
