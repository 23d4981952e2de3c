from __future__ import annotations

from pslbench.cli import options
from pslbench.cli.screen import output


@options.spread
def plugins(plugins: options.Plugins) -> None:
    """List the plugins that were found, what they bring, and what is wrong with those that failed."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from pslbench.plugins.manager import discover

    table = Table(box=box.SIMPLE_HEAD)
    for head in ("plugin", "found in", "status", "parts"):
        table.add_column(head, overflow="fold")
    colours = {"ok": "green", "failed": "red", "off": "yellow"}
    for found in discover(plugins.plugin, plugins.no_plugin).plugins:
        brings = ", ".join(part.name for part in found.parts)
        status = f"[{colours[found.status]}]{found.status}[/]"
        table.add_row(escape(found.name), escape(found.source), status, escape(found.problem or brings))
    output().print(table)
