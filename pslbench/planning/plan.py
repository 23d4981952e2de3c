"""Combines a grid into the cells of a run."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from pslbench.contracts import Dataset
from pslbench.contracts.samples import SAMPLE_INPUTS, SampleInput, SampleKind, StoredImages
from pslbench.datasets.dataset_warnings import dataset_warnings
from pslbench.errors import InputError, one_line
from pslbench.parts import Part, PartConfig
from pslbench.planning.cells import Cell, Plan
from pslbench.planning.grid import Grid
from pslbench.planning.stages import with_keys
from pslbench.plugins.catalog import Catalog

DEFAULT_EMBEDDERS: Mapping[SampleInput, str] = {
    "images": "pixels",
    "vectors": "standardize",
    "texts": "tf-idf",
    "tables": "tabular",
    "features": "given",
}
DEFAULT_TRAINERS: Mapping[SampleInput, str] = dict.fromkeys(SAMPLE_INPUTS, "ensemble") | {"images": "cnn"}
SUGGESTED_CLUSTERER = "minibatch-kmeans"  # takes a pool of any size
SUGGESTED_REDUCER = "pca"  # an embedder that takes images that do not fit into memory
MAX_FEATURE_BYTES = 2 * 10**9  # of images that do not fit into memory and keep their size


class PartInput(Protocol):
    """What is known of a dataset when parts are chosen for it."""

    @property
    def name(self) -> str: ...
    @property
    def x_train(self) -> Any: ...
    @property
    def kind(self) -> SampleKind: ...
    @property
    def inputs(self) -> set[SampleInput]: ...
    @property
    def has_features(self) -> bool: ...


def make_plan(catalog: Catalog, grid: Grid, load: Callable[[PartConfig], object]) -> Plan:
    """Combine the grid into cells. Cells that share data and clusters are adjacent; seeds are the outermost loop.

    Args:
        catalog: the parts.
        grid: what to combine.
        load: loads a dataset. Each dataset is loaded once, to check it against the rest of the grid.

    Raises:
        InputError: a budget exceeds the pool, or no trainer, embedder or clusterer of the grid takes the data.
    """
    cells: dict[str, Cell] = {}
    notes, warnings = list[str](), list[str]()
    for config in grid.datasets:
        data = load_dataset(load, config)
        notes += [f"{data.name}: {note}" for note in data.notes]
        warnings += [f"{data.name}: {warning}" for warning in dataset_warnings(data)]
        warnings += _check_budgets(grid.budgets, config, data)
        suitable, skipped = _suitable_grid(catalog, with_defaults(catalog, grid, data.main_input), data)
        warnings += skipped
        for cell in _combine(catalog, suitable, config, data.checksum):
            keyed = with_keys(catalog, cell)
            cells.setdefault(keyed.key, keyed)
    return Plan(tuple(cells.values()), tuple(notes), tuple(warnings))


def preview_cells(catalog: Catalog, grid: Grid) -> list[Cell]:
    """Return the cells of a grid without keys. They are known before any data are loaded; unsuitable ones are among
    them, and a cell can occur twice."""
    grid = with_defaults(catalog, grid, "images")
    return [cell for dataset in grid.datasets for cell in _combine(catalog, grid, dataset, checksum="")]


def with_defaults(catalog: Catalog, grid: Grid, kind: SampleInput) -> Grid:
    """Return the grid with the default embedder and the default trainer for samples of a kind, where it has none."""
    return replace(
        grid,
        embedders=grid.embedders or catalog.parse("embedder", DEFAULT_EMBEDDERS[kind]),
        trainers=grid.trainers or catalog.parse("trainer", DEFAULT_TRAINERS[kind]),
    )


def load_dataset(load: Callable[[PartConfig], object], config: PartConfig) -> Dataset:
    """Load a dataset without its unlabeled samples. Raises InputError if that fails, whatever the reason."""
    try:
        data = load(config)
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(f"dataset {config} cannot be loaded: {one_line(error)}") from None
    if not isinstance(data, Dataset):
        raise InputError(f"dataset {config} returns {type(data).__name__}, not a Dataset")
    return data.labeled()


def _combine(catalog: Catalog, grid: Grid, dataset: PartConfig, checksum: str) -> Iterable[Cell]:
    for seed, budget, embedder, clusterer, strategy, trainer in itertools.product(
        grid.seeds, grid.budgets, grid.embedders, grid.clusterers, grid.strategies, grid.trainers
    ):
        part = catalog.part_of(strategy)
        yield Cell(
            dataset,
            embedder if part.uses != ("x",) or _needs_features(catalog, part, trainer) else None,
            clusterer if "clusters" in part.uses else None,
            strategy,
            None if part.baseline else trainer,
            budget,
            seed,
            checksum,
            with_graph="graph" in part.uses,
            needs_all_labels=part.needs_all_labels,
        )


def _needs_features(catalog: Catalog, strategy: Part, trainer: PartConfig) -> bool:
    return not strategy.baseline and catalog.part_of(trainer).needs_features


def _check_budgets(budgets: Sequence[int], config: PartConfig, data: Dataset) -> list[str]:
    """Return warnings about small budgets. Raises InputError if a budget exceeds the pool."""
    if (largest := max(budgets)) > len(data.x_train):
        raise InputError(f"budget {largest} exceeds the pool of {data.name}; use -b {len(data.x_train)} or less")
    return [
        f"budget {budget} is below the {data.n_classes} classes of {config}: some classes will have no label"
        for budget in budgets
        if budget < data.n_classes
    ]


def _suitable_grid(catalog: Catalog, grid: Grid, data: Dataset) -> tuple[Grid, list[str]]:
    """Return the grid without the parts that do not take the data, and one warning for each of those."""
    uses = {use for strategy in grid.strategies for use in catalog.part_of(strategy).uses}
    checked = {"trainers": grid.trainers}
    if uses != {"x"} or any(catalog.part_of(trainer).needs_features for trainer in grid.trainers):
        checked["embedders"] = grid.embedders
    if "clusters" in uses:
        checked["clusterers"] = grid.clusterers
    suitable, warnings = dict[str, Sequence[PartConfig]](), list[str]()
    for axis, configs in checked.items():
        problems = {config: mismatch(catalog.part_of(config), config, data) for config in configs}
        suitable[axis] = _without_problems(problems, data)
        warnings += [f"{problem}; it is skipped" for problem in problems.values() if problem]
    return replace(grid, **suitable), warnings  # type: ignore[arg-type]


def _without_problems(problems: Mapping[PartConfig, str], data: Dataset) -> list[PartConfig]:
    suitable = [config for config, problem in problems.items() if not problem]
    if not suitable:
        first = next(iter(problems))
        defaults = {"embedder": DEFAULT_EMBEDDERS, "trainer": DEFAULT_TRAINERS}.get(first.kind, {})
        suggested = defaults.get(data.main_input, SUGGESTED_CLUSTERER)
        if first.kind == "embedder" and isinstance(data.x_train, StoredImages):
            suggested = SUGGESTED_REDUCER
        raise InputError(f"{problems[first]}; try -{first.kind[0]} {suggested}")
    return suitable


def mismatch(part: Part, config: PartConfig, data: PartInput) -> str:
    """Say why the part does not take the data; empty if it does."""
    available = data.inputs if part.kind == "embedder" else {data.kind, "features"}
    if part.kind != "clusterer" and not set(part.takes) & available:
        if part.takes == ("features",):
            return f"{config} takes features that belong to the data, but {data.name} has none"
        return f"{config} takes {' and '.join(part.takes)}, but {data.name} contains {data.kind}"
    if part.keeps_size and (size := _stored_bytes(part, data)) > MAX_FEATURE_BYTES:
        advice = f"scale the images of {data.name} down with size="
        return f"the features of {config} would take {size / 1e9:,.1f} GB; {advice}"
    if part.max_pool is not None and len(data.x_train) > part.max_pool:
        return f"{config} takes up to {part.max_pool:,} samples, and {data.name} has {len(data.x_train):,}"
    return ""


def _stored_bytes(embedder: Part, data: PartInput) -> int:
    """Return the bytes, as float32, of the stored images that an embedder takes; 0 if it takes something else."""
    takes_features = "features" in embedder.takes and data.has_features
    return data.x_train.nbytes if isinstance(data.x_train, StoredImages) and not takes_features else 0
