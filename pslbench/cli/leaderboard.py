from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pslbench.cli import options
from pslbench.cli.run import report


def leaderboard(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder of results.")] = options.RESULTS,
    plugin: options.PluginFiles = [],  # noqa: B006
    no_plugin: options.PluginsOff = [],  # noqa: B006
) -> int:
    """Show the leaderboard of a folder of results, and write its CSV files anew.

    Example:

      pslbench leaderboard results/latest
    """
    from pslbench.engine.store import Store

    results = Store.open(folder).results()
    return max(
        report(options.find_plugins(plugin, no_plugin), folder, results), int(not all(result.ok for result in results))
    )
