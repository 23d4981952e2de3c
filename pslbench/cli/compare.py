from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from pslbench.analysis.aggregate import aggregate_over_datasets
from pslbench.analysis.comparison import Comparison, compare_strategies, rankings
from pslbench.analysis.leaderboard import leaderboard_entries
from pslbench.analysis.statistics import MIN_SEEDS
from pslbench.cli.console import stdout_console, warn
from pslbench.cli.options import ExecutionOptions, GridOptions, PluginOptions, expand_options
from pslbench.cli.run import print_estimate, run_grid
from pslbench.cli.summary import make_reader, report_results
from pslbench.errors import InputError
from pslbench.planning.grid import Grid
from pslbench.reporters.comparison_tables import comparison_tables, difference_matrix
from pslbench.reporters.overall import build_overall_table
from pslbench.results.records import Result


@expand_options
def compare(
    fail_if_worse: Annotated[
        float | None,
        typer.Option(
            metavar="POINTS", min=0, help="Exit with 1 if the first is significantly worse by more than this."
        ),
    ] = None,
    *,
    combinations: GridOptions,
    execution: ExecutionOptions,
    plugins: PluginOptions,
) -> int:
    """Compare a strategy with others seed by seed; run the cells that are missing.

    The first strategy is compared with each of the others. --fail-if-worse is
    for continuous integration: POINTS are percentage points of test accuracy.

    Examples:
      pslbench compare centroid majority
      pslbench compare centroid centroid:keep=0.2 random -d mnist -s 5
      pslbench compare mine random --plugin mine.py -s 10 --fail-if-worse 0.5
    """
    if execution.save_config:
        raise InputError("compare does not write a configuration; write it with pslbench run --save-config")
    catalog = plugins.load_catalog()
    grid = _distinct(combinations.parse_grid(catalog))
    if fail_if_worse is not None and len(grid.seeds) < MIN_SEEDS:
        raise InputError(f"--fail-if-worse needs at least {MIN_SEEDS} seeds; write for example -s 5")
    if execution.dry_run:
        return print_estimate(catalog, grid, execution)
    store, results = run_grid(catalog, grid, execution, plugins)
    first, *others = (strategy.text for strategy in grid.strategies)
    reader = make_reader(catalog, store)
    comparisons = [c for other in others for c in compare_strategies(results, reader, first, other)]
    show = partial(_print_tables, comparisons, results, first)
    status = report_results(catalog, store, results, show, not execution.quiet)
    return status if fail_if_worse is None else max(status, _exit_status(comparisons, fail_if_worse))


def _print_tables(comparisons: Sequence[Comparison], results: Sequence[Result], first: str) -> None:
    console = stdout_console()
    for table in comparison_tables(comparisons):
        console.print(table)
    for entries in rankings(results):
        console.print(difference_matrix(entries, console.width), "", sep="\n")
    for aggregate in aggregate_over_datasets(leaderboard_entries(results), first):
        console.print(build_overall_table(aggregate), "", sep="\n")


def _distinct(grid: Grid) -> Grid:
    """Return the grid with each strategy once. Raises InputError if fewer than two remain."""
    different = list(dict.fromkeys(grid.strategies))
    if len(different) < 2:
        advice = f"write for example pslbench compare {different[0].text} random"
        raise InputError(f"compare needs at least two different strategies; {advice}")
    return replace(grid, strategies=different)


def _exit_status(comparisons: Sequence[Comparison], points: float) -> int:
    """Return 1 if the first strategy is significantly worse than another by more than `points`, else 0."""
    status = 0
    for comparison in comparisons:
        a, b = comparison.a.part("strategy"), comparison.b.part("strategy")
        is_worse = comparison.is_worse(points / 100)
        if is_worse is None:
            warn(comparison.verdict)
        elif is_worse:
            test = "exact McNemar test" if comparison.mcnemar else "one-sided 95% confidence bound"
            message = f"{a} is worse than {b} by more than {points:g} point{'' if points == 1 else 's'} ({test})"
            stdout_console().print(message, style="bold red", markup=False)
            status = 1
    if not comparisons:
        warn("the strategies share no dataset, budget and parts, so nothing is judged; compare them on the same ones")
    return status
