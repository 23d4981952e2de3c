from __future__ import annotations

import warnings
from pathlib import Path
from typing import Annotated

import typer

from pslbench.cli import options
from pslbench.cli.console import warn
from pslbench.cli.summary import finished_rows, report
from pslbench.errors import unknown


@options.spread
def leaderboard(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of results.")] = options.RESULTS,
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
    plugins: options.Plugins,
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
    from pslbench.analysis.row_filter import filter_rows
    from pslbench.results.folder import ResultsFolder

    if group and group not in PARTS:
        raise unknown("part", group, PARTS)
    store = ResultsFolder.open(folder)
    with warnings.catch_warnings(record=True) as deprecations:
        warnings.simplefilter("always", DeprecationWarning)
        sort, rows = column(sort), filter_rows(finished_rows(store), filters or [])
    for deprecation in deprecations:
        warn(str(deprecation.message))
    return report(plugins.find(), store, rows, sort=sort, group=group, top=top)
