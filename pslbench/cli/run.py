from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pslbench.cli import options
from pslbench.cli.options import (
    Budgets,
    Clusterers,
    Datasets,
    Embedders,
    Jobs,
    Output,
    PluginFiles,
    PluginsOff,
    Seeds,
    Trainers,
)
from pslbench.cli.screen import complain, output
from pslbench.errors import InputError, one_line

if TYPE_CHECKING:
    from pslbench.contracts import Result
    from pslbench.engine.plan import Grid
    from pslbench.plugins.manager import Catalog


def run(
    strategies: Annotated[list[str] | None, typer.Argument(metavar="[STRATEGY]...", show_default=False)] = None,
    every: Annotated[bool, typer.Option("--all", help="Every strategy that is not switched off.")] = False,
    dataset: Datasets = ["mnist-5k"],  # noqa: B006
    embedder: Embedders = ["pixels"],  # noqa: B006
    clusterer: Clusterers = ["minibatch-kmeans"],  # noqa: B006
    trainer: Trainers = ["cnn"],  # noqa: B006
    budget: Budgets = ["120"],  # noqa: B006
    seeds: Seeds = "3",
    jobs: Jobs = 0,
    folder: Output = options.RESULTS,
    plugin: PluginFiles = [],  # noqa: B006
    no_plugin: PluginsOff = [],  # noqa: B006
) -> int:
    """Run strategies over the same data, clusters and trainer, and show the leaderboard.

    A part takes parameters as name:key=value,key=value. An option given twice, or a value list "key=1|2", spans a
    grid; quote it, since shells read the bar as a pipe. What the output folder already holds is not run again.

    Examples:

      pslbench run --all

      pslbench run centroid random -d mnist -s 5 -o results/mnist

      pslbench run "centroid:keep=0.2|0.5|1" -c all -t logreg
    """
    catalog = options.find_plugins(plugin, no_plugin)
    names = list(strategies or []) + (["all"] if every else [])
    if not names:
        raise InputError(f"name strategies, or --all; known: {', '.join(catalog.parts('strategy'))}")
    grid = read_grid(catalog, names, dataset, embedder, clusterer, trainer, budget, seeds)
    results = run_grid(catalog, grid, folder, jobs, plugin, no_plugin)
    return max(report(catalog, folder, results), exit_status(results))


def read_grid(
    catalog: Catalog,
    strategies: list[str],
    datasets: list[str],
    embedders: list[str],
    clusterers: list[str],
    trainers: list[str],
    budgets: list[str],
    seeds: str,
) -> Grid:
    """What the options ask for. Raises InputError."""
    from pslbench.engine.plan import Grid, read_budgets, read_seeds

    return Grid(
        [c for text in datasets for c in options.choose_dataset(catalog, text)],
        [c for text in embedders for c in catalog.choose("embedder", text)],
        [c for text in clusterers for c in catalog.choose("clusterer", text)],
        [c for text in strategies for c in catalog.choose("strategy", text)],
        [c for text in trainers for c in catalog.choose("trainer", text)],
        read_budgets(budgets),
        read_seeds(seeds),
    )


def run_grid(catalog: Catalog, grid: Grid, folder: Path, jobs: int, files: list[str], off: list[str]) -> list[Result]:
    """Run what is missing of a grid, with a progress bar, and give all its rows."""
    from pslbench.cli.progress import ProgressBar
    from pslbench.engine import run as engine
    from pslbench.engine.executors import Workers
    from pslbench.engine.plan import plan
    from pslbench.engine.store import Store

    planned = plan(catalog, grid, catalog.call)
    for warning in planned.warnings:
        complain(warning)
    store = Store.create(folder)
    at_most = min(jobs or os.cpu_count() or 1, len(planned.cells))
    workers = Workers(at_most, tuple(files), tuple(off), folder / "workers.log")
    store.note_run(engine.manifest(["pslbench", *sys.argv[1:]], planned, workers))
    try:
        with ProgressBar() as bar:
            return engine.run(catalog, planned, store, workers, bar, complain)
    except KeyboardInterrupt:
        report(catalog, folder, store.results(cell.key for cell in planned.cells))
        raise


def report(catalog: Catalog, folder: Path, asked: Sequence[Result]) -> int:
    """Let every reporter have the rows that were asked for (one that writes: the folder's), and show what it gives.

    Returns:
        The exit status: 1 where a reporter failed, which harms nothing else.
    """
    from pslbench.engine.store import Store

    status, everything = 0, Store.open(folder).results()
    for name, part in catalog.parts("reporter").items():
        try:
            shown = part(everything if part.writes else asked, folder) if part.enabled else None
        except Exception as error:
            complain(f"reporter '{name}' failed: {one_line(error)}")
            status = 1
        else:
            if asked and shown is not None:
                output().print(shown)
    failed = [result for result in asked if not result.ok]
    if failed:
        where = folder / "cells" / f"{failed[0].key}.json"
        complain(f"{len(failed)} of {len(asked)} cells failed; the first one's traceback is in {where}")
    output().print(f"results in {folder}", soft_wrap=True, markup=False)
    return status


def exit_status(results: list[Result]) -> int:
    """0 where all went well, 2 where a cell failed for what the user asked, 1 where one failed otherwise."""
    errors = [result.error["type"] for result in results if result.error]
    return 2 if "InputError" in errors else int(bool(errors))
