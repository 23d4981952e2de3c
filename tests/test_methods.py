"""Each method agrees with an independent reference: an example by hand, a library, or its paper."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from helpers import command, rows
from scipy.sparse.linalg import spsolve
from sklearn.cluster import MiniBatchKMeans
from sklearn.datasets import load_digits
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors
from sklearn.semi_supervised import LabelSpreading

from pslbench.contracts import Clusters, Graph, Pool, PseudoLabels, TrainingData
from pslbench.contracts import Embedding as Embedded
from pslbench.errors import ContractError
from pslbench.neighbors import nearest_neighbors
from pslbench.plugins.discovery import discover
from pslbench.strategies import propagation
from pslbench.strategies.co_testing import find_agreement, find_clear, find_trainable, select_medoids
from pslbench.strategies.confident import find_label_errors, label_by_cluster
from pslbench.strategies.probcover import estimate_pure_radius, iterate_balls, select_cover
from pslbench.strategies.propagation import gaussian_affinities, make_laplacian, solve, solve_harmonic, solve_poisson
from pslbench.strategies.typiclust import select_typical, typicality
from pslbench.strategies.uncertainty import uncertainty_scores
from pslbench.trainers.logreg import logreg

SELECTING = ["typiclust", "probcover", "k-center", "uncertainty", "random", "centroid-only"]
SPREADING = ["label-spreading", "laplace", "poisson", "pwll", "self-training", "confident", "co-testing"]


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    return (x[:600] / 16).astype(np.float32), y[:600].astype(np.int64)


def pool_of(features, labels=None, budget=10, clusters=None, train=None, seed=0):
    """Return a pool of features, float (n, d), and labels, with an unlimited number of queries."""
    features = np.asarray(features, np.float32)
    labels = np.zeros(len(features), np.int64) if labels is None else labels
    ask, n_classes = (lambda indices: labels[indices]), int(labels.max()) + 1
    rng, graph = np.random.default_rng(seed), nearest_neighbors(features)
    return Pool(features, n_classes, budget, rng, ask, train, Embedded(features), clusters, graph)


def clusters_of(features, assignment):
    assignment = np.asarray(assignment)
    k = int(assignment.max()) + 1
    centers = np.stack([features[assignment == c].mean(axis=0) for c in range(k)])
    distances = np.linalg.norm(features - centers[assignment], axis=1)
    medoids = np.array([min(np.flatnonzero(assignment == c), key=lambda i: distances[i]) for c in range(k)])
    return Clusters(assignment, centers, medoids, distances.astype(np.float32))


def strategy(name, pool, **values):
    return discover().resolve("strategy", name)[1](pool, **values)


# The graph


def test_neighbors_equal_those_of_scikit_learn(digits):
    graph = nearest_neighbors(digits[0], 10)
    distances, _ = NearestNeighbors(n_neighbors=10).fit(digits[0]).kneighbors()
    to_them = np.linalg.norm(digits[0][graph.neighbors] - digits[0][:, None], axis=2)  # ties may come in any order
    np.testing.assert_allclose(graph.distances, distances, atol=2e-3)
    np.testing.assert_allclose(to_them, distances, atol=2e-3)
    assert (graph.neighbors != np.arange(len(digits[0]))[:, None]).all()


def test_duplicates_are_neighbors_of_each_other_but_not_of_themselves():
    graph = nearest_neighbors(np.array([[1, 1]] * 30 + [[5, 5]], np.float32), 20)
    assert (graph.neighbors != np.arange(31)[:, None]).all()
    assert graph.distances[:30].max() == 0
    assert graph.neighbors.shape == (31, 20)
    assert np.isfinite(gaussian_affinities(graph).data).all()


def test_samples_of_a_small_pool_have_all_others_as_neighbors():
    assert nearest_neighbors(np.eye(4, dtype=np.float32)).neighbors.shape == (4, 3)


def test_a_graph_refuses_more_neighbors_than_it_has(digits):
    graph = nearest_neighbors(digits[0])
    for weights in (graph.links, lambda k: gaussian_affinities(graph, k)):
        assert weights(20).shape == (600, 600)
        with pytest.raises(ContractError, match="20 nearest neighbors"):
            weights(50)
    small = nearest_neighbors(np.eye(4, dtype=np.float32))  # a pool with three others has no more to give
    assert small.links(10).sum() == 12
    assert gaussian_affinities(small).nnz == 12


def test_gaussian_affinities_of_three_samples():
    graph = Graph(np.array([[1, 2], [0, 2], [1, 0]]), np.array([[1, 3], [1, 2], [2, 3]], np.float32))
    w = np.zeros((3, 3))
    for i, (near, far) in enumerate([((1, 1), (2, 3)), ((0, 1), (2, 2)), ((1, 2), (0, 3))]):
        for j, d in (near, far):
            w[i, j] = np.exp(-4 * d**2 / far[1] ** 2)
    np.testing.assert_allclose(gaussian_affinities(graph).toarray(), (w + w.T) / 2)


# Selection


def test_typicality_of_six_samples_on_a_line():
    line = np.array([[0], [1], [2], [4], [8], [16]], np.float32)  # 6 samples: the 3 nearest others of each
    means = [(1 + 2 + 4) / 3, (1 + 1 + 3) / 3, (1 + 2 + 2) / 3, (2 + 3 + 4) / 3, (4 + 6 + 7) / 3, (8 + 12 + 14) / 3]
    np.testing.assert_allclose(typicality(line), 1 / (np.array(means) + 1e-5), rtol=1e-5)


def test_typiclust_selects_the_densest_samples_of_large_clusters_first():
    rng = np.random.default_rng(0)
    large, middle, small = rng.normal(0, 1, (40, 2)), rng.normal(20, 1, (20, 2)), rng.normal(-20, 1, (5, 2))
    features = np.concatenate([middle, large, small]).astype(np.float32)
    pool = pool_of(features, clusters=clusters_of(features, [0] * 20 + [1] * 40 + [2] * 5))
    first, second = 20 + typicality(features[20:60]).argmax(), typicality(features[:20]).argmax()
    assert select_typical(pool, 2).tolist() == [first, second]
    assert select_typical(pool, 3)[2] == 20 + np.argsort(-typicality(features[20:60]))[1]  # round again
    assert sorted(select_typical(pool, 65)) == list(range(65))


def test_typiclust_covers_the_classes_of_mnist_sooner_than_random(tmp_path):
    arguments = ["run", "typiclust", "random", "-b", "10,20", "-s", "5", "-t", "logreg", "-o", tmp_path]
    assert command(*arguments).status == 0
    seen = rows(tmp_path).groupby(["budget", "strategy"]).classes_seen.mean()
    for budget in (10, 20):
        assert seen[budget, "typiclust"] > seen[budget, "random"] + 0.5


def test_k_center_is_within_twice_the_best_radius(digits):
    x = digits[0][:14]
    distances = pairwise_distances(x)

    def radius(centers):
        return distances[list(centers)].min(axis=0).max()

    best = min(radius(centers) for centers in itertools.combinations(range(14), 3))
    for seed in range(5):
        selected = strategy("k-center", pool_of(x, budget=3, seed=seed)).indices
        assert radius(selected) <= 2 * best + 1e-6
        assert selected[1] == distances[selected[0]].argmax()
    assert sorted(strategy("k-center", pool_of(x, budget=14)).indices) == list(range(14))


def test_probcover_is_the_greedy_cover_of_a_dense_graph(digits):
    x = digits[0]
    near = pairwise_distances(x) <= 1.7
    edges, expected = near.copy(), []
    for _ in range(12):
        expected.append(int(edges.sum(axis=1).argmax()))
        edges[:, near[expected[-1]]] = False
    assert select_cover(x, 1.7, 12).tolist() == expected


def test_the_coverage_of_probcover_grows_with_the_budget_and_beats_random(digits):
    x = digits[0]
    selected = select_cover(x, 1.7, 40)
    squares = (x**2).sum(axis=1)
    (ball,) = iterate_balls(x, squares, selected, 1.7)
    covered = [ball[:count].any(axis=0).mean() for count in range(1, 41)]
    assert covered == sorted(covered)
    (other,) = iterate_balls(x, squares, np.random.default_rng(0).choice(600, 40, replace=False), 1.7)
    assert covered[-1] > other.any(axis=0).mean()


def test_the_radius_of_probcover_leaves_95_percent_of_balls_pure(digits, monkeypatch):
    x = digits[0]
    seen = {}

    class RecordingKMeans:
        def __init__(self, *args, **kwargs):
            from sklearn.cluster import KMeans

            self.fitter = KMeans(*args, **kwargs)

        def fit(self, features):
            seen["labels"] = self.fitter.fit(features).labels_
            return self.fitter

    monkeypatch.setattr("sklearn.cluster.MiniBatchKMeans", RecordingKMeans)
    delta = estimate_pure_radius(pool_of(x, digits[1]), 0.95)
    near, same = pairwise_distances(x) <= delta, seen["labels"][:, None] == seen["labels"]
    assert abs((~(near & ~same).any(axis=1)).mean() - 0.95) < 0.005


def test_uncertainty_scores_of_three_rows():
    p = np.array([[0.5, 0.5, 0], [0.4, 0.3, 0.3], [1, 0, 0]])
    np.testing.assert_allclose(uncertainty_scores(p, "margin"), [0, -0.1, -1])
    np.testing.assert_allclose(uncertainty_scores(p, "least-confidence"), [-0.5, -0.4, -1])
    np.testing.assert_allclose(uncertainty_scores(p, "entropy"), [np.log(2), 1.0889, 0], atol=1e-4)


def test_uncertainty_asks_where_the_classifier_uncertainty_scores():
    x = np.linspace(0, 1, 101)[:, None].astype(np.float32)
    y = (x[:, 0] > 0.6).astype(np.int64)

    class Threshold:
        def __init__(self, labels):
            low, high = x[labels.indices[labels.labels == 0]].max(), x[labels.indices[labels.labels == 1]].min()
            self.boundary = (low + high) / 2

        def predict_proba(self, samples):
            p = 1 / (1 + np.exp(-20 * (samples[:, 0] - self.boundary)))
            return np.stack([1 - p, p], axis=1)

    pool = pool_of(x, y, 12, clusters_of(x, np.repeat([0, 1], [50, 51])), Threshold)
    labels = strategy("uncertainty", pool, rounds=11)
    assert len(labels.indices) == 12
    assert {60, 61} <= set(labels.indices)  # both sides of the boundary
    np.testing.assert_array_equal(labels.labels, y[labels.indices])


# Propagation


def test_conjugate_gradients_agree_with_a_direct_solver(digits):
    lap = make_laplacian(gaussian_affinities(nearest_neighbors(digits[0])), 0.01)
    b = np.random.default_rng(0).normal(size=(600, 3))
    np.testing.assert_allclose(solve(lap, b, tolerance=1e-9), spsolve(lap.tocsc(), b), atol=1e-6)
    assert not solve(lap, np.zeros((600, 2))).any()


def path_graph(n):
    from scipy.sparse import diags

    return diags([np.ones(n - 1), np.ones(n - 1)], [-1, 1]).tocsr()


def test_aggregates_save_steps_and_change_no_solution(monkeypatch):
    """Twenty clusters with weak links, and two without a link to the others."""
    monkeypatch.setattr(propagation, "MAX_AGGREGATES", 100)
    rng = np.random.default_rng(0)
    centers = np.column_stack([3.0 * np.arange(22), np.zeros(22)])
    centers[20:] += 1000
    x = np.concatenate([center + rng.normal(size=(60, 2)) for center in centers]).astype(np.float32)
    lap = make_laplacian(gaussian_affinities(nearest_neighbors(x)))
    source = np.zeros((len(x), 2))
    source[[0, 1100]] = [[0.5, -0.5], [-0.5, 0.5]]
    steps = {"two-level": 0, "diagonal": 0}

    def counting(name, precondition):
        def apply(r):
            steps[name] += 1
            return precondition(r)

        return apply

    two_level = propagation.two_level(lap)
    u = solve(lap, source, tolerance=1e-8, precondition=counting("two-level", two_level))
    scale = 1 / lap.diagonal()[:, None]
    v = solve(lap, source, tolerance=1e-8, precondition=counting("diagonal", lambda r: scale * r))
    np.testing.assert_allclose(u, spsolve(lap.tocsc(), source), atol=1e-5 * abs(u).max())
    assert 2 * steps["two-level"] < steps["diagonal"]
    assert not u[1200:].any(), "no label reaches the last two clusters"
    assert not v[1200:].any()


def test_there_are_no_aggregates_of_samples_without_a_path(monkeypatch):
    monkeypatch.setattr(propagation, "MAX_AGGREGATES", 3)
    x = np.repeat(np.arange(4) * 100.0, 15)[:, None] + np.random.default_rng(0).normal(size=(60, 1))
    lap = make_laplacian(gaussian_affinities(nearest_neighbors(x.astype(np.float32))))
    assert propagation.aggregate(lap)[1].shape == (4, 4)
    assert propagation.two_level(lap) is None


def test_laplace_is_linear_between_two_ends_of_a_path():
    u = solve_harmonic(make_laplacian(path_graph(5)), PseudoLabels([0, 4], [0, 1]), 2)
    np.testing.assert_allclose(u[:, 1], [0, 0.25, 0.5, 0.75, 1], atol=1e-3)


def test_poisson_is_the_potential_of_charges_on_a_path():
    source = np.array([[0.5], [0], [0], [0], [-0.5]])  # labels of two classes at the ends: one-hot less their mean
    u = solve(make_laplacian(path_graph(5)), source, tolerance=1e-6)[:, 0]
    np.testing.assert_allclose(u - u.mean(), [1, 0.5, 0, -0.5, -1], atol=1e-3)


@pytest.mark.parametrize("budget", [2, 10])
def test_poisson_agrees_with_a_direct_solver(budget, digits):
    x, y = digits
    clusters = clusters_of(x, np.arange(600) % budget)
    result = strategy("poisson", pool_of(x, y, budget, clusters))
    selected = clusters.medoids
    source = np.zeros((600, 10))
    source[selected] = np.eye(10)[y[selected]] - np.eye(10)[y[selected]].mean(axis=0)
    u = spsolve(make_laplacian(gaussian_affinities(nearest_neighbors(x))).tocsc(), source)
    assert (u.argmax(axis=1)[result.indices] != result.labels).sum() <= 2  # near-ties


def test_one_label_spreads_to_its_whole_component(digits):
    result = strategy("poisson", pool_of(digits[0], digits[1], 1, clusters_of(digits[0], np.zeros(600, int))))
    assert len(result.indices) == 600
    assert len(np.unique(result.labels)) == 1


def test_samples_that_no_label_reaches_get_no_label():
    far = np.concatenate([np.random.default_rng(0).normal(place, 0.1, (30, 2)) for place in (0, 50, 100)])
    labels, clusters = np.repeat([0, 1, 1], 30), clusters_of(far.astype(np.float32), np.repeat([0, 1, 1], 30))
    for name in ("laplace", "poisson", "label-spreading"):
        result = strategy(name, pool_of(far, labels, 2, clusters))
        assert set(range(30)) <= set(result.indices) <= set(range(60))
        assert name == "label-spreading" or len(result.indices) == 60  # its links go one way
        assert (result.labels[:30] == 0).all()


def test_label_spreading_agrees_with_scikit_learn(digits):
    x, y = digits
    clusters = clusters_of(x, np.arange(600) % 40)
    result = strategy("label-spreading", pool_of(x, y, 40, clusters), neighbors=7)
    known = np.full(600, -1)
    known[clusters.medoids] = y[clusters.medoids]
    own = LabelSpreading(kernel="knn", n_neighbors=8, alpha=0.2).fit(x, known)  # itself is one of its 8
    assert (own.transduction_[result.indices] == result.labels).mean() > 0.995  # 20 neighbors have ties


def test_pwll_agrees_with_dense_linear_algebra(digits):
    x, y = digits[0][:80], digits[1][:80]
    result = strategy("pwll", pool_of(x, y, 12, seed=3), tau=0.01)
    w = gaussian_affinities(nearest_neighbors(x)).toarray()
    lap, selected = np.diag((1 + 1e-4) * w.sum(axis=1)) - w, [int(np.random.default_rng(3).integers(80))]
    for _ in range(12):
        charges = np.full(80, -len(selected) / 80)
        charges[selected] += 1
        potential = np.linalg.solve(lap, charges)
        gamma = potential - potential.min() + 1e-5
        weights = w * gamma[:, None] * gamma
        a = np.diag((1 + 1e-4) * weights.sum(axis=1) + 0.01) - weights
        free = np.setdiff1d(np.arange(80), selected)
        u = np.eye(y.max() + 1)[y]
        u[free] = np.linalg.solve(a[np.ix_(free, free)], -a[np.ix_(free, selected)] @ u[selected])
        norms = np.linalg.norm(u, axis=1)
        norms[selected] = np.inf
        selected.append(int(norms.argmin()))
    predicted = u.argmax(axis=1)
    assert (predicted[result.indices] == result.labels).mean() > 0.98


def test_poisson_beats_laplace_at_one_label_per_class(tmp_path):
    arguments = [
        "poisson:select=random",
        "laplace:select=random",
        "-b",
        "10",
        "-s",
        "5",
        "-t",
        "logreg",
        "-o",
        tmp_path,
    ]
    assert command("run", *arguments).status == 0
    right = rows(tmp_path).groupby("strategy").pseudo_accuracy.mean()
    assert right["poisson:select=random"] > right["laplace:select=random"] + 0.1


def test_self_training_keeps_confident_predictions():
    x = np.linspace(0, 1, 50)[:, None].astype(np.float32)
    y = (x[:, 0] > 0.5).astype(np.int64)
    seen = []

    class Linear:
        def __init__(self, labels):
            seen.append(labels)

        def predict_proba(self, samples):
            return np.stack([1 - samples[:, 0], samples[:, 0]], axis=1)

    pool = pool_of(x, y, 2, clusters_of(x, np.repeat([0, 1], 25)), Linear)
    result = strategy("self-training", pool, threshold=0.9, rounds=2)
    assert [len(labels.indices) for labels in seen] == [2, 12]
    expected = set(np.flatnonzero((x[:, 0] >= 0.9) | (x[:, 0] <= 0.1))) | set(pool.clusters.medoids)
    assert set(result.indices) == expected


def test_co_testing_queries_disagreements_and_trains_on_agreements():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(at, 0.5, (n, 2)) for at, n in ((0, 300), (10, 300), ((1.5, 0), 15))])
    y, island = np.repeat([0, 1, 1], [300, 300, 15]), np.arange(600, 615)
    asked = []

    class Oracle:
        def predict_proba(self, samples):
            return np.where(np.eye(2)[y] > 0, 0.9, 0.1).astype(np.float32)

    def ask(indices):
        asked.append(indices)
        return y[indices]

    pool = replace(pool_of(x, y, 12, train=lambda pseudo_labels: Oracle()), _ask=ask)
    labels = strategy("co-testing", pool, rounds=2)
    assert not set(asked[0]) & set(island)
    assert set(np.concatenate(asked[1:])) & set(island)
    alone = strategy("co-testing", pool_of(x, y, 4, train=lambda pseudo_labels: Oracle()), rounds=1)
    np.testing.assert_array_equal(labels.labels, y[labels.indices])
    np.testing.assert_array_equal(alone.labels, y[alone.indices])


def test_co_testing_assigns_no_class_to_samples_that_no_label_reaches():
    far = np.concatenate([np.random.default_rng(0).normal(at, 0.1, (60, 2)) for at in (0, 50, 100)])
    queried = PseudoLabels([3, 70], [0, 1])
    scores = solve_poisson(gaussian_affinities(nearest_neighbors(far.astype(np.float32))), queried, 2)
    probabilities = np.tile(np.float32([0.99, 0.01]), (180, 1))
    assert not find_clear(scores)[120:].any()
    assert not find_agreement(scores, probabilities, 0.8)[120:].any()
    assert find_agreement(scores, probabilities, 0.8)[:60].all()
    assert not find_agreement(scores, probabilities, 1.0).any()
    agreed = find_agreement(scores, probabilities, 0.8)
    is_trainable = find_trainable(scores, agreed)
    assert (is_trainable[:60] == agreed[:60]).all()
    assert is_trainable[60:120].mean() > 0.7  # the views never agree on class 1, so the graph alone decides
    assert not is_trainable[120:].any()


def test_classifiers_of_co_testing_get_all_queried_labels_and_at_most_the_sample():
    x = np.random.default_rng(0).random((300, 2), np.float32)
    y, seen, asked = (x[:, 0] > 0.5).astype(np.int64), [], []

    class Undecided:
        def predict_proba(self, samples):
            return np.full((len(samples), 2), 0.5, np.float32)

    def train(pseudo_labels):
        seen.append((pseudo_labels, np.concatenate(asked)))
        return Undecided()

    def ask(indices):
        asked.append(indices)
        return y[indices]

    strategy("co-testing", replace(pool_of(x, y, 40, train=train), _ask=ask), rounds=4, sample=60)
    assert [len(pseudo_labels.indices) for pseudo_labels, _ in seen] == [60] * 4
    assert all(set(known) <= set(pseudo_labels.indices) for pseudo_labels, known in seen)
    assert [len(known) for _, known in seen] == [8, 16, 24, 32]
    assert len(np.unique(np.concatenate(asked))) == 40


def test_predictions_that_a_strategy_receives_are_checked(tmp_path):
    (tmp_path / "short.py").write_text(
        """
import numpy as np
from pslbench import hookimpl, trainer

class Short:
    def predict_proba(self, x):
        return np.ones((len(x), 1), np.float32)

@trainer("short")
def short(data, seed):
    return Short()

@hookimpl
def pslbench_register():
    yield short
"""
    )
    arguments = ["co-testing", "-d", "digits", "-t", "short", "-b", "20", "--plugin", tmp_path / "short.py"]
    outcome = command("run", *arguments, "-o", tmp_path / "out")
    assert outcome.status != 0
    assert "(1297, 10)" in outcome.err
    assert "(1297, 1)" in outcome.err


def test_medoids_are_nearest_the_centers_of_k_means(digits):
    selected = select_medoids(digits[0], 12, np.random.default_rng(0))
    assert len(set(selected)) == 12
    seed = int(np.random.default_rng(0).integers(2**32))
    fitted = MiniBatchKMeans(12, batch_size=1024, n_init=3, random_state=seed).fit(digits[0])
    for c in range(12):
        members = np.flatnonzero(fitted.labels_ == c)
        distances = np.linalg.norm(digits[0][members] - fitted.cluster_centers_[c], axis=1)
        assert members[distances.argmin()] in selected
    drawn = [digits[0][np.random.default_rng(seed).permutation(600)[:12]] for seed in range(20)]
    radius = pairwise_distances(digits[0], digits[0][selected]).min(axis=1).mean()
    assert radius < min(pairwise_distances(digits[0], some).min(axis=1).mean() for some in drawn)


def test_clear_samples_are_found_per_class_at_any_scale_of_the_scores():
    high, low = np.linspace(0.1, 0.9, 10), np.linspace(0.001, 0.009, 10)
    u = np.concatenate([np.stack([1 + high, 1 - high, 0 * high], 1), np.stack([1 - low, 1 + low, 0 * low], 1)])
    assert np.flatnonzero(~find_clear(u)).tolist() == [0, 1, 10, 11]


def test_label_errors_among_six_samples():
    labels = np.array([0, 0, 0, 1, 1, 1])
    p1 = np.array(
        [0.1, 0.2, 0.9, 0.9, 0.7, 0.2]
    )  # thresholds: class 0 (0.9 + 0.8 + 0.1) / 3, class 1 (0.9 + 0.7 + 0.2) / 3
    wrong = find_label_errors(labels, np.stack([1 - p1, p1], axis=1))
    assert np.flatnonzero(wrong).tolist() == [2, 5]


def test_confident_removes_more_wrong_labels_than_right_ones(tmp_path):
    assert command("run", "confident", "centroid", "-s", "2", "-t", "logreg", "-o", tmp_path).status == 0
    by = rows(tmp_path).groupby("strategy")[["pseudo_accuracy", "coverage"]].mean()
    assert by.pseudo_accuracy["confident"] > by.pseudo_accuracy["centroid"]
    assert 0.5 < by.coverage["confident"] < 1


def test_every_strategy_depends_on_its_seed_alone_and_stays_within_the_budget(tmp_path):
    arguments = ["run", *SELECTING, *SPREADING, "-d", "digits", "-t", "logreg", "-b", "60", "-s", "2"]
    for folder, jobs in (("a", 1), ("b", 2)):
        outcome = command(*arguments, "-j", jobs, "-o", tmp_path / folder, "--cache-dir", tmp_path / f"cache-{folder}")
        assert outcome.status == 0, outcome.err
    first, second = rows(tmp_path / "a"), rows(tmp_path / "b")
    assert first.equals(second)
    assert (first.labels_spent <= 60).all()
    spent = first.groupby("strategy").labels_spent.min()
    by_medoids = ["centroid-only", "self-training", "confident", "label-spreading", "laplace", "poisson"]
    assert (spent.drop(by_medoids) == 60).all()


@pytest.mark.parametrize("name", ["typiclust", "probcover", "k-center", "pwll", "poisson", "confident", "co-testing"])
@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_strategies_work_on_duplicates_and_on_tiny_pools(name):
    def regression(x, n_classes):
        def train(pseudo_labels):
            return logreg(
                TrainingData(x, pseudo_labels.indices, pseudo_labels.labels, None, n_classes, x[:0], lambda p: 0)
            )

        return train

    same = np.ones((40, 3), np.float32)
    few = clusters_of(same, np.arange(40) % 8)
    result = strategy(name, pool_of(same, np.arange(40) % 2, 12, few, regression(same, 2)))
    assert isinstance(result, PseudoLabels)
    tiny = np.random.default_rng(0).random((5, 2), np.float32)
    pool = pool_of(tiny, np.arange(5) * 2, 5, clusters_of(tiny, np.arange(5)), regression(tiny, 9))
    everything = strategy(name, pool)
    np.testing.assert_array_equal(everything.labels, 2 * everything.indices)


def test_confident_gives_a_cluster_the_label_of_its_own_sample():
    x = np.array([[0, 0], [0, 4], [0, 3], [0, 9]], np.float32)  # the labeled sample 2 is nearest both centers
    pool = pool_of(x, np.array([0, 0, 1, 1]), 2, clusters_of(x, [0, 0, 1, 1]))
    assert label_by_cluster(pool, PseudoLabels([0, 2], [0, 1])).tolist() == [0, 0, 1, 1]


def test_seeds_form_one_combination_if_the_embedding_is_random(tmp_path):
    arguments = ["poisson", "pwll", "-d", "digits", "-e", "pca:dims=8", "-t", "logreg", "-b", "30", "-s", "2"]
    assert command("run", *arguments, "-o", tmp_path).status == 0
    assert len(rows(tmp_path)) == 4
