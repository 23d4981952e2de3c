"""The records of a run: one row per cell, and what is stored beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pslbench.contracts import Dataset
from pslbench.contracts.arrays import Floats, Ints
from pslbench.errors import ContractError, renamed

UNUSED = "-"  # stands in a row for the embedder, clusterer or trainer of a strategy that uses none
JSON_TYPES = {  # of the fields of a row, by their annotation
    "str": str,
    "int": int,
    "bool": bool,
    "float": int | float,
    "dict[str, float]": dict,
    "dict[str, str] | None": dict | None,
}
Combination = tuple[str, int, str, str, str, str]  # dataset, budget, strategy, clusterer, embedder, trainer


@dataclass(frozen=True)
class CellInfo:
    """One cell of a run: its parts as a user would type them, its budget and its seed.

    Attributes:
        key: a hash of everything that determines the row that the cell gives.
        dataset, embedder, clusterer, strategy, trainer: the parts with their parameters, as a user would type them;
            `-` if the strategy uses none.
        budget, seed: as requested.
    """

    key: str
    dataset: str
    embedder: str
    clusterer: str
    strategy: str
    trainer: str
    budget: int
    seed: int


@dataclass(frozen=True)
class Result(CellInfo):
    """One row of results: the configuration of one cell, and its outcome.

    Attributes:
        fingerprint: a hash of everything that determines the row except the seed. Rows of one combination with
            different fingerprints cannot be compared.
        protocol: the version of the protocol that the row was computed with; 0 for rows of version 0.1.
        checksum: of the dataset.
        status: `ok` or `failed`.
        labels_spent: the number of distinct samples whose label was queried, counted by the label account.
        upper_bound: whether the strategy may query every label.
        test_set_evaluations: how often the trainer evaluated itself on the test set.
        scores: every score of the protocol by name, in [0, 1] except `nll` (nats) and `classes_seen` (a count). Scores
            without a meaning for the cell are absent.
        compute_dtype: the arithmetic that the trainer reports, `float32` or `bfloat16`; empty if it reports none.
        seconds: wall-clock seconds of each stage. A stage that several cells share counts in full in each of them.
        peak_memory_mb: the highest resident memory of the worker during this cell, in MiB.
        error: `{type, message, traceback}` of a failed cell.
        finished: the time at which the cell ended, ISO 8601 in UTC.

    Raises:
        ContractError: a value has the wrong type, so the row could not be read again.
    """

    fingerprint: str
    checksum: str
    status: str
    labels_spent: int = 0
    upper_bound: bool = False
    test_set_evaluations: int = 0
    compute_dtype: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_mb: float = 0.0
    error: dict[str, str] | None = None
    finished: str = ""
    protocol: int = 0

    def __post_init__(self) -> None:
        is_valid = all(isinstance(getattr(self, field.name), JSON_TYPES[str(field.type)]) for field in fields(self))
        if is_valid:
            numbers = [*self.scores.values(), *self.seconds.values()]
            texts = [] if self.error is None else [self.error.get(name) for name in ("type", "message")]
            is_valid = all(isinstance(x, int | float) for x in numbers) and all(isinstance(x, str) for x in texts)
        if not is_valid or self.status not in ("ok", "failed"):
            raise ContractError("a row has a value of the wrong type; a part reports what is not a text or a number")

    @property
    def combination(self) -> Combination:
        """The configuration that the row shares with the other seeds."""
        return self.dataset, self.budget, self.strategy, self.clusterer, self.embedder, self.trainer

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    @property
    def ranked(self) -> bool:
        """Whether the row competes: its budget was limited, and a classifier was trained without the test set."""
        return not (self.upper_bound or self.test_set_evaluations or self.baseline)

    @property
    def baseline(self) -> bool:
        """Whether the row is a trivial baseline: it has no trainer, and predicts the same for every sample."""
        return self.trainer == UNUSED

    recipe = renamed("Result.recipe", "fingerprint")
    precision = renamed("Result.precision", "compute_dtype")
    test_looks = renamed("Result.test_looks", "test_set_evaluations")


@dataclass(frozen=True, eq=False)
class LabelingRecord:
    """What a strategy did with the pool in one cell.

    Attributes:
        asked: int64 (labels_spent,), ascending, the samples whose true label was queried.
        indices: int64 (m,), the samples that the classifier was trained on.
        labels: int64 (m,), their pseudo-labels; of soft labels the most probable class.
        assignment: int64 (n,), the cluster of each sample; None if the strategy uses no clusters.
        medoids: int64 (k,), the medoid of each cluster; None if the strategy uses no clusters.
        cluster_labels: int64 (k,), the class assigned to each cluster; None if the strategy assigns none.
    """

    asked: Ints
    indices: Ints
    labels: Ints
    assignment: Ints | None = None
    medoids: Ints | None = None
    cluster_labels: Ints | None = None


@dataclass(frozen=True, eq=False)
class CellArtifacts:
    """The arrays that are stored beside the row of a cell.

    Attributes:
        probabilities: float16 (n_test, classes), class probabilities of the test samples.
        labeling: what the strategy did with the pool.
    """

    probabilities: Floats
    labeling: LabelingRecord


Outcome = tuple[Result, CellArtifacts | None]  # a failed cell has no artifacts


@dataclass(frozen=True, eq=False)
class ResultsReader:
    """Access to a folder of results, for reporters that need more than its rows.

    Attributes:
        folder: the folder that a reporter writes to.
        runs: the entries of the manifest, the oldest first: command, versions, processor and more.
        probabilities: returns the class probabilities of the test samples of a row, float16 (n_test, classes).
        labeling: returns the labeling of a row; None for rows of versions that did not store it.
        dataset: returns the dataset of a row.
        rows: returns all current rows of the folder, also those that a reporter does not show.

    The three before it raise InputError if the data is lost, or differs from what the row was computed with.
    """

    folder: Path
    runs: tuple[Mapping[str, Any], ...]
    probabilities: Callable[[Result], Floats]
    labeling: Callable[[Result], LabelingRecord | None]
    dataset: Callable[[Result], Dataset]
    rows: Callable[[], Sequence[Result]] = tuple

    labelling = renamed("ResultsReader.labelling", "labeling")


@dataclass(frozen=True)
class RunInfo:
    """A run that begins, as observers see it.

    Attributes:
        cells: all cells of the run, in the order in which they are planned.
        folder: the folder that the results are written to.
    """

    cells: tuple[CellInfo, ...]
    folder: Path
