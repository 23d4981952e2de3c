"""The stages of a cell. Each calls one part, checks what it gave, and leaves arrays that can be kept."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pslbench.clustering import fit_clusters
from pslbench.contracts import Clusters, Dataset, Embedding, Graph, Pool, Predictor, PseudoLabels, TrainingData
from pslbench.errors import ContractError
from pslbench.execution.cache import Entry
from pslbench.execution.oracle import CheckedPredictor, LabelAccount, TestSet, behind_doors
from pslbench.neighbors import nearest_neighbors
from pslbench.parts import PartConfig
from pslbench.plugins.catalog import Catalog
from pslbench.results.records import LabelingRecord

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats, Ints

SEEDED = ("embed", "cluster", "strategy", "train", "train-within-strategy")


def seed_of(seed: int, use: str, count: int = 0) -> int:
    """The seed of one use within a cell, from 0 to 2**32 - 1: the same for every cell of that seed."""
    import numpy as np

    return int(np.random.SeedSequence(seed, spawn_key=(SEEDED.index(use), count)).generate_state(1)[0])


def _call(catalog: Catalog, choice: PartConfig, given: Any, seed: int) -> Any:
    takes_seed = catalog.resolve(choice.kind, choice.name)[1].takes_seed
    return catalog.call(choice, given, seed) if takes_seed else catalog.call(choice, given)


def _check_method(choice: PartConfig, given: object, name: str) -> None:
    if not callable(getattr(given, name, None)):
        raise ContractError(f"{choice} must return an object with a method {name}, not {type(given).__name__}")


def load(catalog: Catalog, dataset: PartConfig, checksum: str) -> Entry:
    """The data's arrays. Raises ContractError where they are not what the cell was planned for."""
    data = catalog.call(dataset)
    if data.checksum != checksum:
        raise ContractError(f"{dataset} is not what it was when the run began; run again")
    return as_entry(data)


def as_entry(data: Dataset) -> Entry:
    arrays = {name: getattr(data, name) for name in ("x_train", "y_train", "x_test", "y_test")}
    return Entry(arrays, {"name": data.name, "classes": data.classes})


@lru_cache(maxsize=2)
def as_dataset(entry: Entry) -> Dataset:
    return Dataset(entry.info["name"], **entry.arrays, classes=tuple(entry.info["classes"]))


def embed(catalog: Catalog, embedder: PartConfig, data: Dataset, seed: int) -> Entry:
    """`features`, float32 (n, d), and, where the embedder can place new samples, `test_features`, float32 (m, d)."""
    embedding = _call(catalog, embedder, data.x_train, seed_of(seed, "embed"))
    if not isinstance(embedding, Embedding):
        raise ContractError(f"{embedder} must return Embedding(features), not {type(embedding).__name__}")
    arrays = {"features": _features(embedder, embedding.features, len(data.x_train))}
    if embedding.transform:
        arrays["test_features"] = _features(embedder, embedding.transform(data.x_test), len(data.x_test))
    return Entry(arrays)


def _features(embedder: PartConfig, given: Any, n: int) -> Floats:
    import numpy as np

    features = np.asarray(given, np.float32).view()
    if features.ndim != 2 or len(features) != n:
        raise ContractError(f"{embedder} must give features (n, d), not {features.shape}")
    if not np.isfinite(features).all():
        raise ContractError(f"{embedder} gave features that are not finite")
    features.flags.writeable = False
    return features


def cluster(catalog: Catalog, clusterer: PartConfig, embedding: Entry, k: int, seed: int) -> Entry:
    """The arrays of `Clusters`; `test_assignment`, int64 (m,), where test samples have features."""
    fitter = _call(catalog, clusterer, k, seed_of(seed, "cluster"))
    _check_method(clusterer, fitter, "fit")
    clusters, falls = fit_clusters(fitter, embedding.arrays["features"], k, embedding.arrays.get("test_features"))
    return Entry({**vars(clusters), **({} if falls is None else {"test_assignment": falls})})


def as_clusters(entry: Entry) -> Clusters:
    return Clusters(**{name: array for name, array in entry.arrays.items() if name != "test_assignment"})


def neighbors(embedding: Entry) -> Entry:
    """The arrays of `Graph`."""
    return Entry(vars(nearest_neighbors(embedding.arrays["features"])))


@dataclass(frozen=True, eq=False)
class PoolViews:
    """What a strategy is given beside the samples, as far as it uses it."""

    embedding: Entry | None = None
    clusters: Entry | None = None
    graph: Entry | None = None


@dataclass(frozen=True, eq=False)
class TrainingContext:
    """What labelling and training work on."""

    catalog: Catalog
    data: Dataset
    trainer: PartConfig
    seed: int

    def exam(self) -> TestSet:
        return TestSet(self.data.y_test, self.data.n_classes)


def as_pool(
    bench: TrainingContext,
    budget: int,
    space: PoolViews,
    ask: Callable[[Ints], Ints],
    train: Callable[[PseudoLabels], Predictor],
) -> Pool:
    """What a strategy gets."""
    import numpy as np

    return Pool(
        bench.data.x_train,
        bench.data.n_classes,
        budget,
        np.random.default_rng(seed_of(bench.seed, "strategy")),
        ask,
        train,
        Embedding(space.embedding.arrays["features"]) if space.embedding else None,
        as_clusters(space.clusters) if space.clusters else None,
        Graph(**space.graph.arrays) if space.graph else None,
    )


def label(bench: TrainingContext, strategy: PartConfig, budget: int, space: PoolViews) -> Entry:
    """The arrays of `PseudoLabels`, and `asked`, the samples whose label was asked for, int64 (spent,); `looks` at the
    test set, and in how many `rounds` it trained."""
    data, exam, rounds, doors = bench.data, bench.exam(), [0], list[Callable[[Any], Any]]()
    unlimited = bench.catalog.resolve("strategy", strategy.name)[1].needs_all_labels
    account = LabelAccount(data.y_train, len(data.y_train) if unlimited else budget)

    def train_within(pseudo_labels: PseudoLabels) -> Predictor:
        rounds[0] += 1
        if rounds[0] == 1:
            doors.append(opened.enter_context(behind_doors(exam.look))[0])
        seed = seed_of(bench.seed, "train-within-strategy", rounds[0] - 1)
        return taught(bench, pseudo_labels, doors[0], seed)

    with ExitStack() as opened:
        ask, train_for = opened.enter_context(behind_doors(account.label, train_within))
        given = bench.catalog.call(strategy, as_pool(bench, budget, space, ask, train_for))
    if not isinstance(given, PseudoLabels):
        raise ContractError(f"{strategy} must return PseudoLabels, not {type(given).__name__}")
    _check_labels(given, data, space.clusters)
    arrays = {name: array for name, array in vars(given).items() if array is not None}
    return Entry(arrays | {"asked": account.asked}, {"looks": exam.looks, "rounds": rounds[0]})


def as_pseudo_labels(entry: Entry) -> PseudoLabels:
    return PseudoLabels(**{name: array for name, array in entry.arrays.items() if name != "asked"})


def labeling(labelled: Entry, clusters: Entry | None) -> LabelingRecord:
    """What became of the pool."""
    kept = {name: array for name, array in labelled.arrays.items() if name != "weights"}
    of_clusters = {name: clusters.arrays[name] for name in ("assignment", "medoids")} if clusters else {}
    return LabelingRecord(**kept, **of_clusters)


def _check_labels(given: PseudoLabels, data: Dataset, clusters: Entry | None) -> None:
    n, classes = len(data.x_train), data.n_classes
    if given.indices.min() < 0 or given.indices.max() >= n:
        raise ContractError(f"PseudoLabels.indices must be samples of the pool, 0 to {n - 1}")
    if given.hard_labels.min() < 0 or given.hard_labels.max() >= classes:
        raise ContractError(f"PseudoLabels.labels must be classes, 0 to {classes - 1}")
    if given.cluster_labels is not None and clusters is not None:
        k = len(clusters.arrays["centers"])
        if len(given.cluster_labels) != k:
            raise ContractError(f"PseudoLabels.cluster_labels must have {k} entries, one a cluster")


def train(bench: TrainingContext, pseudo_labels: PseudoLabels) -> Entry:
    """`probabilities`, float16 (m, classes), of the test samples; `looks` at the test set, and the `precision`."""
    import numpy as np

    exam = bench.exam()
    with behind_doors(exam.look) as (look,):
        predictor = _train(bench, pseudo_labels, look, seed_of(bench.seed, "train"))
        probabilities = exam.check(predictor.predict_proba(bench.data.x_test))
    precision = getattr(predictor, "precision", "")
    if not isinstance(precision, str):
        raise ContractError(f"a predictor's precision must be a word, such as 'float32', not {precision!r}")
    return Entry({"probabilities": probabilities.astype(np.float16)}, {"looks": exam.looks, "compute_dtype": precision})


def taught(
    bench: TrainingContext, pseudo_labels: PseudoLabels, look: Callable[[Any], float], seed: int
) -> CheckedPredictor:
    """What a strategy gets for pseudo-labels: the trainer's classifier, whose predictions are checked."""
    return CheckedPredictor(_train(bench, pseudo_labels, look, seed), bench.data.n_classes)


def _train(bench: TrainingContext, pseudo_labels: PseudoLabels, look: Callable[[Any], float], seed: int) -> Predictor:
    import numpy as np

    data = bench.data
    _check_labels(pseudo_labels, data, None)
    training = TrainingData(
        data.x_train,
        **_of(pseudo_labels),
        n_classes=data.n_classes,
        x_test=data.x_test,
        test_accuracy=lambda probabilities: look(np.asarray(probabilities)),
    )
    predictor: Predictor = _call(bench.catalog, bench.trainer, training, seed)
    _check_method(bench.trainer, predictor, "predict_proba")
    return predictor


def _of(pseudo_labels: PseudoLabels) -> dict[str, Any]:
    return {name: getattr(pseudo_labels, name) for name in ("indices", "labels", "weights")}
