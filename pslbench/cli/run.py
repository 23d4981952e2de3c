from dataclasses import asdict
from datetime import timedelta

import typer

from pslbench.cli.console import EXIT_INTERRUPTED, print_interrupted, stderr_console, stdout_console
from pslbench.cli.options import ExecutionOptions, GridOptions, PluginOptions, expand_options, save_config
from pslbench.cli.summary import report_results
from pslbench.errors import pluralize
from pslbench.planning.grid import Grid
from pslbench.plugins.catalog import Catalog
from pslbench.results.folder import ResultsFolder
from pslbench.results.records import Result


@expand_options
def run(*, combinations: GridOptions, execution: ExecutionOptions, plugins: PluginOptions) -> int:
    """Run strategies with the same data, clusters and trainer, and show the leaderboard.

    Parameters of a part are written as name:key=value,key=value. A repeated
    option, or several values as in "key=1|2" (in quotes, since shells read the
    bar as a pipe), spans a grid. Cells that the output folder contains already
    are not run again.

    Examples:
      pslbench run --all
      pslbench run centroid random -d mnist -s 5 -o results/mnist
      pslbench run "centroid:keep=0.2|0.5|1" -c all -t logreg
    """
    if execution.save_config:
        save_config(execution.save_config, asdict(combinations) | asdict(execution) | asdict(plugins))
        return 0
    catalog = plugins.load_catalog()
    grid = combinations.parse_grid(catalog)
    if execution.dry_run:
        return print_estimate(catalog, grid, execution)
    folder, rows = run_grid(catalog, grid, execution, plugins)
    return report_results(catalog, folder, rows, show_folder=not execution.quiet)


def run_grid(
    catalog: Catalog, grid: Grid, execution: ExecutionOptions, plugins: PluginOptions
) -> tuple[ResultsFolder, list[Result]]:
    """Run what is missing of a grid and show its progress. Return the folder, and the rows of the grid."""
    from pslbench.cli.live import show_progress
    from pslbench.execution import run

    try:
        with show_progress(execution.explain_cache, execution.quiet) as observer:
            return run.run_grid(catalog, grid, execution.run_settings(plugins), observer)
    except run.RunInterruptedError as interruption:
        show_folder = not execution.quiet
        report_results(catalog, interruption.folder, interruption.rows, show_folder=show_folder, is_complete=False)
        print_interrupted()
        raise typer.Exit(EXIT_INTERRUPTED) from None


def print_estimate(catalog: Catalog, grid: Grid, execution: ExecutionOptions) -> int:
    """Print what a run would do."""
    from pslbench.cli.progress import ProgressLines
    from pslbench.execution.run import estimate_grid

    settings = execution.run_settings(PluginOptions())
    estimate = estimate_grid(catalog, grid, settings, ProgressLines(stderr_console()))
    console = stdout_console()
    states = f"{estimate.done} done, {estimate.cached} cached, {estimate.to_run} to run"
    console.print(f"{pluralize(estimate.cells, 'cell')}: {states}")
    if known := estimate.to_run - estimate.unknown:
        duration = timedelta(seconds=round(estimate.seconds))
        jobs = settings.workers(estimate.cached + estimate.to_run)
        console.print(f"about {duration} for {known} of them with {pluralize(jobs, 'job')}, according to earlier rows")
    if estimate.unknown:
        console.print(f"{estimate.unknown} without an estimate: no such cell has succeeded in {execution.output}")
    return 0
