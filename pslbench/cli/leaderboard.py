import warnings
from typing import Annotated

import typer

from pslbench.analysis.leaderboard import COMBINATION_COLUMNS, column, filter_rows
from pslbench.cli import options
from pslbench.cli.console import warn
from pslbench.cli.summary import finished_rows, report_results
from pslbench.errors import unknown
from pslbench.results.folder import ResultsFolder


@options.expand_options
def leaderboard(
    folder: options.ResultsArgument = options.DEFAULT_RESULTS,
    sort: Annotated[
        str, typer.Option(metavar="COLUMN", help="Column of leaderboard.csv to sort by.")
    ] = "test_accuracy",
    filters: Annotated[
        list[str],
        typer.Option(
            "--filter", metavar="COLUMN=VALUE", help="Show only these rows; * matches any characters. Repeatable."
        ),
    ] = [],  # noqa: B006 - Typer copies it
    group: Annotated[str, typer.Option(metavar="PART", help="Show one leaderboard per value of this part.")] = "",
    top: Annotated[int, typer.Option(metavar="N", min=0, help="Show the first N ranked rows; 0 for all.")] = 0,
    *,
    plugins: options.PluginOptions,
) -> int:
    """Show the leaderboard of a folder of results, and rewrite its CSV files.

    Rows that --filter leaves out are neither ranked nor compared. If several
    filters name one column, a row must match one of them. Filters of different
    columns must all match.

    Examples:
      pslbench leaderboard results/latest
      pslbench leaderboard results/latest --filter "strategy=centroid*"
      pslbench leaderboard results/latest --sort seconds --group trainer --top 5
    """
    if group and group not in COMBINATION_COLUMNS:
        raise unknown("value of --group", group, COMBINATION_COLUMNS)
    results_folder = ResultsFolder.open(folder)
    with warnings.catch_warnings(record=True) as deprecations:
        warnings.simplefilter("always", DeprecationWarning)
        rows = filter_rows(finished_rows(results_folder), filters)
        sort = column(sort, rows)
    for deprecation in deprecations:
        warn(str(deprecation.message))
    return report_results(plugins.load_catalog(), results_folder, rows, sort=sort, group=group, top=top)
