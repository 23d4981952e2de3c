from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated

import typer
from rich.markup import escape

from pslbench.cli import options
from pslbench.cli.console import new_table, stdout_console
from pslbench.plugins.catalog import Plugin
from pslbench.plugins.discovery import discover

COLORS = {"ok": "green", "failed": "red", "off": "yellow"}


@options.expand_options
def plugins(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also print the traceback of each plugin that failed.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")] = False,
    *,
    plugins: options.PluginOptions,
) -> None:
    """List the plugins, their parts, and the problems of those that failed to load.

    Examples:
      pslbench plugins
      pslbench plugins --plugin mine.py --verbose
    """
    rows = discover(plugins.plugin, plugins.no_plugin).plugins
    if as_json:
        parts = ([{"kind": part.kind, "name": part.name} for part in plugin.parts] for plugin in rows)
        stdout_console().print_json(data=[vars(row) | {"parts": own} for row, own in zip(rows, parts, strict=True)])
    else:
        _print_plugins(rows, verbose)


def _print_plugins(plugins: Sequence[Plugin], verbose: bool) -> None:
    table = new_table("plugin", "source", "version", "status", "parts")
    for plugin in plugins:
        status = f"[{COLORS[plugin.status]}]{plugin.status}[/]"
        kinds = groupby(plugin.parts, lambda part: part.kind)
        parts = "\n".join(f"{kind}: {', '.join(part.name for part in parts)}" for kind, parts in kinds)
        row = map(escape, (plugin.name, plugin.source, plugin.version))
        table.add_row(*row, status, escape(plugin.problem or parts))
    console = stdout_console()
    console.print(table)
    for plugin in plugins:
        for note in plugin.notes:
            console.print(f"{plugin.name}: {note}", markup=False)
        if verbose and plugin.traceback:
            console.print(f"\n{plugin.name}:\n{plugin.traceback}", markup=False, soft_wrap=True)
