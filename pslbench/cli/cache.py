from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pslbench.cli.console import stdout_console
from pslbench.cli.options import expand_options

app = typer.Typer(no_args_is_help=True, help="See and clear the stages kept for later runs.", rich_markup_mode="rich")

Folder = Annotated[
    Path | None, typer.Option("--cache-dir", metavar="DIR", help="Where stages are kept; else $PSLBENCH_CACHE_DIR.")
]


@app.command()
@expand_options
def info(cache_dir: Folder = None) -> None:
    """Show how many stages are kept, and what they take.

    Example:

      pslbench cache info
    """
    from rich import box
    from rich.table import Table

    from pslbench.execution.cache import cache_root, kept

    folder = cache_root(cache_dir)
    entries = kept(folder)
    table = Table(box=box.SIMPLE_HEAD)
    for head in ("stage", "entries", "MB"):
        table.add_column(head, justify="left" if head == "stage" else "right")
    for stage in ("data", "embed", "graph", "cluster", "label", "train"):
        sizes = [entry.size for entry in entries if entry.stage == stage]
        table.add_row(stage, f"{len(sizes):,}", f"{sum(sizes) / 1e6:,.1f}")
    table.add_section()
    table.add_row("all", f"{len(entries):,}", f"{sum(entry.size for entry in entries) / 1e6:,.1f}")
    stdout_console().print(table)
    stdout_console().print(f"in {folder}", soft_wrap=True, markup=False)


@app.command()
@expand_options
def clear(cache_dir: Folder = None) -> None:
    """Drop every stage that is kept; results and downloaded data stay.

    Example:

      pslbench cache clear
    """
    from pslbench.execution import cache

    folder = cache.cache_root(cache_dir)
    entries = cache.kept(folder)
    cache.clear(folder)
    stdout_console().print(
        f"dropped {len(entries):,} stages, {sum(entry.size for entry in entries) / 1e6:,.1f} MB, from {folder}"
    )
