from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pslbench.cli import options
from pslbench.cli.report import report


@options.spread
def leaderboard(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of results.")] = options.RESULTS,
    *,
    plugins: options.Plugins,
) -> int:
    """Show the leaderboard of a folder of results, and write its CSV files anew.

    Example:

      pslbench leaderboard results/latest
    """
    from pslbench.engine.store import Store

    store = Store.open(folder)
    return report(plugins.find(), store, store.results())
