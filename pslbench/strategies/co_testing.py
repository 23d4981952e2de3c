from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Interval

from pslbench.clustering import fit_clusters
from pslbench.contracts import Pool, PseudoLabels
from pslbench.contracts.arrays import Bools, Floats, Generator, Ints
from pslbench.neighbors import nearest_neighbors
from pslbench.parts import strategy
from pslbench.strategies.selection import combine_labels, query_more

if TYPE_CHECKING:
    from pslbench.strategies.propagation import Reals

LABELS_PER_CLASS = 4  # in the first round; with 2, whole islands of an embedding had no label
WITHHELD_SHARE = 0.2  # of each class: its least clear samples, which the first classifier is not trained on
MIN_AGREEMENT = 0.25  # share of a class; if the views agree on fewer samples, the classifiers do not know the class
FEATURE_VARIANCE = 8  # of the features in the joint space, where naming another class adds 2 to the squared distance
MIN_PROBABILITY = 1e-6  # added before logarithms are taken


@strategy(
    "co-testing",
    enabled=False,
    trains=True,
    uses="graph",
    reference="Muslea, Minton & Knoblock 2006, Active Learning with Multiple Views",
)
def co_testing(
    pool: Pool,
    *,
    rounds: Annotated[int, Ge(1)] = 5,
    sure: Annotated[float, Interval(ge=0, le=1)] = 0.8,
    sample: Annotated[int, Ge(1)] = 6000,
) -> PseudoLabels:
    """Label samples on which a graph and a classifier disagree, and train on those on which they agree.

    One view of the pool is Poisson learning on the graph. The other is the trainer of the cell, trained on samples on
    which both views agreed. The first labels, four per class, go to medoids of the embedding. Each round trains a
    classifier, queries medoids of the doubtful samples, and spreads all labels over the sum of two graphs: that of the
    embedding and that of the predicted probabilities. A sample is doubtful if the views disagree or if the classifiers
    are not confident.

    In the paper both views are trained on labeled samples alone. Here each learns from the other. Each round takes one
    training, one prediction of the pool, its nearest neighbors, and one propagation.

    Args:
        rounds: the number of classifiers. Each round may query the same number of labels. The probabilities of the last
            classifier count as much as those of all earlier ones together.
        sure: the least probability of a confident prediction.
        sample: the largest number of pseudo-labels per classifier, including all queried labels.
    """
    import numpy as np

    from pslbench.strategies.propagation import gaussian_affinities, solve_poisson

    selected = select_medoids(pool.features, min(LABELS_PER_CLASS * pool.n_classes, pool.budget), pool.rng)
    queried = PseudoLabels(selected, pool.label(selected))
    affinities = gaussian_affinities(pool.graph)
    scores = solve_poisson(affinities, queried, pool.n_classes)
    is_trainable = find_clear(scores)
    probabilities: Floats | None = None
    for remaining_rounds in range(rounds, 0, -1):
        trainable = combine_labels(queried, scores.argmax(axis=1), is_trainable)
        order = pool.rng.permutation(len(trainable.indices))
        queried_first = order[np.argsort(~np.isin(trainable.indices[order], queried.indices), kind="stable")]
        drawn = np.sort(queried_first[:sample])
        latest = pool.train(PseudoLabels(trainable.indices[drawn], trainable.labels[drawn])).predict_proba(pool.x)
        probabilities = latest if probabilities is None else (probabilities + latest) / np.float32(2)
        is_doubtful = ~find_agreement(scores, probabilities, sure)
        is_doubtful[queried.indices] = False
        doubtful, count = np.flatnonzero(is_doubtful), (pool.budget - len(queried.indices)) // remaining_rounds
        if len(doubtful) and count:
            space = _joint_space(pool.features, scores, probabilities)
            queried = query_more(pool, queried, doubtful[select_medoids(space[doubtful], count, pool.rng)])
        similarities = gaussian_affinities(nearest_neighbors(np.log(probabilities + MIN_PROBABILITY)))
        scores = solve_poisson(affinities + similarities, queried, pool.n_classes)
        is_trainable = find_trainable(scores, find_agreement(scores, probabilities, sure))
    return combine_labels(queried, scores.argmax(axis=1), is_trainable)


def select_medoids(features: Floats, k: int, rng: Generator) -> Ints:
    """Select the medoids, int64 (k,) or fewer, of k-means clusters of the features, float32 (n, d)."""
    import numpy as np
    from sklearn.cluster import MiniBatchKMeans

    seed, k = int(rng.integers(2**32)), min(k, len(features))
    fitter = MiniBatchKMeans(k, batch_size=1024, n_init=3, random_state=seed)
    return np.unique(fit_clusters(fitter, features, k)[0].medoids)


def find_agreement(scores: Reals, probabilities: Floats, sure: float) -> Bools:
    """Return for which samples, bool (n,), both views confidently name the same class.

    Rows of zeros in the scores, (n, classes), name no class: no label reaches them.
    """
    import numpy as np

    is_same = (scores.argmax(axis=1) == probabilities.argmax(axis=1)) & scores.any(axis=1)
    return np.asarray(is_same & (probabilities.max(axis=1) >= sure))


def find_trainable(scores: Reals, is_agreed: Bools) -> Bools:
    """Return which samples, bool (n,), to train the next classifier on: those on which the views agree, and a few more.

    If the views agree on few samples of a class, the classifiers were never trained on it, because the graph gave its
    samples to other classes before there was a label. Then the clear samples of the class are added.
    """
    import numpy as np

    predicted, is_clear, is_trainable = scores.argmax(axis=1), find_clear(scores), is_agreed.copy()
    for label in np.unique(predicted):
        of_class = predicted == label
        if is_agreed[of_class].mean() < MIN_AGREEMENT:
            is_trainable[of_class] |= is_clear[of_class]
    return is_trainable


def find_clear(scores: Reals) -> Bools:
    """Return which samples, bool (n,), are not among the least clear of their class, by scores (n, classes).

    A sample is clear if the margin between its two best classes is a large share of the sum of its scores. The
    threshold differs between classes, because their scores differ in scale.
    """
    import numpy as np

    second, first = np.sort(scores, axis=1)[:, -2:].T
    margin = (first - second) / np.maximum(abs(scores).sum(axis=1), np.finfo(float).tiny)
    predicted, is_clear = scores.argmax(axis=1), np.zeros(len(scores), bool)
    for label in np.unique(predicted[margin > 0]):
        of_class = (predicted == label) & (margin > 0)
        is_clear[of_class] = margin[of_class] >= np.quantile(margin[of_class], WITHHELD_SHARE)
    return is_clear


def _joint_space(features: Floats, scores: Reals, probabilities: Floats) -> Floats:
    """Return the scaled features and the one-hot class of each view, float32 (n, d + 2 classes)."""
    import numpy as np

    centered = features - features.mean(axis=0)
    variance = float(np.einsum("ij,ij->i", centered, centered).mean())
    scaled = centered * (FEATURE_VARIANCE / (variance or 1)) ** 0.5
    classes = [np.eye(scores.shape[1])[view.argmax(axis=1)] for view in (scores, probabilities)]
    return np.hstack([scaled, *classes]).astype(np.float32)
