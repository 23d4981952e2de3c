from pathlib import Path
from typing import Annotated

import typer

from pslbench.cli import options
from pslbench.cli.console import new_table, stdout_console, warn
from pslbench.errors import pluralize
from pslbench.execution.cache import clear as remove_entries
from pslbench.execution.cache import list_entries

app = typer.Typer(no_args_is_help=True, help="Show and clear the cache of stages.", rich_markup_mode="rich")

STAGES = ("images", "data", "embed", "graph", "cluster", "label", "train")
CacheFolder = Annotated[Path | None, typer.Option("--cache-dir", metavar="DIR", help=options.CACHE_DIR_HELP)]


@app.command()
@options.expand_options
def info(cache_dir: CacheFolder = None) -> None:
    """Show the number and the size of the cached stages.

    Example:
      pslbench cache info
    """
    folder = options.cache_folder(cache_dir)
    sizes = [(entry.stage, entry.size) for entry in list_entries(folder)]
    table = new_table("stage", "entries", "MB")
    for column in table.columns[1:]:
        column.justify = "right"
    for stage in (*STAGES, "all"):
        matching = [size for name, size in sizes if stage in (name, "all")]
        table.add_row(stage, f"{len(matching):,}", f"{sum(matching) / 1e6:,.1f}", end_section=stage == STAGES[-1])
    stdout_console().print(table)
    stdout_console().print(f"in {folder}", soft_wrap=True, markup=False)


@app.command()
@options.expand_options
def clear(cache_dir: CacheFolder = None) -> None:
    """Delete every cached stage. Results and downloaded data are kept.

    Example:
      pslbench cache clear
    """
    folder = options.cache_folder(cache_dir)
    before = list_entries(folder)
    remove_entries(folder)
    left = {entry.place for entry in list_entries(folder)}
    sizes = [entry.size for entry in before if entry.place not in left]
    if left:
        warn(f"{pluralize(len(left), 'stage')} cannot be deleted: another user owns the folder, or it is read-only")
    message = f"deleted {pluralize(len(sizes), 'stage')} ({sum(sizes) / 1e6:,.1f} MB) from {folder}"
    stdout_console().print(message, soft_wrap=True, markup=False)
