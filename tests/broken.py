"""Parts that are broken on purpose: each fails the one check that it is named after, and no other."""

import random
import sys
from typing import Annotated, Literal

import numpy as np
from annotated_types import Interval

from pslbench import (
    Dataset,
    Embedding,
    PseudoLabels,
    clusterer,
    dataset,
    embedder,
    reporter,
    strategy,
    trainer,
)

KEPT: list = []
REMEMBERED: dict = {}
SHARED: dict = {}


def nearest(pool):
    """The samples nearest their centres, in whatever order samples stand."""
    return np.argsort(pool.clusters.distances, kind="stable")[: pool.budget]


def bought(pool, chosen):
    return PseudoLabels(chosen, pool.label(chosen))


def of_the_engine(name):
    """What a function further up calls `name`: how a thief gets behind the pool."""
    frame = sys._getframe(1)
    while frame and name not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals[name]


@strategy("metadata")
def metadata(pool):
    return bought(pool, nearest(pool))


@strategy("default_construction")
def default_construction(pool, *, share: Annotated[float, Interval(ge=0, le=1)] = 2.0):
    """Has a default that its own limits forbid.

    Args:
        share: of nothing.
    """
    return bought(pool, nearest(pool))


@strategy("parameter_types")
def parameter_types(pool, *, which: Literal[1, "1"] = "1"):
    """Has two values that look alike when they are typed.

    Args:
        which: of two.
    """
    return bought(pool, nearest(pool))


@strategy("parameter_types")
def several(pool, *, which: Literal["a,b", "c"] = "c"):
    """Has a value that is read as two.

    Args:
        which: of two.
    """
    return bought(pool, nearest(pool))


@strategy("output")
def output(pool):
    """Gives a class that there is not."""
    chosen = nearest(pool)
    return PseudoLabels(chosen, pool.label(chosen) + pool.n_classes)


@strategy("output")
def cluster_labels(pool):
    """Gives clusters a class that there is not."""
    chosen = nearest(pool)
    return PseudoLabels(chosen, pool.label(chosen), cluster_labels=np.full(pool.clusters.k, -1))


@embedder("output")
def float64(x):
    """Gives float64."""
    return Embedding(x.reshape(len(x), -1).astype(np.float64))


@embedder("output")
def other_width(x):
    """Places new samples in a space of fewer dimensions."""
    flat = x.reshape(len(x), -1)
    return Embedding(flat, lambda new: new.reshape(len(new), -1)[:, 1:])


@dataset("output")
def words_for_classes():
    """Has no class numbers."""
    x = np.zeros((4, 2), np.float32)
    return Dataset("words", x, np.array(["a", "b", "a", "b"]), x, np.array(["a", "b", "a", "b"]))


@clusterer("output")
def nothing_to_fit(k: int):
    """Forgets to give anything."""


@trainer("output")
def nothing_to_predict(data):
    """Forgets to give anything."""


@clusterer("output")
def too_many(k: int):
    """Gives more clusters than were asked for."""

    class Each:
        def fit(self, features):
            self.labels_ = np.arange(len(features))

    return Each()


@trainer("output")
def no_probabilities(data):
    """Predicts what does not add up to 1."""

    class Ones:
        def predict_proba(self, x):
            return np.ones((len(x), data.n_classes))

    return Ones()


@reporter("output")
def writes_unsaid(results, records):
    """Writes a file without having said so."""
    (records.folder / "here.txt").write_text("here")


@reporter("output", writes=True)
def writes_nothing(results, records):
    """Says that it writes, and does not."""


@strategy("admitted_values")
def admitted_values(pool, *, how: Literal["one", "other"] = "one"):
    """Knows only one of its two choices.

    Args:
        how: to do it.
    """
    return bought(pool, {"one": nearest}[how](pool))


@strategy("admitted_values")
def one_of_a_union(pool, *, scale: Annotated[Literal["auto"] | float, Interval(ge=0)] = 1.0):
    """Takes every value for a number.

    Args:
        scale: of features.
    """
    return bought(pool, np.argsort(pool.clusters.distances * (scale + 1), kind="stable")[: pool.budget])


@strategy("inputs_unchanged")
def inputs_unchanged(pool):
    """Has the samples unlocked and scribbles on them."""
    pool.x.flags.writeable = True
    pool.x[0] = 0
    return bought(pool, nearest(pool))


@strategy("inputs_unchanged")
def scribbles(pool):
    """Scribbles on locked samples."""
    pool.x[0] = 0
    return bought(pool, nearest(pool))


@reporter("inputs_unchanged")
def changes_rows(results, records):
    """Rounds the scores of the rows that all reporters share."""
    for result in results:
        result.scores.clear()


@strategy("global_random_state")
def global_random_state(pool):
    """Seeds everyone's random numbers."""
    np.random.seed(len(pool))
    return bought(pool, nearest(pool))


@strategy("global_random_state")
def at_its_own_start(pool):
    """Seeds everyone's random numbers to where they may have stood."""
    np.random.seed(0)
    return bought(pool, nearest(pool))


@strategy("global_random_state")
def of_python(pool):
    """Draws from Python's own random numbers."""
    random.random()
    return bought(pool, nearest(pool))


@strategy("determinism")
def determinism(pool):
    """Draws from a stream of its own."""
    return bought(pool, np.random.default_rng().choice(len(pool), pool.budget, replace=False))


@strategy("budget")
def budget(pool):
    """Asks for one label too many."""
    return bought(pool, np.argsort(pool.clusters.distances)[: pool.budget + 1])


@strategy("counted_labels")
def counted_labels(pool):
    """Remembers labels from one run to the next."""
    chosen = nearest(pool)
    known = (pool.budget, pool.x.tobytes())
    if known not in REMEMBERED:
        REMEMBERED[known] = pool.label(chosen)
    return PseudoLabels(chosen, REMEMBERED[known])


@strategy("counted_labels")
def cooks_the_books(pool):
    """Asks for labels, and has its account forget them."""
    given = bought(pool, nearest(pool))
    of_the_engine("account")._asked[:] = False
    return given


@strategy("few_distinct_samples")
def few_distinct_samples(pool):
    """Buys distinct samples only, whether there are as many or not."""
    distinct = np.unique(pool.features, axis=0, return_index=True)[1]
    return bought(pool, pool.rng.choice(distinct, pool.budget, replace=False))


@strategy("duplicates", uses=("clusters", "graph"))
def duplicates(pool):
    """Divides by the distance to the nearest other sample, unless the one after it is as near."""
    first, second = pool.graph.distances[:, :2].T
    with np.errstate(divide="raise"):
        np.divide(second, first, out=np.zeros_like(first), where=second > 0)
    return bought(pool, nearest(pool))


@embedder("constant_features")
def constant_features(x):
    """Divides by a standard deviation that may be 0."""
    flat = x.reshape(len(x), -1)
    mean, deviation = flat.mean(axis=0), flat.std(axis=0)
    return Embedding((flat - mean) / deviation, lambda new: (new.reshape(len(new), -1) - mean) / deviation)


class Means:
    """Probabilities by the distance to the mean of each class."""

    def __init__(self, means):
        self.means = means

    def predict_proba(self, x):
        flat = x.reshape(len(x), -1)
        far = ((flat[:, None] - self.means) ** 2).mean(axis=2)
        near = np.exp((far.min(axis=1, keepdims=True) - far) * 100)
        return near / near.sum(axis=1, keepdims=True)


def means_of(data, weights=None):
    """The weighted mean of each class, float (classes, d); of a class that has no sample, that of all."""
    flat, means = data.x.reshape(len(data.indices), -1), []
    weights = np.ones(len(flat)) if weights is None else weights
    for each in range(data.n_classes):
        own = weights * (data.labels == each)
        means.append(np.average(flat, axis=0, weights=own if own.any() else None))
    return np.stack(means)


@trainer("one_class")
def one_class(data):
    """Takes every class to have a sample."""
    flat = data.x.reshape(len(data.indices), -1)
    return Means(np.stack([flat[data.labels == each].mean(axis=0) for each in range(data.n_classes)]))


@strategy("everything_labelled")
def everything_labelled(pool):
    """Looks at a sample that it has not bought, as if there always were one."""
    chosen = nearest(pool)
    np.setdiff1d(np.arange(len(pool)), chosen)[0]
    return bought(pool, chosen)


@strategy("vectors")
def vectors(pool):
    """Takes every sample for an image."""
    pool.x.mean(axis=3)
    return bought(pool, nearest(pool))


@trainer("weights")
def weights(data):
    """Divides by weights that may be 0."""
    given = np.ones(len(data.labels)) if data.weights is None else data.weights
    return Means(means_of(data, 1 / (1 / given)) + np.sum(0 / given))


@trainer("predictions_last")
def predictions_last(data):
    """Keeps what it learned where the next training puts its own."""
    SHARED["means"] = means_of(data)

    class Forgetful:
        def predict_proba(self, x):
            return Means(SHARED["means"]).predict_proba(x)

    return Forgetful()


@trainer("predictions_last")
def together(data):
    """Measures samples from the mean of those that stand beside them."""

    class Centred(Means):
        def predict_proba(self, x):
            return super().predict_proba(x - x.mean(axis=0) + 0.5)

    return Centred(means_of(data))


@strategy("no_peeking")
def no_peeking(pool):
    """Buys what it may, and takes the other labels from behind the pool."""
    pool.label(nearest(pool))
    return PseudoLabels(np.arange(len(pool)), of_the_engine("account")._labels)


@strategy("no_peeking")
def keeps(pool):
    """Keeps the labels from behind the pool for another time."""
    KEPT.append(of_the_engine("account")._labels)
    return bought(pool, nearest(pool))


@strategy("no_peeking")
def keeps_the_last(pool):
    """Keeps the labels from behind the pool, and forgets those of the time before."""
    KEPT[:] = [of_the_engine("account")._labels]
    return bought(pool, nearest(pool))


@trainer("no_peeking")
def looks_at_the_test_set(data):
    """Learns from the test set, without a look that is counted."""
    test = of_the_engine("bench").data
    flat = test.x_test.reshape(len(test.x_test), -1)
    found = [flat[test.y_test == each].mean(axis=0) for each in range(data.n_classes)]
    return Means((means_of(data) + np.stack(found)) / 2)


@strategy("sample_order")
def sample_order(pool):
    """Buys the samples that come first."""
    return bought(pool, np.arange(pool.budget))


@strategy("sample_order")
def as_many_as_it_stands(pool):
    """Draws, and buys fewer the later its outermost sample comes."""
    fewer = int(np.argmax(pool.clusters.distances)) % 5
    return bought(pool, pool.rng.permutation(len(pool))[: pool.budget - min(fewer, pool.budget - 1)])


@strategy("sample_order")
def other_labels(pool):
    """Gives the sample that comes first a class of its own choice."""
    chosen = nearest(pool)
    others = np.setdiff1d(np.arange(len(pool)), chosen)[:1]
    given = np.append(pool.label(chosen), np.zeros(len(others), int))
    return PseudoLabels(np.append(chosen, others), given)


@embedder("sample_order")
def places(x):
    """Takes the place of a sample for something that is known of it."""
    flat = x.reshape(len(x), -1)
    placed = np.column_stack([flat, np.arange(len(x)) / len(x)])
    return Embedding(placed.astype(np.float32), lambda new: np.zeros((len(new), placed.shape[1]), np.float32))


@trainer("sample_order")
def forgets(data):
    """Takes the class that comes first for the likeliest."""

    class Biased(Means):
        def predict_proba(self, x):
            return 0.8 * super().predict_proba(x) + 0.2 * np.eye(data.n_classes)[data.labels[0]]

    return Biased(means_of(data))


@strategy("time")
def time(pool):
    """Compares all pairs once more for every sample."""
    apart = np.zeros((len(pool), len(pool)), np.float32)
    for i in range(len(pool)):
        apart += pool.features[i, 0]
    return bought(pool, nearest(pool))


@reporter("only_failures")
def only_failures(results, records):
    """Takes some cell to have ended well."""
    return f"{max(result.scores['test_accuracy'] for result in results if result.ok):.4f}"
