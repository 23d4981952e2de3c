from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pslbench.cli import options
from pslbench.cli.console import stdout_console

if TYPE_CHECKING:
    from pslbench.plugins.catalog import Plugin

COLOURS = {"ok": "green", "failed": "red", "off": "yellow"}


@options.expand_options
def plugins(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="With the tracebacks of those that failed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for other programs.")] = False,
    *,
    plugins: options.PluginOptions,
) -> None:
    """List the plugins that were found, what they bring, and what is wrong with those that failed.

    Examples:

      pslbench plugins

      pslbench plugins --plugin mine.py --verbose
    """
    from pslbench.plugins.discovery import discover

    found = discover(plugins.plugin, plugins.no_plugin).plugins
    if as_json:
        stdout_console().print_json(data=[_facts(each) for each in found])
        return
    _show(found, verbose)


def _show(found: tuple[Plugin, ...], verbose: bool) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for head in ("plugin", "found in", "version", "status", "brings"):
        table.add_column(head, overflow="fold")
    for each in found:
        status = f"[{COLOURS[each.status]}]{each.status}[/]"
        said = each.problem or "\n".join(_brings(each))
        table.add_row(escape(each.name), escape(each.source), escape(each.version), status, escape(said))
    console = stdout_console()
    console.print(table)
    for each in found:
        for note in each.notes:
            console.print(f"{each.name}: {note}", markup=False)
        if verbose and each.traceback:
            console.print(f"\n{each.name}:\n{each.traceback}", markup=False, soft_wrap=True)


def _brings(plugin: Plugin) -> list[str]:
    """A line a kind."""
    return [f"{kind}: {', '.join(p.name for p in parts)}" for kind, parts in groupby(plugin.parts, lambda p: p.kind)]


def _facts(plugin: Plugin) -> dict[str, Any]:
    return {**vars(plugin), "parts": [{"kind": part.kind, "name": part.name} for part in plugin.parts]}
