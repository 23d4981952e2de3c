"""Clusterers, embedders, trainers and scores on real data."""

from dataclasses import replace

import numpy as np
import pytest
from helpers import command, rows
from scipy.special import softmax
from sklearn.metrics import adjusted_rand_score, f1_score, log_loss
from sklearn.neighbors import KNeighborsClassifier

from pslbench.analysis.metrics import calibration_error, classifier_scores, cluster_scores
from pslbench.clustering import fit_clusters
from pslbench.contracts import Clusters, TrainingData
from pslbench.embedders.upright import deslant
from pslbench.errors import ContractError, InputError
from pslbench.plugins.discovery import discover

CATALOG = discover()


def use(kind, text, *arguments):
    """Call a part. The seed, the last argument, is passed only if the part takes one."""
    selected = CATALOG.parse(kind, text)[0]
    seeded = kind == "dataset" or CATALOG.part_of(selected).takes_seed
    return CATALOG.call(selected, *(arguments if seeded else arguments[:-1]))


@pytest.fixture(scope="module")
def digits():
    return use("dataset", "digits")


@pytest.mark.parametrize(
    "name",
    [
        "minibatch-kmeans",
        "kmeans",
        "spherical-kmeans",
        "gmm",
        "birch",
        "agglomerative",
        "agglomerative:n_neighbors=0",
        "spectral",
    ],
)
def test_clusterers_separate_the_classes_of_digits(digits, name):
    features = digits.x_train.reshape(len(digits.x_train), -1)
    test = digits.x_test.reshape(len(digits.x_test), -1)
    (clusters, new), (again, _) = (fit_clusters(use("clusterer", name, 40, 7), features, 40, test) for _ in range(2))
    assert np.array_equal(clusters.assignment, again.assignment)
    assert clusters.k == 40
    assert len(np.unique(clusters.assignment)) >= 35
    members = [np.flatnonzero(clusters.assignment == c) for c in range(40)]
    for c, inside in enumerate(members):
        if len(inside):
            distances = np.linalg.norm(features[inside] - clusters.centers[c], axis=1)
            np.testing.assert_allclose(clusters.distances[inside], distances, rtol=1e-4, atol=1e-4)
            assert clusters.medoids[c] == inside[distances.argmin()]
    assert cluster_scores(digits.y_train, clusters.assignment)["purity"] > 0.7
    assert new.shape == (500,)
    label_of = np.array([np.bincount(digits.y_train[i], minlength=10).argmax() if len(i) else 0 for i in members])
    assert (label_of[new] == digits.y_test).mean() > 0.7


@pytest.mark.parametrize("name", ["kmeans", "spherical-kmeans", "hdbscan", "spectral"])
@pytest.mark.parametrize(("n", "k"), [(2, 1), (6, 3), (30, 30), (40, 8)])
def test_clusterers_work_on_few_samples_and_on_duplicates(name, n, k):
    few = np.random.default_rng(0).random((n, 3), np.float32)
    clusters, _ = fit_clusters(use("clusterer", name, k, 0), few, k)
    assert len(clusters.assignment) == n
    if name != "kmeans":
        zeros, _ = fit_clusters(use("clusterer", name, k, 0), np.zeros((n, 3), np.float32), k)
        assert zeros.k <= k


def test_hdbscan_assigns_every_sample_and_separates_dense_regions():
    rng = np.random.default_rng(0)
    blobs = np.concatenate([rng.normal(place, 0.3, (size, 2)) for place, size in ((0, 60), (5, 40), (10, 20))])
    stray = np.array([[2.0, 2.0], [11.5, 11.5]])
    clusters, _ = fit_clusters(use("clusterer", "hdbscan", 9, 0), np.concatenate([blobs, stray]).astype(np.float32), 9)
    assert clusters.k == 3
    np.testing.assert_array_equal(clusters.assignment, np.repeat([0, 1, 2, 0, 2], [60, 40, 20, 1, 1]))
    two, _ = fit_clusters(use("clusterer", "hdbscan", 2, 0), blobs.astype(np.float32), 2)
    np.testing.assert_array_equal(two.assignment, np.repeat([0, 1], [60, 60]))  # the third's nearest


def test_spherical_kmeans_ignores_lengths():
    angles = np.repeat([0.1, 0.8, 1.4], 30) + np.random.default_rng(0).normal(0, 0.02, 90)
    lengths = np.random.default_rng(1).uniform(0.1, 50, 90)
    x = (np.stack([np.cos(angles), np.sin(angles)], axis=1) * lengths[:, None]).astype(np.float32)
    clusters, _ = fit_clusters(use("clusterer", "spherical-kmeans", 3, 0), x, 3)
    assert cluster_scores(np.repeat([0, 1, 2], 30), clusters.assignment)["purity"] == 1


def test_the_autoencoder_places_similar_images_near_each_other(digits):
    embedding = use("embedder", "autoencoder:dims=16,epochs=30", digits.x_train, 0)
    assert embedding.features.shape == (1297, 16)
    near = KNeighborsClassifier(5).fit(embedding.features, digits.y_train)
    assert near.score(embedding.transform(digits.x_test), digits.y_test) > 0.9


def test_shifted_and_sheared_images_are_deslanted():
    bar = np.zeros((20, 20), np.float32)
    bar[4:16, 8:12] = 1
    slanted = np.stack([np.roll(bar[row], 2 + (row - 10) // 2) for row in range(20)])
    images = np.stack([bar, slanted, np.zeros_like(bar)])[..., None]
    moved = deslant(images)[..., 0]
    rows, columns = np.mgrid[:20, :20]
    for image in moved[:2]:
        mass = image.sum()
        row, column = (rows * image).sum() / mass, (columns * image).sum() / mass
        assert np.allclose([row, column], 9.5, atol=0.1)
        assert abs(((rows - row) * (columns - column) * image).sum() / mass) < 0.5
    assert np.abs(moved[1] - moved[0]).mean() < np.abs(slanted - bar).mean() / 3
    assert not moved[2].any()


def test_the_nearest_share_of_each_cluster(digits):
    features = digits.x_train.reshape(len(digits.x_train), -1)
    clusters, _ = fit_clusters(use("clusterer", "kmeans", 30, 0), features, 30)
    assert np.array_equal(clusters.nearest(1.0), np.arange(len(features)))
    few = clusters.nearest(1e-9)
    assert np.array_equal(np.sort(few), np.sort(clusters.medoids))
    kept = clusters.nearest(0.3)
    for c in range(30):
        inside = clusters.assignment == c
        mine = kept[clusters.assignment[kept] == c]
        assert len(mine) == np.ceil(0.3 * inside.sum())
        assert clusters.distances[mine].max() <= np.delete(clusters.distances, mine)[np.delete(inside, mine)].min()
    with pytest.raises(InputError, match="keep must be above 0"):
        clusters.nearest(0)


def test_a_cluster_without_members_gets_the_nearest_sample_as_its_medoid():
    class Fitted:
        cluster_centers_ = np.array([[0.0], [1.0], [5.0]])
        labels_ = np.array([0, 0, 1])

        def fit(self, features):
            return self

    clusters, _ = fit_clusters(Fitted(), np.array([[0.1], [0.2], [1.5]], np.float32), 3)
    assert clusters.medoids.tolist() == [0, 2, 2]


@pytest.mark.parametrize("wrong", [[-1, 0], [0, 3], [[0], [1]], [0.0, 1.5], [0.0, 1.0], [0], None])
@pytest.mark.parametrize("source", ["labels_", "predict"])
def test_labels_of_a_clusterer_that_are_not_one_cluster_number_per_sample_are_refused(source, wrong):
    class Fitted:
        cluster_centers_ = np.array([[0.0], [1.0], [5.0]])
        labels_ = np.array(wrong if source == "labels_" else [0, 1])

        def fit(self, features):
            return self

        def predict(self, features):
            return np.array(wrong if source == "predict" else [0, 1])

    with pytest.raises(ContractError, match="one integer from 0 to 2"):
        fit_clusters(Fitted(), np.array([[0.1], [0.9]], np.float32), 3, np.array([[0.2], [0.8]], np.float32))


@pytest.mark.parametrize(("distinct", "k"), [([[0.0, 0.0]], 1), ([[0.0, 0.0], [1.0, 0.0]], 2)])
def test_birch_gives_fewer_clusters_if_few_samples_are_distinct(distinct, k):
    features = np.repeat(np.array(distinct, np.float32), 20, axis=0)
    clusters, _ = fit_clusters(use("clusterer", "birch", 15, 0), features, 15)
    assert clusters.k == k
    assert clusters.assignment.tolist() == np.repeat(np.arange(k), 20).tolist()


def test_a_share_of_a_cluster_is_not_rounded_up_by_binary_arithmetic():
    assignment = np.zeros(100, np.int64)
    line = np.arange(100, dtype=np.float32)
    clusters = Clusters(assignment, np.zeros((1, 1), np.float32), np.zeros(1, np.int64), line)
    assert clusters.nearest(0.07).tolist() == list(range(7))
    assert clusters.nearest(0.55).tolist() == list(range(55))
    assert clusters.nearest(0.071).tolist() == list(range(8))


def test_pca_maps_new_samples_into_the_same_space(digits):
    embedding = use("embedder", "pca:dims=10", digits.x_train, 0)
    assert embedding.features.shape == (1297, 10)
    np.testing.assert_allclose(embedding.transform(digits.x_train[:5]), embedding.features[:5], atol=1e-4)
    with pytest.raises(InputError, match="from 1 to 64"):
        use("embedder", "pca:dims=65", digits.x_train, 0)


def training(data, selected, **more):
    return TrainingData(
        data.x_train, selected, data.y_train[selected], more.get("weights"), 10, data.x_test, lambda p: 0.0
    )


@pytest.mark.parametrize("name", ["logreg", "cnn:epochs=2,min_steps=0,batch_size=16"])
def test_trainers_learn_and_use_weights(digits, name):
    everything = np.arange(len(digits.x_train))
    proba = use("trainer", name, training(digits, everything), 0).predict_proba(digits.x_test)
    assert proba.shape == (500, 10)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-4)
    assert (proba.argmax(axis=1) == digits.y_test).mean() > 0.8
    both = np.flatnonzero((digits.y_train == 0) | (digits.y_train == 1))
    zeros, ones = (digits.y_train[both] == 0).astype(np.float32), digits.x_test[digits.y_test == 1]
    seeing, blind = (use("trainer", name, training(digits, both, weights=w), 0) for w in (np.ones_like(zeros), zeros))
    found, missed = ((model.predict_proba(ones).argmax(axis=1) == 1).mean() for model in (seeing, blind))
    assert found > missed + 0.2


@pytest.mark.parametrize("name", ["logreg", "cnn:epochs=1,min_steps=60", "cnn:epochs=1,min_steps=0,batch_size=64"])
@pytest.mark.parametrize("weighted", [False, True])
def test_one_hot_soft_labels_train_like_hard_labels(digits, name, weighted):
    selected = np.arange(200)
    weights = np.linspace(0.1, 1, 200, dtype=np.float32) if weighted else None
    hard = training(digits, selected, weights=weights)
    soft = replace(hard, labels=np.eye(10, dtype=np.float32)[hard.labels])
    expected, found = (use("trainer", name, data, 0).predict_proba(digits.x_test) for data in (hard, soft))
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.98


@pytest.mark.parametrize("name", ["logreg", "cnn:epochs=1,min_steps=300"])
def test_both_classes_of_a_half_and_half_label_are_trained_on(digits, name):
    zeros, others = (np.flatnonzero(digits.y_train == label)[:40] for label in (0, 1))
    labels = np.zeros((80, 10), np.float32)
    labels[:40, [0, 3]] = 0.5
    labels[40:, 1] = 1
    data = replace(training(digits, np.concatenate([zeros, others])), labels=labels)
    proba = use("trainer", name, data, 0).predict_proba(digits.x_test[digits.y_test == 0])
    assert (abs(proba[:, [0, 3]].mean(axis=0) - 0.5) < 0.1).all()


def test_soft_labels_of_one_class_make_a_constant_classifier(digits):
    labels = np.zeros((5, 10), np.float32)
    labels[:, 3] = 1
    data = replace(training(digits, np.arange(5)), labels=labels)
    assert (use("trainer", "logreg", data, 0).predict_proba(digits.x_test[:2]) == labels[:2]).all()


def test_trainers_that_need_hard_labels_say_so():
    takes_soft_labels = {name: part.soft_labels for name, part in CATALOG.parts("trainer").items()}
    assert {name for name, takes in takes_soft_labels.items() if not takes} == {"fixmatch", "freematch"}


@pytest.mark.parametrize(
    "name", ["cnn:epochs=1,min_steps=0,precision=float32", "cnn:epochs=1,min_steps=0,recipe=notebook"]
)
def test_a_network_names_its_arithmetic(digits, name):
    network = use("trainer", name, training(digits, np.arange(32)), 0)
    assert network.compute_dtype == "float32"


def test_logreg_predicts_the_only_class(digits):
    threes = np.flatnonzero(digits.y_train == 3)[:20]
    proba = use("trainer", "logreg", training(digits, threes), 0).predict_proba(digits.x_test[:7])
    assert (proba == np.eye(10)[[3] * 7]).all()


def test_augmented_images_change_a_little_and_at_random():
    from pslbench.trainers.augmentation import MAX_SHIFT, augment_images, cut_out

    dot = np.zeros((200, 28, 28, 1), np.float32)
    dot[:, 13:15, 13:15] = 1
    moved = augment_images(dot, np.random.default_rng(0))
    mass = moved.sum(axis=(1, 2, 3))
    grid = np.arange(28)
    centers = np.stack([(moved.sum(axis=2)[..., 0] @ grid) / mass, (moved.sum(axis=1)[..., 0] @ grid) / mass], axis=1)
    assert abs(centers - 13.5).max() <= 1.25 * MAX_SHIFT * 28 + 0.1  # what is shifted may be enlarged too
    assert (centers.std(axis=0) > 1).all()
    assert abs(centers.mean(axis=0) - 13.5).max() < 0.5
    np.testing.assert_array_equal(moved, augment_images(dot, np.random.default_rng(0)))
    holes = (cut_out(np.ones((50, 28, 28, 1), np.float32), np.random.default_rng(0)) == 0).sum(axis=(1, 2, 3))
    assert holes.max() == 49
    assert holes.min() > 0


def test_probabilities_are_the_mean_over_an_image_and_views_of_it(digits):
    from pslbench.trainers.augmentation import apply_transforms

    shared = training(digits, np.arange(300))
    plain, several = (
        use("trainer", f"cnn:epochs=1,min_steps=20,augment=affine,views={views}", shared, 0) for views in (0, 3)
    )
    seen = [digits.x_test, *(apply_transforms(digits.x_test, view) for view in several.views)]
    assert len(seen) == 4
    assert all((abs(one - digits.x_test) > 0.2).any(axis=(1, 2, 3)).mean() > 0.9 for one in seen[1:])
    by_hand = np.mean([plain.predict_proba(images) for images in seen], axis=0)
    np.testing.assert_allclose(several.predict_proba(digits.x_test), by_hand, rtol=1e-5, atol=1e-6)
    assert (abs(by_hand - plain.predict_proba(digits.x_test)) > 0.01).any()
    with pytest.raises(InputError, match="augment=affine"):
        use("trainer", "cnn:views=3", shared, 0)


@pytest.mark.parametrize(("name", "least"), [("fixmatch", 0.55), ("freematch", 0.75)])
def test_semi_supervised_trainers_learn_from_40_labels_and_the_unlabeled_pool(name, least, digits):
    few = training(digits, np.random.default_rng(0).choice(1297, 40, replace=False))
    model = use("trainer", f"{name}:steps=800,mu=1", few, 0)
    assert (model.predict_proba(digits.x_test).argmax(axis=1) == digits.y_test).mean() > least


def test_adaptive_thresholds_after_two_batches():
    from pslbench.trainers.freematch import AdaptiveThresholds

    confident = AdaptiveThresholds(2, 0.5)
    sure = confident(np.array([[0.9, 0.1], [0.6, 0.4]]))  # overall 0.5 to 0.625; classes to 0.625 and 0.375
    assert sure.tolist() == [True, False]
    sure = confident(np.array([[0.3, 0.7], [0.45, 0.55]]))  # overall 0.625; classes 0.5 and 0.5
    assert sure.tolist() == [True, False]


@pytest.mark.parametrize(
    ("n", "sizes", "steps"),
    [
        (10, {10}, 800),
        (17, {8, 9}, 942),
        (120, {15}, 536),
        (257, {15, 16}, 544),
        (1000, {31, 30}, 528),
        (5000, {31, 32}, 628),
        (60_000, {255, 256}, 705),
    ],
)
def test_batches_of_equal_size_make_500_steps_and_8000_images_or_3_epochs(n, sizes, steps):
    from pslbench.trainers.cnn import suite_course

    course = suite_course(n)
    assert set(np.diff([0, *course.splits, n]).tolist()) == sizes
    assert len(course.rates) == course.epochs * (len(course.splits) + 1) == steps


def test_the_learning_rate_rises_first_if_there_are_fewer_than_32_epochs():
    from pslbench.trainers.cnn import suite_course

    many, few = suite_course(120), suite_course(5000)
    assert (many.dropout, few.dropout) == (0.5, 0.35)
    assert many.rates[0] == max(many.rates) == 0.004
    assert few.rates.index(max(few.rates)) == round(0.2 * len(few.rates)) - 1
    assert few.rates[0] < 1e-4
    assert few.rates[-1] < 1e-6


def test_the_recipe_of_the_notebook_trains_120_samples_for_250_epochs_and_60000_for_6():
    from pslbench.trainers.cnn import notebook_course

    assert [notebook_course(n).epochs for n in (120, 60_000)] == [250, 6]
    assert notebook_course(120).splits == [32, 64, 96]
    assert set(notebook_course(120).rates) == {0.001}


def test_the_network_standardizes_its_images_with_the_pool(digits):
    data = training(digits, np.arange(32))
    brighter = replace(data, pool=data.pool * 0.5 + 0.25)
    plain, scaled = (use("trainer", "cnn:epochs=1,min_steps=3,precision=float32", each, 0) for each in (data, brighter))
    expected, found = plain.predict_proba(data.pool), scaled.predict_proba(brighter.pool)
    np.testing.assert_allclose(found, expected, atol=5e-3)


def test_cnn_trains_at_least_min_steps_or_epochs_and_on_images_of_any_size():
    seen = []
    rng = np.random.default_rng(0)
    x = rng.random((50, 32, 30, 3), np.float32)
    data = TrainingData(x, np.arange(50), np.arange(50) % 3, None, 3, x, lambda p: seen.append(p.shape) or 0.0)
    model = use("trainer", "cnn:min_steps=7,epochs=1,select=test", data, 0)
    assert seen == [(50, 3)] * 3  # 7 steps of 16 images are 2.2 epochs of 50 samples
    assert model.predict_proba(x).shape == (50, 3)


def test_dropout_comes_before_the_last_layer_and_less_of_it_after_pooling(digits):
    model = use("trainer", "cnn:epochs=1,min_steps=0,batch_size=32,dropout=0.25", training(digits, np.arange(32)), 0)
    assert [layer.rate for layer in model.model.layers if hasattr(layer, "rate")] == pytest.approx([0.1, 0.25])


def test_batches_with_any_remainder_train_with_and_without_halves(digits):
    data = training(digits, np.arange(130))
    for batch in (60, 129):  # the largest batches of equal size hold 44 and 65 images
        model = use("trainer", f"cnn:epochs=1,min_steps=0,batch_size={batch}", data, 0)
        assert len(model.model.inputs) == (1 if batch == 60 else 2)
        assert np.isfinite(model.predict_proba(digits.x_test[:501])).all()
        assert model.predict_proba(digits.x_test[:1]).shape == (1, 10)


def test_rows_of_halved_batches_do_not_depend_on_the_number_of_cores(tmp_path):
    arguments = ["run", "supervised", "-d", "digits", "-b", "40", "-s", "2", "-t", "cnn:epochs=1,min_steps=0"]
    for folder, jobs in (("one", 1), ("two", 2)):
        words = [*arguments, "-j", jobs, "-o", tmp_path / folder, "--cache-dir", tmp_path / f"cache-{folder}"]
        outcome = command(*words, TF_NUM_INTEROP_THREADS=str(jobs))
        assert outcome.status == 0, outcome.err
    assert rows(tmp_path / "one").equals(rows(tmp_path / "two"))


def test_scores_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    proba = softmax(rng.normal(size=(200, 4)), axis=1)
    y = rng.integers(4, size=200)
    scores = classifier_scores(y, proba)
    assert scores["nll"] == pytest.approx(log_loss(y, proba))
    assert scores["test_accuracy"] == (proba.argmax(1) == y).mean()
    assert scores["macro_f1"] == pytest.approx(f1_score(y, proba.argmax(1), average="macro"))
    few = classifier_scores(y[y < 2], proba[y < 2])
    only = {"labels": [0, 1], "average": "macro", "zero_division": 0}
    assert few["macro_f1"] == pytest.approx(f1_score(y[y < 2], proba[y < 2].argmax(1), **only))
    clusters = rng.integers(9, size=200)
    found = cluster_scores(y, clusters)
    assert found["ari"] == pytest.approx(adjusted_rand_score(y, clusters))
    assert found["purity"] == sum(np.bincount(y[clusters == c]).max() for c in range(9)) / 200


def test_calibration_error_of_known_cases():
    y = np.zeros(100, int)
    y[:30] = 1
    proba = np.tile([0.7, 0.3], (100, 1))
    assert calibration_error(y, proba) == pytest.approx(0, abs=1e-9)
    assert calibration_error(y, np.tile([1.0, 0.0], (100, 1))) == pytest.approx(0.3)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_cnn_trains_on_another_backend_of_keras(tmp_path, backend):
    pytest.importorskip(backend)
    words = ["random", "-d", "digits", "-b", "100", "-s", "1", "-t", "cnn:epochs=1,min_steps=60", "-o", tmp_path]
    outcome = command("run", *words, KERAS_BACKEND=backend)
    assert outcome.status == 0, outcome.err
    assert rows(tmp_path).test_accuracy.item() > 0.3


def test_only_queried_labels_choose_the_penalty_of_the_probe(digits):
    from pslbench.trainers.classifiers import cross_validate, queried_samples

    data = replace(training(digits, np.arange(100)), pool=digits.x_train.reshape(1297, -1))
    marked = replace(data, is_queried=np.arange(100) < 30)
    x, labels = queried_samples(marked)
    assert np.array_equal(x, data.x[:30])
    assert np.array_equal(labels, digits.y_train[:30])
    assert len(queried_samples(replace(data, is_queried=np.zeros(100, bool)))[1]) == 100
    right = np.eye(10, dtype=np.float32)

    def predict(is_right, x, codes, new):
        truth = np.searchsorted(np.unique(digits.y_train[:100]), digits.y_train[new[:, 0].astype(int)])
        return right[truth] if is_right else np.full((len(new), 10), 0.1)

    rows = np.arange(100, dtype=np.float32)[:, None]
    losses = cross_validate((True, False), rows, digits.y_train[:100], predict)
    np.testing.assert_allclose(losses.mean(axis=1), [0, np.log(10)], atol=1e-3)


def test_the_ensemble_prefers_one_member_only_if_it_is_clearly_better():
    from pslbench.trainers.ensemble import clearly_best

    noise = np.random.default_rng(0).normal(size=100).astype(np.float32)
    assert clearly_best(np.stack([noise, noise - 0.5, noise + 1])) == 1
    assert clearly_best(np.stack([noise, noise[::-1] - 0.01, noise + 1])) == 0
