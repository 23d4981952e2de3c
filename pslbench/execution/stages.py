"""The stages of a cell. Each function calls one part, checks what it returns, and returns arrays that can be cached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pslbench.clustering import fit_clusters
from pslbench.contracts import Clusters, Embedding, Graph, Pool, Predictor, PseudoLabels, TrainingData
from pslbench.contracts.arrays import Bools, Floats, Ints
from pslbench.contracts.labels import SPLITS
from pslbench.contracts.samples import ImageFiles, Samples, Texts, iterate_blocks, samples_from_arrays
from pslbench.errors import ContractError, InputError, deprecated
from pslbench.execution.cache import Entry
from pslbench.execution.oracle import Corrections, Oracle, check_probabilities
from pslbench.neighbors import nearest_neighbors
from pslbench.parts import Kind, PartConfig
from pslbench.plugins.catalog import Catalog

RANDOM_STREAMS = ("embed", "cluster", "strategy", "train", "train-within-strategy")
Inputs = Mapping[str, Entry]


@dataclass(frozen=True, eq=False)
class CellContext:
    """What the stages of one cell share.

    Attributes:
        catalog: the parts.
        configs: the configuration of the part of each kind.
        budget, seed: of the cell.
        oracle: answers queries for samples, labels and test accuracies.
    """

    catalog: Catalog
    configs: Mapping[Kind, PartConfig | None]
    budget: int
    seed: int
    oracle: Oracle

    def config(self, kind: Kind) -> PartConfig:
        config = self.configs[kind]
        assert config is not None, f"the cell has no {kind}"
        return config

    def call(self, kind: Kind, argument: object, seed: int) -> Any:
        """Call the part of a kind, with the seed if it takes one."""
        config = self.config(kind)
        seeds = [seed] if self.catalog.part_of(config).takes_seed else []
        return self.catalog.call(config, argument, *seeds)


def derive_seed(seed: int, stream: str, count: int = 0) -> int:
    """Return the seed of one random stream of a cell, 0 to 2**32 - 1. Cells with the same seed share it."""
    import numpy as np

    key = (RANDOM_STREAMS.index(stream), count)
    return int(np.random.SeedSequence(seed, spawn_key=key).generate_state(1)[0])


def load_samples(context: CellContext, inputs: Inputs) -> Entry:  # noqa: ARG001
    """Return the arrays of the samples, `x_train` and `x_test`, and of the features that belong to the data."""
    return context.oracle.samples()


def samples_in(data: Entry, name: str) -> Samples:
    """Return the samples `x_train` or `x_test` of the output of `load_samples`. A heap is its own test set."""
    name = "x_train" if data.info.get("is_heap") else name
    return samples_from_arrays(name, data.arrays, data.info.get("columns", ()))


def embed(context: CellContext, inputs: Inputs) -> Entry:
    """Return `features`, float32 (n, d), and `test_features`, float32 (m, d), if the embedder can map new samples."""
    config, data = context.config("embedder"), inputs["data"]
    pool, test = _embedder_samples(context, data)
    embedding = context.call("embedder", pool, derive_seed(context.seed, "embed"))
    if not isinstance(embedding, Embedding):
        raise ContractError(f"{config} must return Embedding(features), not {type(embedding).__name__}")
    arrays = {"features": _check_features(config, embedding.features, len(pool))}
    if embedding.transform and not data.info.get("is_heap"):
        blocks = [embedding.transform(block) for block in iterate_blocks(test)]
        arrays["test_features"] = _check_features(config, _join(blocks), len(test))
    return Entry(arrays)


def _embedder_samples(context: CellContext, data: Entry) -> tuple[Any, Any]:
    """Return what the embedder takes: image files, features that belong to the data, or the samples."""
    takes = context.catalog.part_of(context.config("embedder")).takes
    splits = SPLITS[:1] * 2 if data.info.get("is_heap") else SPLITS
    if "files" in takes and "files_train.utf8" in data.arrays:
        paths = (Texts(data.arrays[f"files_{each}.utf8"], data.arrays[f"files_{each}.ends"]) for each in splits)
        pool, test = (ImageFiles(each, data.info["background"]) for each in paths)
        return pool, test
    if "features" in takes and "features_train" in data.arrays:
        return data.arrays[f"features_{splits[0]}"], data.arrays[f"features_{splits[1]}"]
    return samples_in(data, "x_train"), samples_in(data, "x_test")


def _join(blocks: Sequence[Any]) -> Any:
    """Return what a part returned for the blocks of some samples as one array."""
    import numpy as np

    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def _check_features(embedder: PartConfig, given: object, n: int) -> Floats:
    import numpy as np

    features = np.asarray(given, np.float32).view()
    if features.ndim != 2 or len(features) != n:
        raise ContractError(f"{embedder} must return features (n, d), not {features.shape}")
    if not np.isfinite(features).all():
        raise ContractError(f"{embedder} returned features that are not finite")
    features.flags.writeable = False
    return features


def find_neighbors(context: CellContext, inputs: Inputs) -> Entry:  # noqa: ARG001
    """Return the arrays of `Graph`."""
    return Entry(vars(nearest_neighbors(inputs["embed"].arrays["features"])))


def cluster(context: CellContext, inputs: Inputs) -> Entry:
    """Return the arrays of `Clusters`, and `test_assignment`, int64 (m,), if the test samples have features."""
    features = inputs["embed"].arrays
    fitter = context.call("clusterer", context.budget, derive_seed(context.seed, "cluster"))
    _check_method(context.config("clusterer"), fitter, "fit")
    clusters, test = fit_clusters(fitter, features["features"], context.budget, features.get("test_features"))
    return Entry({**vars(clusters), **({} if test is None else {"test_assignment": test})})


def label(context: CellContext, inputs: Inputs) -> Entry:
    """Return the arrays of `PseudoLabels`, and `asked`, int64 (spent,), the samples whose label was queried.

    Its info has `evaluations`, the number of evaluations on the test set by trainers that the strategy called.
    """
    config, queries = context.config("strategy"), RecordedQueries(context.oracle, inputs["data"])
    train = TrainerWithinStrategy(context, inputs, queries)
    pseudo_labels = context.catalog.call(config, make_pool(context, inputs, queries.label, train))
    if not isinstance(pseudo_labels, PseudoLabels):
        raise ContractError(f"{config} must return PseudoLabels, not {type(pseudo_labels).__name__}")
    data, clusters = inputs["data"], inputs.get("cluster")
    check_labels(pseudo_labels, len(samples_in(data, "x_train")), data.info["n_classes"])
    if pseudo_labels.cluster_labels is not None and clusters is not None:
        _check_cluster_labels(pseudo_labels.cluster_labels, len(clusters.arrays["centers"]), data.info["n_classes"])
    corrected, asked = queries.correct(pseudo_labels, is_final=True)
    arrays = {name: array for name, array in vars(corrected).items() if array is not None}
    return Entry(arrays | {"asked": asked}, {"evaluations": queries.evaluations})


def make_pool(
    context: CellContext,
    inputs: Inputs,
    ask: Callable[[Ints], Ints],
    train: Callable[[PseudoLabels], Predictor],
) -> Pool:
    """Return what the strategy receives."""
    import numpy as np

    strategy = context.configs.get("strategy")
    trains = strategy is not None and context.catalog.part_of(strategy).trains
    return Pool(
        trainer_samples(context, inputs)[0] if trains else samples_in(inputs["data"], "x_train"),
        inputs["data"].info["n_classes"],
        context.budget,
        np.random.default_rng(derive_seed(context.seed, "strategy")),
        ask,
        train,
        Embedding(inputs["embed"].arrays["features"]) if "embed" in inputs else None,
        clusters_of(inputs["cluster"]) if "cluster" in inputs else None,
        Graph(**inputs["graph"].arrays) if "graph" in inputs else None,
    )


def clusters_of(entry: Entry) -> Clusters:
    return Clusters(**{name: array for name, array in entry.arrays.items() if name != "test_assignment"})


def pseudo_labels_of(entry: Entry) -> PseudoLabels:
    return PseudoLabels(**{name: array for name, array in entry.arrays.items() if name != "asked"})


class RecordedQueries:
    """Passes queries on to an oracle, and records which labels were queried and how often the test set was used."""

    def __init__(self, oracle: Oracle, data: Entry) -> None:
        self._oracle, self._data, self._indices, self.evaluations = oracle, data, list["Ints"](), 0

    @property
    def asked(self) -> Ints:
        """The distinct samples whose label was queried, int64, ascending."""
        import numpy as np

        return np.unique(np.concatenate([np.zeros(0, np.int64), *self._indices]))

    def label(self, indices: Ints) -> Ints:
        labels = self._oracle.label(indices)
        self._indices.append(indices)
        return labels

    def correct(self, pseudo_labels: PseudoLabels, is_final: bool) -> tuple[PseudoLabels, Ints]:
        """Return the pseudo-labels as the answers of a person correct them, and the samples with a queried label."""
        import numpy as np

        if not self._data.info.get("is_heap"):
            return pseudo_labels, self.asked
        corrections = self._oracle.corrections(is_final)
        asked = np.union1d(np.setdiff1d(self.asked, corrections.skipped), corrections.known)
        return correct_labels(pseudo_labels, corrections, self._data.info["n_classes"]), asked

    def test_accuracy(self, probabilities: Floats) -> float:
        import numpy as np

        self.evaluations += 1
        return self._oracle.test_accuracy(np.asarray(probabilities))


def correct_labels(pseudo_labels: PseudoLabels, corrections: Corrections, n_classes: int) -> PseudoLabels:
    """Return pseudo-labels without the samples that a person skipped, and with those that a person labeled."""
    import numpy as np

    known, labels = corrections.known, corrections.labels
    if not len(known) and not len(corrections.skipped):
        return pseudo_labels
    kept = ~np.isin(pseudo_labels.indices, np.concatenate([corrections.skipped, known]))
    added = np.eye(n_classes, dtype=np.float32)[labels] if pseudo_labels.are_soft else labels
    weights = pseudo_labels.weights
    if weights is not None:
        weights = np.concatenate([weights[kept], np.full(len(known), weights.max(), np.float32)])
    return PseudoLabels(
        np.concatenate([pseudo_labels.indices[kept], known]),
        np.concatenate([pseudo_labels.labels[kept], added]),
        weights,
        pseudo_labels.cluster_labels,
    )


class TrainerWithinStrategy:
    """The trainer of the cell, for a strategy that calls it. Each call has a seed of its own."""

    def __init__(self, context: CellContext, inputs: Inputs, queries: RecordedQueries) -> None:
        self._context, self._inputs, self._queries, self._calls = context, inputs, queries, 0

    def __call__(self, pseudo_labels: PseudoLabels) -> CheckedPredictor:
        """Raises ContractError if the strategy does not declare that it trains."""
        strategy = self._context.config("strategy")
        if not self._context.catalog.part_of(strategy).trains:
            raise ContractError(f"{strategy} calls pool.train; register it with trains=True")
        self._calls += 1
        return train_within_strategy(self._context, self._inputs, self._queries, pseudo_labels, self._calls - 1)


def train_within_strategy(
    context: CellContext, inputs: Inputs, queries: RecordedQueries, pseudo_labels: PseudoLabels, count: int = 0
) -> CheckedPredictor:
    """Train the trainer of the cell for a strategy; `count` is the number of earlier trainings."""
    seed = derive_seed(context.seed, "train-within-strategy", count)
    corrected, asked = queries.correct(pseudo_labels, is_final=False)
    predictor = _train(context, inputs, corrected, queries, asked, seed)
    return CheckedPredictor(predictor, inputs["data"].info["n_classes"])


class CheckedPredictor:
    """A classifier whose predictions are checked."""

    def __init__(self, predictor: Predictor, n_classes: int) -> None:
        self._predictor, self._n_classes = predictor, n_classes

    def predict_proba(self, x: Samples) -> Floats:
        """Predict stored images block by block."""
        blocks = [self._predictor.predict_proba(block) for block in iterate_blocks(x)]
        return check_probabilities(_join(blocks), len(x), self._n_classes)


def train(context: CellContext, inputs: Inputs) -> Entry:
    """Return `probabilities`, float16 (m, classes), of the test samples.

    Its info has `evaluations`, the number of evaluations on the test set, and the `compute_dtype`.
    """
    import numpy as np

    if context.configs["trainer"] is None:
        return predict_frequencies(inputs)
    labeled, queries = inputs["label"], RecordedQueries(context.oracle, inputs["data"])
    seed = derive_seed(context.seed, "train")
    predictor = _train(context, inputs, pseudo_labels_of(labeled), queries, labeled.arrays["asked"], seed)
    n_classes = inputs["data"].info["n_classes"]
    probabilities = CheckedPredictor(predictor, n_classes).predict_proba(trainer_samples(context, inputs)[1])
    facts = {"evaluations": queries.evaluations, "compute_dtype": _compute_dtype(predictor)}
    return Entry({"probabilities": probabilities.astype(np.float16)}, facts)


def predict_frequencies(inputs: Inputs) -> Entry:
    """Return what `train` does, of a baseline without a trainer: the frequencies of the classes among its labels."""
    import numpy as np

    data, labels = inputs["data"], pseudo_labels_of(inputs["label"]).hard_labels
    frequencies = np.bincount(labels, minlength=data.info["n_classes"]) / len(labels)
    probabilities = np.tile(frequencies.astype(np.float16), (len(samples_in(data, "x_test")), 1))
    return Entry({"probabilities": probabilities}, {"evaluations": 0, "compute_dtype": ""})


def trainer_samples(context: CellContext, inputs: Inputs) -> tuple[Samples, Samples]:
    """Return the pool and the test set as the trainer takes them: the features of the embedder, or the samples.

    Raises InputError if the trainer needs features of the test samples, and the embedder computes none.
    """
    config = context.config("trainer")
    if not context.catalog.part_of(config).needs_features:
        return samples_in(inputs["data"], "x_train"), samples_in(inputs["data"], "x_test")
    features = inputs["embed"].arrays
    if inputs["data"].info.get("is_heap"):
        return features["features"], features["features"]
    if "test_features" not in features:
        embedder = context.config("embedder")
        problem = f"{embedder} has no features of test samples, which {config} needs to predict them"
        raise InputError(f"{problem}; use another embedder or another trainer")
    return features["features"], features["test_features"]


def _train(
    context: CellContext,
    inputs: Inputs,
    pseudo_labels: PseudoLabels,
    queries: RecordedQueries,
    asked: Ints,
    seed: int,
) -> Predictor:
    import numpy as np

    config, n_classes = context.config("trainer"), inputs["data"].info["n_classes"]
    pool, x_test = trainer_samples(context, inputs)
    check_labels(pseudo_labels, len(pool), n_classes)
    if pseudo_labels.are_soft and not context.catalog.part_of(config).soft_labels:
        raise ContractError(f"{config} does not take soft labels; use another trainer, such as logreg or cnn")
    is_queried: Bools = np.isin(pseudo_labels.indices, asked)
    training = TrainingData(
        pool,
        pseudo_labels.indices,
        pseudo_labels.labels,
        pseudo_labels.weights,
        n_classes=n_classes,
        x_test=x_test,
        test_accuracy=queries.test_accuracy,
        is_queried=is_queried,
    )
    predictor: Predictor = context.call("trainer", training, seed)
    _check_method(config, predictor, "predict_proba")
    return predictor


def _compute_dtype(predictor: Predictor) -> str:
    if not hasattr(predictor, "compute_dtype") and hasattr(predictor, "precision"):
        deprecated("the attribute precision of a predictor", "compute_dtype")
    dtype = getattr(predictor, "compute_dtype", getattr(predictor, "precision", ""))
    if not isinstance(dtype, str):
        raise ContractError(f"the compute_dtype of a predictor must be a string, such as 'float32', not {dtype!r}")
    return dtype


def _check_method(config: PartConfig, given: object, name: str) -> None:
    if not callable(getattr(given, name, None)):
        raise ContractError(f"{config} must return an object with a method {name}, not {type(given).__name__}")


def check_labels(pseudo_labels: PseudoLabels, n: int, n_classes: int) -> None:
    """Raises ContractError if pseudo-labels do not fit a pool of n samples with this number of classes."""
    indices, labels = pseudo_labels.indices, pseudo_labels.labels
    if indices.min() < 0 or indices.max() >= n:
        raise ContractError(f"PseudoLabels.indices must be samples of the pool, 0 to {n - 1}")
    if pseudo_labels.are_soft and labels.shape[1] != n_classes:
        raise ContractError(f"soft PseudoLabels.labels must have {n_classes} columns, one per class")
    if not pseudo_labels.are_soft and (labels.min() < 0 or labels.max() >= n_classes):
        raise ContractError(f"PseudoLabels.labels must be classes, 0 to {n_classes - 1}")


def _check_cluster_labels(cluster_labels: Ints, k: int, n_classes: int) -> None:
    if len(cluster_labels) != k:
        raise ContractError(f"PseudoLabels.cluster_labels must have {k} entries, one per cluster")
    if cluster_labels.min() < 0 or cluster_labels.max() >= n_classes:
        raise ContractError(f"PseudoLabels.cluster_labels must be classes, 0 to {n_classes - 1}")


STAGE_FUNCTIONS: Mapping[str, Callable[[CellContext, Inputs], Entry]] = {
    "data": load_samples,
    "embed": embed,
    "graph": find_neighbors,
    "cluster": cluster,
    "label": label,
    "train": train,
}
