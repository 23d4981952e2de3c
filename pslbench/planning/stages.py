"""The stages of a cell: which part each one calls, what it builds upon, and the key that identifies its output."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pslbench.parts import Kind, PartConfig, format_value
from pslbench.planning.cells import Cell, Stage
from pslbench.planning.identity import library_facts, part_facts
from pslbench.plugins.catalog import Catalog

PROTOCOL_VERSION = 1
"""The engine's share in every key. Raise it when a change of the engine changes scores; tests/test_golden.py tells."""

StageName = Literal["data", "embed", "graph", "cluster", "label", "train"]


@dataclass(frozen=True)
class StageKind:
    """One node of the stage graph.

    Attributes:
        name: of the stage.
        part: the kind of part that it calls; None if it calls none.
        inputs: the stages whose output it receives, as far as the cell has them.
        uses_budget: whether its output depends on the budget.
        libraries: the libraries that the engine itself uses in it.
    """

    name: StageName
    part: Kind | None
    inputs: tuple[StageName, ...] = ()
    uses_budget: bool = False
    libraries: tuple[str, ...] = ("numpy",)


STAGE_GRAPH = (
    StageKind("data", "dataset"),
    StageKind("embed", "embedder", ("data",)),
    StageKind("graph", None, ("embed",), libraries=("faiss-cpu",)),
    StageKind("cluster", "clusterer", ("embed",), uses_budget=True, libraries=("numpy", "scipy", "scikit-learn")),
    StageKind("label", "strategy", ("data", "embed", "graph", "cluster"), uses_budget=True),
    StageKind("train", "trainer", ("data", "embed", "label")),
)


def with_keys(catalog: Catalog, cell: Cell) -> Cell:
    """Return the cell with its stages, its key, and its fingerprint, which is the key without the seed."""
    stages: dict[str, Stage] = {}
    for kind in STAGE_GRAPH:
        if _is_needed(kind, cell):
            stages[kind.name] = _stage(catalog, cell, kind, stages)
    shared = [{k: v for k, v in stage.facts.items() if not _depends_on_seed(k)} for stage in stages.values()]
    return replace(
        cell,
        stages=stages,
        key=_hash([stages["train"].key, cell.dataset.text]),
        fingerprint=_hash([cell.dataset.text, shared]),
        protocol=PROTOCOL_VERSION,
    )


def _is_needed(kind: StageKind, cell: Cell) -> bool:
    if kind.name == "train":  # without a trainer, the engine predicts the class frequencies
        return True
    return cell.with_graph if kind.part is None else cell.configs[kind.part] is not None


def _is_input(catalog: Catalog, cell: Cell, kind: StageKind, name: StageName) -> bool:
    if (kind.name, name) != ("train", "embed"):
        return True
    return cell.trainer is not None and catalog.part_of(cell.trainer).needs_features


def _depends_on_seed(fact: str) -> bool:
    return fact == "seed" or fact.startswith("stage ")


def _stage(catalog: Catalog, cell: Cell, kind: StageKind, stages: Mapping[str, Stage]) -> Stage:
    inputs = tuple(name for name in kind.inputs if name in stages and _is_input(catalog, cell, kind, name))
    if kind.name == "data":
        facts = {"data": cell.checksum, "protocol": str(PROTOCOL_VERSION)}
        return Stage("data", cell.dataset.text, facts, inputs)
    facts = {"protocol": str(PROTOCOL_VERSION), **library_facts(*kind.libraries)}
    facts |= {f"stage {name}": stages[name].key for name in inputs}
    config = cell.configs[kind.part] if kind.part else None
    if kind.uses_budget:
        facts["budget"] = str(cell.budget)
    if config:
        facts |= _config_facts(catalog, cell, config)
    if config and cell.trainer and catalog.part_of(config).trains:
        facts |= _config_facts(catalog, cell, cell.trainer)
    return Stage(kind.name, _title(cell, kind), facts, inputs)


def _title(cell: Cell, kind: StageKind) -> str:
    """Return, for example, `cluster kmeans on pixels on digits, 40 labels, seed 0`."""
    parts_until = STAGE_GRAPH[: STAGE_GRAPH.index(kind) + 1]
    chain = [each for each in parts_until if each.part and cell.configs[each.part]]
    parts = " on ".join(str(cell.configs[each.part]) for each in reversed(chain) if each.part)
    target = parts if kind.part else f"of neighbors in {parts}"
    budget = f", {cell.budget} labels" if any(each.uses_budget for each in chain) else ""
    return f"{kind.name} {target}{budget}, seed {cell.seed}"


def _config_facts(catalog: Catalog, cell: Cell, config: PartConfig) -> dict[str, str]:
    part = catalog.part_of(config)
    facts = {f"parameter {key} of {config.kind} {config.name}": format_value(value) for key, value in config.values}
    if config.kind == "embedder" and set(part.takes) & {"files", "features"}:  # the others take the samples in any case
        facts[f"input of {config.kind} {config.name}"] = ", ".join(part.takes)
    return {**facts, **part_facts(part), **({"seed": str(cell.seed)} if part.takes_seed else {})}


def _hash(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:20]
