"""Combines a grid into the cells of a run."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from pslbench.contracts import Dataset
from pslbench.datasets.dataset_warnings import dataset_warnings
from pslbench.errors import InputError, one_line
from pslbench.parts import Part, PartConfig
from pslbench.planning.cells import Cell, Plan
from pslbench.planning.grid import Grid
from pslbench.planning.stages import with_keys
from pslbench.plugins.catalog import Catalog

SUGGESTED_PARTS = {"trainer": "logreg", "embedder": "pca", "clusterer": "minibatch-kmeans"}  # they take any data


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
    warnings: list[str] = []
    for config in grid.datasets:
        data = load_dataset(load, config)
        warnings += [f"{config}: {warning}" for warning in dataset_warnings(data)]
        warnings += _check_budgets(grid.budgets, config, data)
        suitable, skipped = _suitable_grid(catalog, grid, data)
        warnings += skipped
        for cell in _combine(catalog, suitable, config, data.checksum):
            keyed = with_keys(catalog, cell)
            cells.setdefault(keyed.key, keyed)
    return Plan(tuple(cells.values()), tuple(warnings))


def preview_cells(catalog: Catalog, grid: Grid) -> list[Cell]:
    """Return the cells of a grid without keys. They are known before any data are loaded; unsuitable ones are among
    them, and a cell can occur twice."""
    return [cell for dataset in grid.datasets for cell in _combine(catalog, grid, dataset, checksum="")]


def load_dataset(load: Callable[[PartConfig], object], config: PartConfig) -> Dataset:
    """Load a dataset. Raises InputError if that fails, whatever the reason."""
    try:
        data = load(config)
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(f"dataset {config} cannot be loaded: {one_line(error)}") from None
    if not isinstance(data, Dataset):
        raise InputError(f"dataset {config} returns {type(data).__name__}, not a Dataset")
    return data


def _combine(catalog: Catalog, grid: Grid, dataset: PartConfig, checksum: str) -> Iterable[Cell]:
    for seed, budget, embedder, clusterer, strategy, trainer in itertools.product(
        grid.seeds, grid.budgets, grid.embedders, grid.clusterers, grid.strategies, grid.trainers
    ):
        part = catalog.part_of(strategy)
        yield Cell(
            dataset,
            embedder if part.uses != ("x",) else None,
            clusterer if "clusters" in part.uses else None,
            strategy,
            None if part.baseline else trainer,
            budget,
            seed,
            checksum,
            with_graph="graph" in part.uses,
            needs_all_labels=part.needs_all_labels,
        )


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
    if uses != {"x"}:
        checked["embedders"] = grid.embedders
    if "clusters" in uses:
        checked["clusterers"] = grid.clusterers
    suitable, warnings = dict[str, Sequence[PartConfig]](), list[str]()
    for axis, configs in checked.items():
        problems = {config: _problem(catalog.part_of(config), config, data) for config in configs}
        suitable[axis] = _without_problems(problems)
        warnings += [f"{problem}; it is skipped" for problem in problems.values() if problem]
    return replace(grid, **suitable), warnings  # type: ignore[arg-type]


def _without_problems(problems: Mapping[PartConfig, str]) -> list[PartConfig]:
    suitable = [config for config, problem in problems.items() if not problem]
    if not suitable:
        first = next(iter(problems))
        raise InputError(f"{problems[first]}; try -{first.kind[0]} {SUGGESTED_PARTS[first.kind]}")
    return suitable


def _problem(part: Part, config: PartConfig, data: Dataset) -> str:
    """Say why the part does not take the data; empty if it does."""
    if part.images_only and not data.is_images:
        return f"{config} takes images, but {data.name} contains feature vectors"
    if part.max_pool is not None and len(data.x_train) > part.max_pool:
        return f"{config} takes up to {part.max_pool:,} samples, and {data.name} has {len(data.x_train):,}"
    return ""
