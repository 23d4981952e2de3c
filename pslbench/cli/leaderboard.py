from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pslbench.cli import options
from pslbench.cli.summary import finished, report
from pslbench.errors import unknown


@options.expand_options
def leaderboard(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of results.")] = options.DEFAULT_RESULTS,
    sort: Annotated[
        str, typer.Option(metavar="COLUMN", help="Order rows by this column of leaderboard.csv.")
    ] = "test_accuracy",
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            metavar="COLUMN=VALUE",
            help="Show just these rows; * stands for anything. May be repeated.",
            show_default=False,
        ),
    ] = None,
    group: Annotated[str, typer.Option(metavar="PART", help="A board for each value of this part.")] = "",
    top: Annotated[int, typer.Option(metavar="N", min=0, help="Show the first N competing rows; 0 for all.")] = 0,
    *,
    plugins: options.PluginOptions,
) -> int:
    """Show the leaderboard of a folder of results, and write its CSV files anew.

    Rows that --filter leaves out do not count as rivals either. Conditions on
    one column widen the choice, those on different ones narrow it.

    Examples:

      pslbench leaderboard results/latest

      pslbench leaderboard results/latest --filter "strategy=centroid*"

      pslbench leaderboard results/latest --sort seconds --group trainer --top 5
    """
    from pslbench.analysis.leaderboard import PARTS, column
    from pslbench.analysis.selection import select
    from pslbench.results.folder import ResultsFolder

    by = column(sort)
    if group and group not in PARTS:
        raise unknown("part", group, PARTS)
    store = ResultsFolder.open(folder)
    chosen = select(finished(store), filters or [])
    return report(plugins.load_catalog(), store, chosen, sort=by, group=group, top=top)
