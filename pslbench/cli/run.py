from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pslbench.cli.console import EXIT_INTERRUPTED, print_interrupted, stdout_console, warn
from pslbench.cli.options import ExecutionOptions, GridOptions, PluginOptions, expand_options, save_config
from pslbench.cli.summary import report
from pslbench.errors import InputError

if TYPE_CHECKING:
    from pslbench.execution.cache import Settings
    from pslbench.execution.executors import Pool, Tell
    from pslbench.planning.plan import Grid, Plan
    from pslbench.plugins.catalog import Catalog
    from pslbench.results.folder import ResultsFolder
    from pslbench.results.records import Result


@expand_options
def run(
    strategies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STRATEGY...", help="By name, with parameters if it has any; see pslbench list.", show_default=False
        ),
    ] = None,
    all_strategies: Annotated[
        bool, typer.Option("--all/--no-all", help="Every strategy that is not switched off.")
    ] = False,
    *,
    combinations: GridOptions,
    execution: ExecutionOptions,
    plugins: PluginOptions,
) -> int:
    """Run strategies over the same data, clusters and trainer, and show the leaderboard.

    A part takes parameters as name:key=value,key=value. An option given twice,
    or a value list "key=1|2" (in quotes: shells read the bar as a pipe), spans
    a grid. What the output folder already holds is not run again.

    Examples:

      pslbench run --all

      pslbench run centroid random -d mnist -s 5 -o results/mnist

      pslbench run "centroid:keep=0.2|0.5|1" -c all -t logreg
    """
    if execution.save_config:
        said = asdict(combinations) | asdict(execution) | asdict(plugins)
        save_config(execution.save_config, strategies=strategies, all=all_strategies, **said)
        return 0
    catalog = plugins.load_catalog()
    names = list(strategies or []) + (["all"] if all_strategies else [])
    if not names:
        raise InputError(f"name strategies, or --all; known: {', '.join(catalog.parts('strategy'))}")
    grid = combinations.parse_grid(catalog, names)
    if execution.dry_run:
        return foresee(catalog, grid, execution)
    store, results = run_grid(catalog, grid, execution, plugins)
    return report(catalog, store, results)


def run_grid(
    catalog: Catalog, grid: Grid, execution: ExecutionOptions, plugins: PluginOptions
) -> tuple[ResultsFolder, list[Result]]:
    """Run what is missing of a grid, with a progress bar, and give all its rows and the store that has them."""
    from pslbench.cli.progress import ProgressBar
    from pslbench.execution import run as engine
    from pslbench.execution.cache import trim
    from pslbench.results.folder import ResultsFolder

    settings = execution.prepare_cache()
    planned = _plan(catalog, grid)
    store = ResultsFolder.create(execution.output)
    with store.alone():
        missing = engine.missing_cells(planned, store, execution.retry_failed, execution.fresh)
        if execution.fresh:
            store.forget(cell.key for cell in missing)
        trim(settings.folder, settings.limit)
        store.note_run(engine.manifest(["pslbench", *sys.argv[1:]], planned, execution.count_workers(len(missing))))
        watcher = ProgressBar(execution.explain_cache)
        try:
            with watcher:
                pool = partial(_pool, execution, plugins, settings, store, len(missing), watcher.heard)
                return store, engine.run(catalog, planned, store, missing, pool, watcher, warn)
        except KeyboardInterrupt:
            report(catalog, store, store.results(cell.key for cell in planned.cells))
            print_interrupted()
            raise typer.Exit(EXIT_INTERRUPTED) from None
        finally:
            trim(settings.folder, settings.limit)


def _plan(catalog: Catalog, grid: Grid) -> Plan:
    from pslbench.planning.plan import plan

    planned = plan(catalog, grid, catalog.call)
    for warning in planned.warnings:
        warn(warning)
    return planned


def _pool(
    execution: ExecutionOptions, plugins: PluginOptions, cache: Settings, store: ResultsFolder, cells: int, tell: Tell
) -> AbstractContextManager[Pool]:
    from pslbench.execution.cache import GIGABYTE
    from pslbench.execution.executors import dask_pool, local_pool
    from pslbench.execution.worker import WorkerConfig

    if execution.dask and execution.explain_cache:
        raise InputError("--explain-cache hears of this machine's workers only; leave it out, or --dask")
    jobs = execution.count_workers(cells)
    orders = WorkerConfig(
        tuple(str(Path(file).absolute()) for file in plugins.plugin),
        tuple(plugins.no_plugin),
        cache,
        str((store.folder / "workers.log").absolute()),
        str(Path.cwd()),
        execution.timeout,
        int(execution.memory_limit * GIGABYTE) if execution.memory_limit else None,
    )
    return dask_pool(orders, jobs, execution.dask) if execution.dask else local_pool(orders, jobs, tell)


def foresee(catalog: Catalog, grid: Grid, execution: ExecutionOptions) -> int:
    """Say what a run would do."""
    from pslbench.execution.cache import StageCache
    from pslbench.execution.run import estimate_run, missing_cells
    from pslbench.results.folder import ResultsFolder

    planned, store = _plan(catalog, grid), ResultsFolder(execution.output)
    missing = missing_cells(planned, store, execution.retry_failed, execution.fresh)
    jobs = execution.count_workers(len(missing))
    found = estimate_run(planned, store, missing, StageCache(execution.prepare_cache()), jobs)
    console = stdout_console()
    console.print(f"{found.cells} cells: {found.done} done, {found.cached} trained before, {found.to_run} to run")
    if found.to_run > found.unknown:
        took = timedelta(seconds=round(found.seconds))
        console.print(f"about {took} for {found.to_run - found.unknown} of them with {jobs} jobs, by earlier rows")
    if found.unknown:
        console.print(f"{found.unknown} of a kind that {execution.output} has no row of: no telling how long they take")
    return 0
