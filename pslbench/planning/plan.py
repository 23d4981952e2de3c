"""What a run consists of: the grid of its parts, cut down to the cells that differ."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pslbench.contracts import Dataset
from pslbench.errors import InputError, one_line
from pslbench.execution.cache import Stage
from pslbench.parts import Part, PartConfig, format_value
from pslbench.planning.identity import engine_facts, facts_of
from pslbench.plugins.catalog import Catalog
from pslbench.results.records import Result

NONE = "-"
TRAINED_WITHIN = "label with trainer"  # the pseudo-labels of a strategy that trains depend on the trainer too
LINKS = ("seed", "upstream", "graph")  # facts of a stage that differ from seed to seed
MANY = 100_000  # seeds
ABLE = {"trainer": "logreg", "embedder": "pca", "clusterer": "minibatch-kmeans"}  # to handle any data


@dataclass(frozen=True)
class Cell:
    """One combination of parts, budget and seed. `embedder` and `clusterer` are None where the strategy uses none."""

    dataset: PartConfig
    embedder: PartConfig | None
    clusterer: PartConfig | None
    strategy: PartConfig
    trainer: PartConfig
    budget: int
    seed: int
    checksum: str
    with_graph: bool = False
    key: str = ""
    fingerprint: str = ""
    stages: Mapping[str, Stage] = field(default_factory=dict)

    @property
    def stage_choices(self) -> dict[str, PartConfig | None]:
        """The part of each stage after the data."""
        return {"embed": self.embedder, "cluster": self.clusterer, "label": self.strategy, "train": self.trainer}

    @property
    def choices(self) -> dict[str, PartConfig | None]:
        return {kind: getattr(self, kind) for kind in ("dataset", "embedder", "clusterer", "strategy", "trainer")}

    @property
    def names(self) -> dict[str, str]:
        """The text of each part, as it stands in a row."""
        return {kind: str(choice or NONE) for kind, choice in self.choices.items()}

    def row(self, **facts: Any) -> Result:
        """The cell's row, with these facts."""
        known = {name: getattr(self, name) for name in ("key", "budget", "seed", "fingerprint", "checksum")}
        return Result(**{**known, **self.names, **facts})

    @property
    def combination(self) -> tuple[str, int, str, str, str, str]:
        """What it shares with the other seeds of its combination, as in its row."""
        name = self.names
        return name["dataset"], self.budget, name["strategy"], name["clusterer"], name["embedder"], name["trainer"]

    @property
    def shared_stage(self) -> str:
        """The key of the last stage that other strategies share with it."""
        return next(self.stages[name].key for name in ("cluster", "embed", "data") if name in self.stages)


@dataclass(frozen=True)
class Grid:
    """What the user asked for, read but not yet combined."""

    datasets: Sequence[PartConfig]
    embedders: Sequence[PartConfig]
    clusterers: Sequence[PartConfig]
    strategies: Sequence[PartConfig]
    trainers: Sequence[PartConfig]
    budgets: Sequence[int]
    seeds: Sequence[int]


@dataclass(frozen=True)
class Plan:
    """The cells of a run, in the order they are started, and what is worth a word of warning."""

    cells: tuple[Cell, ...]
    warnings: tuple[str, ...] = ()


def plan(catalog: Catalog, grid: Grid, load: Callable[[PartConfig], Dataset]) -> Plan:
    """Combine the grid into cells. Cells that share data and clusters stand together, seeds outermost.

    Args:
        catalog: where the parts are looked up.
        grid: what to combine.
        load: gives the data of a data set's choice; each is loaded once, to check it against the rest.

    Raises:
        InputError: a budget above the pool, or data that no trainer, embedder or clusterer of the grid can take.
    """
    cells: dict[str, Cell] = {}
    warnings: list[str] = []
    for chosen in grid.datasets:
        data = load_data(load, chosen)
        _check(grid, data)
        warnings += [
            f"budget {budget} is below the {data.n_classes} classes of {chosen}: some will have no label"
            for budget in grid.budgets
            if budget < data.n_classes
        ]
        able = partial(_able, catalog, data, warnings)
        used = {each for strategy in grid.strategies for each in catalog.resolve("strategy", strategy.name)[1].uses}
        clusterers = able(grid.clusterers) if "clusters" in used else grid.clusterers
        embedders = able(grid.embedders) if used != {"x"} else grid.embedders
        for seed, budget, embedder, clusterer, strategy, trainer in itertools.product(
            grid.seeds, grid.budgets, embedders, clusterers, grid.strategies, able(grid.trainers)
        ):
            uses = catalog.resolve("strategy", strategy.name)[1].uses
            cell = Cell(
                chosen,
                embedder if uses != ("x",) else None,
                clusterer if "clusters" in uses else None,
                strategy,
                trainer,
                budget,
                seed,
                data.checksum,
                "graph" in uses,
            )
            known = identified(catalog, cell)
            cells.setdefault(known.key, known)
    return Plan(tuple(cells.values()), tuple(warnings))


def load_data(load: Callable[[PartConfig], Dataset], chosen: PartConfig) -> Dataset:
    """The data set that `load` gives for the choice. Raises InputError where it gives none."""
    try:
        data = load(chosen)
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(f"data set {chosen} cannot be loaded: {one_line(error)}") from None
    if not isinstance(data, Dataset):
        raise InputError(f"data set {chosen} gives {type(data).__name__}, not a Dataset")
    return data


def _check(grid: Grid, data: Dataset) -> None:
    for budget in grid.budgets:
        if budget > len(data.x_train):
            raise InputError(f"budget {budget} is above the pool of {data.name}, {len(data.x_train)} samples")


def _able(catalog: Catalog, data: Dataset, warnings: list[str], choices: Sequence[PartConfig]) -> Sequence[PartConfig]:
    """Those that can handle the data; of each other one, `warnings` gets a line. Raises InputError where none can."""
    problems = {each: _problem(catalog.resolve(each.kind, each.name)[1], each, data) for each in choices}
    able = [each for each in choices if not problems[each]]
    if not able:
        first = choices[0]
        raise InputError(f"{problems[first]}; try -{first.kind[0]} {ABLE[first.kind]}")
    warnings += [f"{problem}: left out" for problem in problems.values() if problem]
    return able


def _problem(part: Part, choice: PartConfig, data: Dataset) -> str:
    """Why the part cannot handle the data; empty where it can."""
    if part.images_only and not data.is_images:
        return f"{choice} takes images, but {data.name} holds feature vectors"
    if part.max_pool is not None and len(data.x_train) > part.max_pool:
        return f"{choice} takes up to {part.max_pool:,} samples, {data.name} has {len(data.x_train):,}"
    return ""


def identified(catalog: Catalog, cell: Cell) -> Cell:
    """The cell with its stages, and the hashes of all that determines its row."""
    stages = _stages(catalog, cell)
    last = stages["train"]
    scoring = engine_facts("execution/cell.py", "analysis/metrics.py")
    key = _hash([last.key, cell.dataset.text, scoring])
    lasting = [{k: v for k, v in stage.facts.items() if k not in LINKS} for stage in stages.values()]
    return replace(cell, key=key, fingerprint=_hash([lasting, scoring]), stages=stages)


def _stages(catalog: Catalog, cell: Cell) -> dict[str, Stage]:
    """The stages of a cell in their order, each with what determines it."""
    engine = engine_facts("execution/stages.py", "clustering.py", "execution/oracle.py")
    searched = engine_facts("neighbors.py", libraries=("faiss-cpu",))
    data = Stage("data", cell.dataset.text, {"data": cell.checksum})
    stages, title, upstream, seed = {"data": data}, cell.dataset.text, data.key, ""
    for name, choice in cell.stage_choices.items():
        if choice is None:
            continue
        part = catalog.resolve(choice.kind, choice.name)[1]
        facts = {f"parameter {key} of {choice.kind} {choice.name}": format_value(value) for key, value in choice.values}
        facts |= {**facts_of(part), **engine, "upstream": upstream}
        if name in ("cluster", "label"):
            facts["budget"] = str(cell.budget)
        if part.takes_seed:
            facts["seed"] = str(cell.seed)
            seed = f", seed {cell.seed}"
        title = f"{choice.text} on {title}"
        if name == "label" and cell.with_graph:
            facts["graph"] = stages["graph"].key
        stages[name] = Stage(name, f"{name} {title}, {cell.budget} labels{seed}", facts)
        upstream = stages[name].key
        if name == "embed" and cell.with_graph:
            stages["graph"] = Stage("graph", f"neighbours in {title}{seed}", {**searched, "upstream": upstream})
    label, train = stages["label"], stages["train"]
    stages[TRAINED_WITHIN] = Stage("label", f"{label.title}, with {cell.trainer}", {**train.facts, **label.facts})
    return stages


def _hash(facts: Any) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:20]


def read_seeds(text: str) -> list[int]:
    """`5` stands for 0 to 4; `3,7`, or `3,`, for just those. Raises InputError."""
    try:
        seeds = [int(item) for item in text.split(",") if item.strip()]
    except ValueError:
        raise InputError(f"seeds '{text}' are no numbers; write 5 for 0 to 4, or 3,7 for just those") from None
    if "," not in text and seeds and 0 < seeds[0] <= MANY:
        return list(range(seeds[0]))
    if "," not in text or not seeds or min(seeds) < 0 or max(seeds) >= 2**32:
        raise InputError(f"seeds '{text}': write how many, 1 to {MANY}, or a list of seeds from 0, as in 3,7")
    return list(dict.fromkeys(seeds))


def read_budgets(texts: Iterable[str]) -> list[int]:
    """Numbers of labels, each from 1; `60,120` stands for two. Raises InputError."""
    try:
        budgets = [int(item) for text in texts for item in text.split(",")]
    except ValueError:
        raise InputError(f"budget '{','.join(texts)}' is no number of labels; write for example 120") from None
    if min(budgets) < 1:
        raise InputError(f"budget {min(budgets)} buys no label; it must be at least 1")
    return list(dict.fromkeys(budgets))
