"""Parts that are broken on purpose. Each fails exactly the check that it is named after."""

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

STOLEN_LABELS: list = []
REMEMBERED_LABELS: dict = {}
SHARED_MEANS: dict = {}


def nearest(pool):
    """Return the samples nearest their cluster centers; the order of the samples does not matter."""
    return np.argsort(pool.clusters.distances, kind="stable")[: pool.budget]


def query(pool, selected):
    return PseudoLabels(selected, pool.label(selected))


def find_in_frames(name):
    """Return the variable `name` of the nearest calling function that has one: how a part could cheat."""
    frame = sys._getframe(1)
    while frame and name not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals[name]


def find_true_labels():
    """Return the true labels. The kit keeps them in its own process; in a run they are in another process."""
    return find_in_frames("context").oracle.truth


@strategy("metadata")
def metadata(pool):
    return query(pool, nearest(pool))


@strategy("default_construction")
def default_construction(pool, *, share: Annotated[float, Interval(ge=0, le=1)] = 2.0):
    """Have a default outside its own limits.

    Args:
        share: not used.
    """
    return query(pool, nearest(pool))


@strategy("parameter_types")
def parameter_types(pool, *, which: Literal[1, "1"] = "1"):
    """Have two values that are typed the same.

    Args:
        which: not used.
    """
    return query(pool, nearest(pool))


@strategy("parameter_types")
def value_with_comma(pool, *, which: Literal["a,b", "c"] = "c"):
    """Have a value that is read as two values.

    Args:
        which: not used.
    """
    return query(pool, nearest(pool))


@strategy("output")
def output(pool):
    """Return a class that does not exist."""
    selected = nearest(pool)
    return PseudoLabels(selected, pool.label(selected) + pool.n_classes)


@strategy("output")
def cluster_labels(pool):
    """Give clusters a class that does not exist."""
    selected = nearest(pool)
    return PseudoLabels(selected, pool.label(selected), cluster_labels=np.full(pool.clusters.k, -1))


@embedder("output")
def float64(x):
    """Return float64."""
    return Embedding(x.reshape(len(x), -1).astype(np.float64))


@embedder("output")
def other_width(x):
    """Transform new samples into a space of fewer dimensions."""
    flat = x.reshape(len(x), -1)
    return Embedding(flat, lambda new: new.reshape(len(new), -1)[:, 1:])


@dataset("output")
def fractions_as_labels():
    """Have labels that are no classes."""
    x, y = np.zeros((4, 2), np.float32), np.array([0.5, 1, 0.5, 1])
    return Dataset("fractions", x, y, x, y)


@clusterer("output")
def returns_no_clusterer(k: int):
    """Return nothing."""


@trainer("output")
def returns_no_predictor(data):
    """Return nothing."""


@clusterer("output")
def too_many_clusters(k: int):
    """Return more clusters than requested."""

    class OneClusterPerSample:
        def fit(self, features):
            self.labels_ = np.arange(len(features))

    return OneClusterPerSample()


@trainer("output")
def no_probabilities(data):
    """Predict probabilities that do not sum to 1."""

    class Ones:
        def predict_proba(self, x):
            return np.ones((len(x), data.n_classes))

    return Ones()


@reporter("output")
def writes_undeclared(results, reader):
    """Write a file without writes=True."""
    (reader.folder / "here.txt").write_text("here")


@reporter("output", writes=True)
def writes_nothing(results, reader):
    """Write no file in spite of writes=True."""


@strategy("admitted_values")
def admitted_values(pool, *, how: Literal["one", "other"] = "one"):
    """Handle only one of the two choices.

    Args:
        how: the choice.
    """
    return query(pool, {"one": nearest}[how](pool))


@strategy("admitted_values")
def one_type_of_a_union(pool, *, scale: Annotated[Literal["auto"] | float, Interval(ge=0)] = 1.0):
    """Treat every value as a number.

    Args:
        scale: of features.
    """
    return query(pool, np.argsort(pool.clusters.distances * (scale + 1), kind="stable")[: pool.budget])


@strategy("inputs_unchanged")
def inputs_unchanged(pool):
    """Make the features writable and overwrite one."""
    pool.features.flags.writeable = True
    pool.features[0] = 0
    return query(pool, nearest(pool))


@strategy("inputs_unchanged")
def writes_into_read_only_samples(pool):
    """Overwrite the features of a read-only sample."""
    pool.features[0] = 0
    return query(pool, nearest(pool))


@reporter("inputs_unchanged")
def changes_rows(results, reader):
    """Delete the scores of rows that all reporters share."""
    for result in results:
        result.scores.clear()


@strategy("global_random_state")
def global_random_state(pool):
    """Seed the global random stream."""
    np.random.seed(len(pool))
    return query(pool, nearest(pool))


@strategy("global_random_state")
def seeds_with_the_seed_of_the_kit(pool):
    """Seed the global random stream with the seed that it may already have."""
    np.random.seed(0)
    return query(pool, nearest(pool))


@strategy("global_random_state")
def draws_from_python_random(pool):
    """Draw from Python's global random stream."""
    random.random()
    return query(pool, nearest(pool))


@strategy("determinism")
def determinism(pool):
    """Draw from an unseeded generator."""
    return query(pool, np.random.default_rng().choice(len(pool), pool.budget, replace=False))


@strategy("budget")
def budget(pool):
    """Query one label too many."""
    return query(pool, np.argsort(pool.clusters.distances)[: pool.budget + 1])


@strategy("counted_labels")
def counted_labels(pool):
    """Remember labels from one run to the next."""
    selected = nearest(pool)
    key = (pool.budget, pool.features.tobytes())
    if key not in REMEMBERED_LABELS:
        REMEMBERED_LABELS[key] = pool.label(selected)
    return PseudoLabels(selected, REMEMBERED_LABELS[key])


@strategy("counted_labels")
def deletes_recorded_queries(pool):
    """Query labels and delete the record of the queries."""
    pseudo_labels = query(pool, nearest(pool))
    find_in_frames("queries")._indices.clear()
    return pseudo_labels


@strategy("declared_training")
def declared_training(pool):
    """Call pool.train without trains=True."""
    pseudo_labels = query(pool, nearest(pool))
    pool.train(pseudo_labels)
    return pseudo_labels


@strategy("few_distinct_samples")
def few_distinct_samples(pool):
    """Query distinct samples only, even if there are fewer than the budget."""
    distinct = np.unique(pool.features, axis=0, return_index=True)[1]
    return query(pool, pool.rng.choice(distinct, pool.budget, replace=False))


@strategy("duplicates", uses=("clusters", "graph"))
def duplicates(pool):
    """Divide by the distance to the nearest other sample, which is 0 for duplicates."""
    first, second = pool.graph.distances[:, :2].T
    with np.errstate(divide="raise"):
        np.divide(second, first, out=np.zeros_like(first), where=second > 0)
    return query(pool, nearest(pool))


@embedder("constant_features")
def constant_features(x):
    """Divide by a standard deviation that may be 0."""
    flat = x.reshape(len(x), -1)
    mean, deviation = flat.mean(axis=0), flat.std(axis=0)
    return Embedding((flat - mean) / deviation, lambda new: (new.reshape(len(new), -1) - mean) / deviation)


class NearestMean:
    """Probabilities that decrease with the distance to the mean of each class."""

    def __init__(self, means):
        self.means = means

    def predict_proba(self, x):
        flat = x.reshape(len(x), -1)
        squares = ((flat[:, None] - self.means) ** 2).mean(axis=2)
        closeness = np.exp((squares.min(axis=1, keepdims=True) - squares) * 100)
        return closeness / closeness.sum(axis=1, keepdims=True)


def means_of(data, weights=1.0):
    """Return the weighted mean of each class, float (classes, d); of an empty class the mean of all samples."""
    flat, means = data.x.reshape(len(data.indices), -1), []
    for own in data.probabilities.T:
        means.append(np.average(flat, axis=0, weights=own * weights if (own * weights).any() else None))
    return np.stack(means)


@trainer("one_class")
def one_class(data):
    """Assume that every class has a sample."""
    flat = data.x.reshape(len(data.indices), -1)
    return NearestMean(np.stack([np.average(flat, axis=0, weights=own) for own in data.probabilities.T]))


@strategy("everything_labeled")
def everything_labeled(pool):
    """Assume that there is an unlabeled sample."""
    selected = nearest(pool)
    np.setdiff1d(np.arange(len(pool)), selected)[0]
    return query(pool, selected)


@strategy("kinds")
def kinds(pool):
    """Assume that every sample is an image."""
    pool.x.mean(axis=3)
    return query(pool, nearest(pool))


@trainer("weights")
def weights(data):
    """Divide by weights that may be 0."""
    given = np.ones(len(data.labels)) if data.weights is None else data.weights
    return NearestMean(means_of(data, 1 / (1 / given)) + np.sum(0 / given))


@trainer("soft_labels")
def soft_labels(data):
    """Assume that labels are class numbers."""
    one_hot = np.eye(data.n_classes)[data.labels]
    return NearestMean(means_of(data, one_hot.sum(axis=1)))


@trainer("independent_predictions")
def independent_predictions(data):
    """Store what it learned where the next training overwrites it."""
    SHARED_MEANS["means"] = means_of(data)

    class SharedNearestMean:
        def predict_proba(self, x):
            return NearestMean(SHARED_MEANS["means"]).predict_proba(x)

    return SharedNearestMean()


@trainer("independent_predictions")
def centers_each_batch(data):
    """Subtract the mean of the samples that are predicted together."""

    class CenteredNearestMean(NearestMean):
        def predict_proba(self, x):
            return super().predict_proba(x - x.mean(axis=0) + 0.5)

    return CenteredNearestMean(means_of(data))


@strategy("no_peeking")
def no_peeking(pool):
    """Use the true labels without querying them."""
    pool.label(nearest(pool))
    return PseudoLabels(np.arange(len(pool)), find_true_labels().pool)


@strategy("no_peeking")
def keeps_labels(pool):
    """Keep the true labels for the next run."""
    STOLEN_LABELS.append(find_true_labels().pool)
    return query(pool, nearest(pool))


@strategy("no_peeking")
def keeps_latest_labels(pool):
    """Keep the true labels for the next run, and drop those of the run before."""
    STOLEN_LABELS[:] = [find_true_labels().pool]
    return query(pool, nearest(pool))


@trainer("no_peeking")
def uses_the_test_set(data):
    """Learn from the test set without a counted evaluation."""
    flat, y_test = data.x_test.reshape(len(data.x_test), -1), find_true_labels().test
    test_means = [flat[y_test == label].mean(axis=0) for label in range(data.n_classes)]
    return NearestMean((means_of(data) + np.stack(test_means)) / 2)


@strategy("sample_order")
def sample_order(pool):
    """Query the first samples."""
    return query(pool, np.arange(pool.budget))


@strategy("sample_order")
def number_of_queries_depends_on_order(pool):
    """Draw samples, and query fewer the later the outermost sample comes."""
    fewer = int(np.argmax(pool.clusters.distances)) % 5
    return query(pool, pool.rng.permutation(len(pool))[: pool.budget - min(fewer, pool.budget - 1)])


@strategy("sample_order")
def labels_depend_on_order(pool):
    """Give the first sample that was not queried the class 0."""
    selected = nearest(pool)
    others = np.setdiff1d(np.arange(len(pool)), selected)[:1]
    labels = np.append(pool.label(selected), np.zeros(len(others), int))
    return PseudoLabels(np.append(selected, others), labels)


@embedder("sample_order")
def position_as_feature(x):
    """Use the position of a sample as a feature."""
    flat = x.reshape(len(x), -1)
    features = np.column_stack([flat, np.arange(len(x)) / len(x)])
    return Embedding(features.astype(np.float32), lambda new: np.zeros((len(new), features.shape[1]), np.float32))


@trainer("sample_order")
def favors_the_first_label(data):
    """Favor the class of the first sample."""

    class BiasedNearestMean(NearestMean):
        def predict_proba(self, x):
            return 0.8 * super().predict_proba(x) + 0.2 * data.probabilities[0]

    return BiasedNearestMean(means_of(data))


@strategy("time")
def time(pool):
    """Compute all pairwise sums once per sample."""
    sums = np.zeros((len(pool), len(pool)), np.float32)
    for i in range(len(pool)):
        sums += pool.features[i, 0]
    return query(pool, nearest(pool))


@reporter("only_failures")
def only_failures(results, reader):
    """Assume that some cell succeeded."""
    return f"{max(result.scores['test_accuracy'] for result in results if result.ok):.4f}"
