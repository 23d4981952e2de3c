"""One cell, top to bottom."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from pslbench.analysis.metrics import classifier_scores, cluster_scores, pseudo_label_scores
from pslbench.contracts import Clusters, Dataset, Embedding, Pool, Predictor, PseudoLabels, Result, TrainingData
from pslbench.engine.cache import StageCache
from pslbench.engine.clustering import fit_clusters
from pslbench.engine.memory import PeakMemory
from pslbench.engine.oracle import Account, behind_door
from pslbench.engine.plan import Cell
from pslbench.errors import ContractError
from pslbench.parts import Choice
from pslbench.plugins.manager import Catalog

if TYPE_CHECKING:
    from pslbench.contracts import Floats, Ints

STAGES = ("embed", "cluster", "label", "train", "score")


@dataclass
class Clock:
    """Seconds of each stage; `tell` hears which stage begins."""

    tell: Callable[[str], None]
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.tell(name)
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start


def run_cell(
    catalog: Catalog, cell: Cell, load: Callable[[], Dataset], cache: StageCache, tell: Callable[[str], None]
) -> tuple[Result, Floats | None]:
    """Run one cell on the data that `load` gives, and catch whatever goes wrong in it.

    Returns:
        Its row, and the class probabilities of the test samples, float32 (n_test, classes); None where it failed.
    """
    from threadpoolctl import threadpool_limits

    start = time.perf_counter()
    with PeakMemory() as memory, threadpool_limits(1):  # sums over threads round differently with their number
        try:
            tell("load")
            data = load()
            if data.checksum != cell.checksum:
                raise ContractError(f"{cell.dataset} is not what it was when the run began; run again")
            facts, probabilities = _run(catalog, cell, data, cache, Clock(tell))
        except (Exception, SystemExit) as error:
            probabilities = None
            facts = {
                "status": "failed",
                "seconds": {"total": time.perf_counter() - start},
                "error": {
                    "type": type(error).__name__,
                    "message": str(error),
                    "traceback": "".join(traceback.format_exception(error)),
                },
            }
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    return cell.row(**facts, peak_memory_mb=memory.peak_mb, finished=finished), probabilities


def _run(catalog: Catalog, cell: Cell, data: Dataset, cache: StageCache, clock: Clock) -> tuple[dict[str, Any], Floats]:
    part = catalog.part("strategy", cell.strategy.name)[1]
    account = Account(data.y_train, len(data.y_train) if part.needs_all_labels else cell.budget)
    embedding, clusters = _shared_stages(catalog, cell, data, cache, clock)
    exam = Exam(data.y_test, data.n_classes)
    with behind_door(exam.look) as look:
        train = partial(_train, catalog, cell, data, look)
        with clock.stage("label"):
            pseudo_labels = _ask_strategy(catalog, cell, data, account, embedding, clusters, train)
        with clock.stage("train"):
            predictor = train(pseudo_labels, seed_of(cell, "train"))
        with clock.stage("score"):
            probabilities = exam.check(predictor.predict_proba(data.x_test))
            scores = classifier_scores(data.y_test, probabilities)
            scores |= pseudo_label_scores(data.y_train, pseudo_labels.indices, pseudo_labels.labels)
            if clusters is not None:
                scores |= cluster_scores(data.y_train, clusters.assignment)
                scores |= _direct(data, embedding, clusters, pseudo_labels)
    facts = {
        "status": "ok",
        "labels_spent": account.spent,
        "upper_bound": part.needs_all_labels,
        "test_looks": exam.looks,
        "scores": scores,
        "seconds": {**clock.seconds, "total": sum(clock.seconds.values())},
    }
    return facts, probabilities


def seed_of(cell: Cell, stage: str, count: int = 0) -> int:
    """The seed of one stage of a cell, from 0 to 2**32 - 1: the same for every cell of that seed."""
    import numpy as np

    stages = ("embed", "cluster", "strategy", "train", "train-within-strategy")
    return int(np.random.SeedSequence(cell.seed, spawn_key=(stages.index(stage), count)).generate_state(1)[0])


def _shared_stages(
    catalog: Catalog, cell: Cell, data: Dataset, cache: StageCache, clock: Clock
) -> tuple[Embedding | None, Clusters | None]:
    if cell.embedder is None:
        return None, None
    clock.tell("embed")
    where = (cell.checksum, cell.seed, cell.embedder)
    embed = partial(_embed, catalog, cell.embedder, data, seed_of(cell, "embed"))
    embedding, clock.seconds["embed"] = cache.get(where, embed)
    if cell.clusterer is None:
        return embedding, None
    clock.tell("cluster")
    fitter = partial(catalog.call, cell.clusterer, cell.budget, seed_of(cell, "cluster"))
    clusters, clock.seconds["cluster"] = cache.get(
        (*where, cell.clusterer, cell.budget), lambda: fit_clusters(fitter(), embedding.features, cell.budget)
    )
    return embedding, clusters


def _embed(catalog: Catalog, embedder: Choice, data: Dataset, seed: int) -> Embedding:
    import numpy as np

    embedding = catalog.call(embedder, data.x_train, seed)
    features = np.asarray(embedding.features, np.float32).view()
    if features.ndim != 2 or len(features) != len(data.x_train):
        raise ContractError(f"{embedder} must give features (n, d), not {features.shape}")
    if not np.isfinite(features).all():
        raise ContractError(f"{embedder} gave features that are not finite")
    features.flags.writeable = False
    transform = embedding.transform
    return Embedding(features, transform and (lambda new: np.asarray(transform(new), np.float32)))


def _ask_strategy(
    catalog: Catalog,
    cell: Cell,
    data: Dataset,
    account: Account,
    embedding: Embedding | None,
    clusters: Clusters | None,
    train: Callable[[PseudoLabels, int], Predictor],
) -> PseudoLabels:
    import numpy as np

    rounds = iter(range(2**31))

    def train_within(pseudo_labels: PseudoLabels) -> Predictor:
        return train(pseudo_labels, seed_of(cell, "train-within-strategy", next(rounds)))

    with behind_door(account.label) as ask, behind_door(train_within) as train_for:
        rng = np.random.default_rng(seed_of(cell, "strategy"))
        pool = Pool(data.x_train, data.n_classes, cell.budget, rng, ask, train_for, embedding, clusters)
        pseudo_labels = catalog.call(cell.strategy, pool)
    if not isinstance(pseudo_labels, PseudoLabels):
        raise ContractError(f"{cell.strategy} must return PseudoLabels, not {type(pseudo_labels).__name__}")
    return pseudo_labels


def _train(
    catalog: Catalog,
    cell: Cell,
    data: Dataset,
    look: Callable[[Floats], float],
    pseudo_labels: PseudoLabels,
    seed: int,
) -> Predictor:
    n, classes = len(data.x_train), data.n_classes
    if pseudo_labels.indices.min() < 0 or pseudo_labels.indices.max() >= n:
        raise ContractError(f"PseudoLabels.indices must be samples of the pool, 0 to {n - 1}")
    if pseudo_labels.labels.min() < 0 or pseudo_labels.labels.max() >= classes:
        raise ContractError(f"PseudoLabels.labels must be classes, 0 to {classes - 1}")
    training = TrainingData(
        data.x_train,
        pseudo_labels.indices,
        pseudo_labels.labels,
        pseudo_labels.weights,
        classes,
        data.x_test,
        look,
    )
    predictor: Predictor = catalog.call(cell.trainer, training, seed)
    return predictor


class Exam:
    """The test set's labels, int64 (n_test,), and how often a trainer looked at them."""

    def __init__(self, labels: Ints, n_classes: int) -> None:
        self._labels, self._n_classes, self.looks = labels, n_classes, 0

    def look(self, probabilities: Floats) -> float:
        """Test accuracy of class probabilities, float (n_test, classes). Counted."""
        self.looks += 1
        return float((self.check(probabilities).argmax(axis=1) == self._labels).mean())

    def check(self, probabilities: Floats) -> Floats:
        """The same probabilities. Raises ContractError where they are none."""
        import numpy as np

        probabilities = np.asarray(probabilities)
        wanted = (len(self._labels), self._n_classes)
        if probabilities.shape != wanted:
            raise ContractError(f"predict_proba must give {wanted} for the test set, not {probabilities.shape}")
        if not (probabilities.min() >= 0 and np.allclose(probabilities.sum(axis=1), 1, atol=1e-2)):
            raise ContractError("predict_proba must give probabilities: not negative, and 1 in sum for each sample")
        return probabilities


def _direct(
    data: Dataset, embedding: Embedding | None, clusters: Clusters, pseudo_labels: PseudoLabels
) -> dict[str, float]:
    if embedding is None or embedding.transform is None or pseudo_labels.cluster_labels is None:
        return {}
    if len(pseudo_labels.cluster_labels) != clusters.k:
        raise ContractError(f"PseudoLabels.cluster_labels must have {clusters.k} entries, one a cluster")
    predicted = pseudo_labels.cluster_labels[clusters.predict(embedding.transform(data.x_test))]
    return {"direct_accuracy": float((predicted == data.y_test).mean())}
