from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from pslbench.analysis.statistics import MIN_SEEDS
from pslbench.cli.console import stdout_console, warn
from pslbench.cli.options import ExecutionOptions, GridOptions, PluginOptions, expand_options
from pslbench.cli.run import foresee, run_grid
from pslbench.cli.summary import records, report
from pslbench.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pslbench.analysis.comparison import Comparison
    from pslbench.planning.plan import Grid


@expand_options
def compare(
    strategies: Annotated[
        list[str] | None,
        typer.Argument(metavar="STRATEGY...", help="By name, with parameters if it has any.", show_default=False),
    ] = None,
    all_strategies: Annotated[
        bool, typer.Option("--all/--no-all", help="Every strategy that is not switched off.")
    ] = False,
    fail_if_worse: Annotated[
        float | None,
        typer.Option(
            metavar="POINTS",
            min=0,
            help="Exit with 1 if the first is worse than another by more than that, with 95% certainty.",
        ),
    ] = None,
    *,
    combinations: GridOptions,
    execution: ExecutionOptions,
    plugins: PluginOptions,
) -> int:
    """Compare a strategy with others seed by seed: run what is missing, then say what can be said.

    The first is compared with each of the others. --fail-if-worse is for
    continuous integration: POINTS are percentage points of test accuracy.

    Examples:

      pslbench compare centroid majority

      pslbench compare centroid centroid:keep=0.2 random -d mnist -s 5

      pslbench compare mine random --plugin mine.py -s 10 --fail-if-worse 0.5
    """
    from pslbench.analysis.aggregate import overall
    from pslbench.analysis.comparison import comparisons, matrices
    from pslbench.analysis.leaderboard import leaderboard_entries
    from pslbench.reporters import comparison_tables as pairs
    from pslbench.reporters.overall import table_of

    if execution.save_config:
        raise InputError("compare writes no configuration; pslbench run --save-config does, and compare reads it")
    catalog = plugins.load_catalog()
    grid = _distinct(combinations.parse_grid(catalog, list(strategies or []) + (["all"] if all_strategies else [])))
    if fail_if_worse is not None and len(grid.seeds) < MIN_SEEDS:
        raise InputError(f"--fail-if-worse cannot judge by fewer than {MIN_SEEDS} seeds; write for example -s 5")
    if execution.dry_run:
        return foresee(catalog, grid, execution)
    store, results = run_grid(catalog, grid, execution, plugins)
    first, *others = (strategy.text for strategy in grid.strategies)
    looked_up = records(catalog, store)
    found = [comparison for other in others for comparison in comparisons(results, first, other, looked_up)]
    pairs.show(found)
    for matrix in matrices(results):
        pairs.show_all(matrix)
    for each in overall(leaderboard_entries(results), first):
        stdout_console().print(table_of(each), "", sep="\n")
    status = report(catalog, store, results, show=False)
    return status if fail_if_worse is None else max(status, _failed(found, fail_if_worse))


def _distinct(grid: Grid) -> Grid:
    """The grid with each strategy once. Raises InputError where that leaves fewer than two."""
    different = list(dict.fromkeys(grid.strategies))
    if len(different) < 2:
        given = " and ".join(strategy.text for strategy in grid.strategies) or "none"
        raise InputError(f"compare wants at least two different strategies, not {given}")
    return replace(grid, strategies=different)


def _failed(found: Sequence[Comparison], points: float) -> int:
    """1 if the first strategy of any comparison is certainly worse by so many percentage points, else 0."""
    from pslbench.reporters.formats import counted

    failed = 0
    for comparison in found:
        a, b = comparison.a.part("strategy"), comparison.b.part("strategy")
        worse = comparison.is_worse(points / 100)
        if worse is None:
            few = f"{counted(comparison.seeds, 'seed')} in common, it takes {MIN_SEEDS}; try -s 5"
            same = f"the difference is the same on each of {comparison.seeds} seeds, so there is no interval"
            warn(f"{a} cannot be judged against {b}: {few if comparison.seeds < MIN_SEEDS else same}")
        elif worse:
            said = f"{a} is worse than {b} by more than {points:g} points, with 95% certainty (one-sided)"
            stdout_console().print(said, style="bold red", markup=False)
            failed = 1
    if not found:
        warn("nothing could be compared, so nothing is judged")
    return failed
