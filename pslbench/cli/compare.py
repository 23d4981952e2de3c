from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Annotated

import typer

from pslbench.cli.options import Combinations, Execution, Plugins, spread
from pslbench.cli.report import report
from pslbench.cli.run import foresee, run_grid
from pslbench.cli.screen import output
from pslbench.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from pslbench.analysis.comparison import Comparison

Name = Annotated[str, typer.Argument(metavar="STRATEGY", help="With parameters if it has any.", show_default=False)]


@spread
def compare(a: Name, b: Name, *, combinations: Combinations, execution: Execution, plugins: Plugins) -> int:
    """Compare two strategies seed by seed: run what is missing, then say what can be said.

    Examples:

      pslbench compare centroid majority

      pslbench compare centroid centroid:keep=0.2 -d mnist -s 5
    """
    from pslbench.analysis.comparison import comparisons

    if execution.save_config:
        raise InputError("compare writes no configuration; pslbench run --save-config does, and compare reads it")
    catalog = plugins.find()
    grid = combinations.grid(catalog, [a, b])
    if len(grid.strategies) != 2 or grid.strategies[0] == grid.strategies[1]:
        raise InputError(f"compare wants two different strategies, not {a} and {b}")
    if execution.dry_run:
        return foresee(catalog, grid, execution)
    store, results = run_grid(catalog, grid, execution, plugins)
    first, second = (strategy.text for strategy in grid.strategies)
    for comparison in comparisons(results, first, second, store.probabilities):
        output().print(_table(comparison))
        for sentence in (comparison.verdict, *comparison.caveats):
            output().print(sentence, style="bold", markup=False)
        output().print()
    return report(catalog, store, results, show=False)


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
