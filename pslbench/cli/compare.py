from __future__ import annotations

from math import isnan
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
from pslbench.cli.run import exit_status, read_grid, report, run_grid
from pslbench.cli.screen import output
from pslbench.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from pslbench.analysis.comparison import Comparison

Name = Annotated[str, typer.Argument(metavar="STRATEGY", help="With parameters if it has any.", show_default=False)]


def compare(
    a: Name,
    b: Name,
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
    """Compare two strategies seed by seed: run what is missing, then say what can be said.

    Examples:

      pslbench compare centroid majority

      pslbench compare centroid centroid:keep=0.2 -d mnist -s 5
    """
    from pslbench.analysis.comparison import comparisons
    from pslbench.engine.store import Store

    catalog = options.find_plugins(plugin, no_plugin)
    grid = read_grid(catalog, [a, b], dataset, embedder, clusterer, trainer, budget, seeds)
    if len(grid.strategies) != 2 or grid.strategies[0] == grid.strategies[1]:
        raise InputError(f"compare wants two different strategies, not {a} and {b}")
    results = run_grid(catalog, grid, folder, jobs, plugin, no_plugin)
    first, second = (strategy.text for strategy in grid.strategies)
    found = comparisons(results, first, second, Store(folder).probabilities)
    for comparison in found:
        output().print(_table(comparison))
        for sentence in (comparison.verdict, *comparison.caveats):
            output().print(sentence, style="bold", markup=False)
        output().print()
    if failed := sum(not result.ok for result in results):
        output().print(f"  {failed} of {len(results)} cells failed.")
    return max(report(catalog, folder, []), exit_status(results))


def _table(comparison: Comparison) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from pslbench.reporters.table import number, signed, spread

    a, b = comparison.a, comparison.b
    parts = [p for kind in ("embedder", "clusterer", "trainer") if (p := max(a.part(kind), b.part(kind))) != "-"]
    title = " · ".join([a.part("dataset"), f"{a.part('budget')} labels", *parts, f"seeds: {len(a.rows)}"])
    table = Table(box=box.SIMPLE_HEAD, title=Text(title), title_justify="left", title_style="bold")
    for head in ("", a.part("strategy"), b.part("strategy"), "difference"):
        table.add_column(Text(head), justify="right" if head else "left", no_wrap=True)
    for name, difference in comparison.differences.items():
        style = "" if difference.holds_zero else "bold"
        shown = "-" if isnan(difference.mean) else signed(difference)
        table.add_row(name, spread(a.score(name)), spread(b.score(name)), Text(shown, style))
    table.add_section()
    table.add_row("labels spent", number(a.mean("labels_spent"), 0), number(b.mean("labels_spent"), 0), "")
    table.add_row("seconds", number(a.mean("seconds", "total"), 1), number(b.mean("seconds", "total"), 1), "")
    table.add_row("same class given", spread(comparison.agreement), "", "")
    table.caption = (
        "mean ± half-width of its 95% interval over seeds; differences in pairs, bold where zero is ruled out"
    )
    table.caption_justify = "left"
    return table
