from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pslbench.analysis.aggregate import aggregate_over_datasets
from pslbench.analysis.comparison import Comparison, compare_strategies, rankings
from pslbench.analysis.leaderboard import leaderboard_entries
from pslbench.analysis.statistics import MIN_SEEDS
from pslbench.cli.console import stderr_console, stdout_console, warn
from pslbench.cli.options import ExecutionOptions, GridOptions, PluginOptions, expand_options
from pslbench.cli.run import print_estimate, run_grid
from pslbench.cli.summary import make_reader, report_results
from pslbench.errors import InputError
from pslbench.planning.grid import Grid
from pslbench.plugins.catalog import Catalog
from pslbench.reporters.comparison_tables import comparison_tables, difference_matrix
from pslbench.reporters.overall import build_overall_table
from pslbench.results.folder import ResultsFolder
from pslbench.results.records import UNUSED, Result, ResultsReader

FLAGS = {"dataset": "-d", "budget": "-b", "trainer": "-t", "embedder": "-e", "clusterer": "-c"}


@expand_options
def compare(
    context: typer.Context,
    fail_if_worse: Annotated[
        float | None,
        typer.Option(
            metavar="POINTS", min=0, help="Exit with 1 if the first is significantly worse by more than this."
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also show further tests of each pair, without correction.")
    ] = False,
    *,
    combinations: GridOptions,
    execution: ExecutionOptions,
    plugins: PluginOptions,
) -> int:
    """Compare a strategy with others seed by seed; run the cells that are missing.

    The first strategy is compared with each of the others. Options that you
    leave out are taken from what the output folder contains. --fail-if-worse is
    for continuous integration: POINTS are percentage points of test accuracy.

    Examples:
      pslbench compare centroid majority
      pslbench compare centroid centroid:keep=0.2 random -d mnist -s 5
      pslbench compare mine random --plugin mine.py -s 10 --fail-if-worse 0.5
    """
    if execution.save_config:
        raise InputError("compare does not write a configuration; write it with pslbench run --save-config")
    catalog = plugins.load_catalog()
    left_out = [name for name in (*FLAGS, "seeds") if _is_default(context, name)]
    grid = _distinct(_complete(combinations, catalog, execution.output, left_out).parse_grid(catalog))
    if fail_if_worse is not None and len(grid.seeds) < MIN_SEEDS:
        raise InputError(f"--fail-if-worse needs at least {MIN_SEEDS} seeds; write for example -s 5")
    if execution.dry_run:
        return print_estimate(catalog, grid, execution)
    store, results = run_grid(catalog, grid, execution, plugins)
    first, *others = (strategy.text for strategy in grid.strategies)
    reader = make_reader(catalog, store)
    comparisons = [c for other in others for c in compare_strategies(results, reader, first, other)]
    show = partial(_print_tables, comparisons, results, first, reader, verbose)
    status = report_results(catalog, store, results, show, not execution.quiet)
    return status if fail_if_worse is None else max(status, _exit_status(comparisons, fail_if_worse))


def _print_tables(
    comparisons: Sequence[Comparison],
    results: Sequence[Result],
    first: str,
    reader: ResultsReader,
    verbose: bool,
) -> None:
    console = stdout_console()
    for table in comparison_tables(comparisons, verbose):
        console.print(table)
    for entries in rankings(results, reader):
        console.print(difference_matrix(entries, console.width), "", sep="\n")
    for aggregate in aggregate_over_datasets(leaderboard_entries(results), first):
        console.print(build_overall_table(aggregate), "", sep="\n")


def _distinct(grid: Grid) -> Grid:
    """Return the grid with each strategy once. Raises InputError if fewer than two remain."""
    different = list(dict.fromkeys(grid.strategies))
    if len(different) < 2:
        other = "centroid" if different[0].text == "random" else "random"
        advice = f"write for example pslbench compare {different[0].text} {other}"
        raise InputError(f"compare needs at least two different strategies; {advice}")
    return replace(grid, strategies=different)


def _is_default(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is None or source.name == "DEFAULT"


def _complete(options: GridOptions, catalog: Catalog, output: Path, left_out: Sequence[str]) -> GridOptions:
    """Return the options, with those that the user left out taken from the rows of the output folder.

    Raises:
        InputError: the rows have several values of such an option.
    """
    grid, folder = options.parse_grid(catalog), ResultsFolder(output)
    given = {"dataset": grid.datasets, "trainer": grid.trainers, "embedder": grid.embedders}
    given |= {"clusterer": grid.clusterers}
    wanted = {name: {config.text for config in configs} for name, configs in given.items()}
    wanted["budget"], strategies = set(map(str, grid.budgets)), {config.text for config in grid.strategies}
    rows = folder.current_rows() if folder.exists else []
    for name in (name for name in FLAGS if name not in left_out):
        rows = [row for row in rows if str(getattr(row, name)) in (*wanted[name], UNUSED)]
    rows = [row for row in rows if row.strategy in strategies] or rows
    if not rows or not left_out:
        return options
    values = {name: _only_value(rows, name, output) for name in FLAGS if name in left_out}
    changes: dict[str, list[str] | str] = {
        name: [value] for name, value in values.items() if value and {value} != wanted[name]
    }
    seeds = sorted({row.seed for row in rows})
    if "seeds" in left_out and seeds != list(grid.seeds):
        changes["seeds"] = str(len(seeds)) if seeds == list(range(len(seeds))) else f"{','.join(map(str, seeds))},"
    if changes:
        taken = " ".join(f"{FLAGS.get(name, '-s')} {''.join(value)}" for name, value in changes.items())
        stderr_console().print(f"taken from {output}: {taken}", soft_wrap=True, markup=False)
    return replace(options, **changes)  # type: ignore[arg-type]


def _only_value(rows: Sequence[Result], name: str, output: Path) -> str:
    """Return the value that all rows share; empty if none has one. Raises InputError if there are several."""
    values = sorted({str(getattr(row, name)) for row in rows} - {UNUSED})
    if len(values) > 1:
        raise InputError(
            f"'{output}' contains several values of --{name} ({', '.join(values)}); choose one with {FLAGS[name]}"
        )
    return "".join(values)


def _exit_status(comparisons: Sequence[Comparison], points: float) -> int:
    """Return 1 if the first strategy is significantly worse than another by more than `points`, else 0."""
    status = 0
    for comparison in comparisons:
        a, b = comparison.a.part("strategy"), comparison.b.part("strategy")
        is_worse = comparison.is_worse(points / 100, len(comparisons))
        if is_worse is None:
            warn(comparison.sentence)
        elif is_worse:
            test = "McNemar's test" if comparison.verdict.images else "one-sided 95% confidence bound"
            message = f"{a} is worse than {b} by more than {points:g} point{'' if points == 1 else 's'} ({test})"
            stdout_console().print(message, style="bold red", markup=False)
            status = 1
    if not comparisons:
        warn("the strategies share no dataset, budget and parts, so nothing is judged; compare them on the same ones")
    return status
