from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pslbench.cli.options import Combinations, Execution, Plugins, spread
from pslbench.cli.report import report
from pslbench.cli.screen import complain
from pslbench.errors import InputError

if TYPE_CHECKING:
    from pslbench.contracts import Result
    from pslbench.engine.plan import Grid
    from pslbench.engine.store import Store
    from pslbench.plugins.manager import Catalog


@spread
def run(
    strategies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STRATEGY...", help="By name, with parameters if it has any; see pslbench list.", show_default=False
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every strategy that is not switched off.")] = False,
    *,
    combinations: Combinations,
    execution: Execution,
    plugins: Plugins,
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
    catalog = plugins.find()
    names = list(strategies or []) + (["all"] if every else [])
    if not names:
        raise InputError(f"name strategies, or --all; known: {', '.join(catalog.parts('strategy'))}")
    store, results = run_grid(catalog, combinations.grid(catalog, names), execution, plugins)
    return report(catalog, store, results)


def run_grid(catalog: Catalog, grid: Grid, execution: Execution, plugins: Plugins) -> tuple[Store, list[Result]]:
    """Run what is missing of a grid, with a progress bar, and give all its rows and the store that has them."""
    from pslbench.cli.progress import ProgressBar
    from pslbench.engine import run as engine
    from pslbench.engine.executors import Workers
    from pslbench.engine.plan import plan
    from pslbench.engine.store import Store

    planned = plan(catalog, grid, catalog.call)
    for warning in planned.warnings:
        complain(warning)
    store = Store.create(execution.output)
    at_most = min(execution.jobs or os.cpu_count() or 1, len(planned.cells))
    workers = Workers(at_most, tuple(plugins.plugin), tuple(plugins.no_plugin), store.folder / "workers.log")
    store.note_run(engine.manifest(["pslbench", *sys.argv[1:]], planned, workers))
    try:
        with ProgressBar() as bar:
            return store, engine.run(catalog, planned, store, workers, bar, complain)
    except KeyboardInterrupt:
        report(catalog, store, store.results(cell.key for cell in planned.cells))
        raise
