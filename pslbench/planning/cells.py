"""Cells: the units of work of a run."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pslbench.parts import Kind, PartConfig
from pslbench.results.records import UNUSED, CellInfo, Combination, Result


@dataclass(frozen=True)
class Stage:
    """One computation of a cell, with everything that determines its output.

    Attributes:
        name: `data`, `embed`, `graph`, `cluster`, `label` or `train`.
        title: what a user would call it. Stages with the same title differ in code, versions or data.
        facts: what determines the output, by name.
        inputs: the names of the stages whose output it receives.
    """

    name: str
    title: str
    facts: Mapping[str, str]
    inputs: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        return hashlib.sha256(json.dumps([self.name, dict(self.facts)]).encode()).hexdigest()[:32]

    def __reduce__(self) -> tuple[object, ...]:
        return Stage, (self.name, self.title, dict(self.facts), self.inputs)


@dataclass(frozen=True)
class Cell:
    """One combination of parts, budget and seed.

    Attributes:
        dataset, strategy: configurations of parts.
        embedder, clusterer, trainer: None if the strategy uses none.
        budget, seed: as requested.
        checksum: of the dataset.
        with_graph: whether the strategy uses the graph of nearest neighbors.
        needs_all_labels: whether the strategy may query every label.
        heap_classes: the number of classes, if a person answers for the samples of a heap; 0 in a benchmark.
        key, fingerprint, protocol, stages: what determines the row, as `with_keys` computes it.
    """

    dataset: PartConfig
    embedder: PartConfig | None
    clusterer: PartConfig | None
    strategy: PartConfig
    trainer: PartConfig | None
    budget: int
    seed: int
    checksum: str
    with_graph: bool = False
    needs_all_labels: bool = False
    heap_classes: int = 0
    key: str = ""
    fingerprint: str = ""
    protocol: int = 0
    stages: Mapping[str, Stage] = field(default_factory=dict)

    @property
    def configs(self) -> dict[Kind, PartConfig | None]:
        return {
            "dataset": self.dataset,
            "embedder": self.embedder,
            "clusterer": self.clusterer,
            "strategy": self.strategy,
            "trainer": self.trainer,
        }

    @property
    def info(self) -> CellInfo:
        """The cell as rows and observers name it."""
        texts = {str(kind): str(config or UNUSED) for kind, config in self.configs.items()}
        return CellInfo(key=self.key, budget=self.budget, seed=self.seed, **texts)

    @cached_property
    def combination(self) -> Combination:
        """The configuration that the cell shares with the other seeds, as in its row."""
        info = self.info
        return info.dataset, info.budget, info.strategy, info.clusterer, info.embedder, info.trainer

    @property
    def last_shared_stage(self) -> str:
        """The key of the last stage that the cell shares with other strategies."""
        return next(self.stages[name].key for name in ("cluster", "embed", "data") if name in self.stages)

    def row(self, **outcome: object) -> Result:
        """Return the row of the cell with this outcome. Raises ContractError if a value has the wrong type."""
        identity = {name: getattr(self, name) for name in ("fingerprint", "checksum", "protocol")}
        facts: dict[str, Any] = {**outcome, **vars(self.info), **identity}  # the row checks their types
        return Result(**facts)


@dataclass(frozen=True)
class Plan:
    """The cells of a run in the order in which they start, and what the user should know.

    Attributes:
        cells: the cells.
        notes: one line about each thing that the datasets converted, guessed or left out.
        warnings: one line per warning.
    """

    cells: tuple[Cell, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
