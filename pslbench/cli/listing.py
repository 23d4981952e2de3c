from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from pslbench.cli import options
from pslbench.cli.console import new_table, stdout_console
from pslbench.errors import unknown
from pslbench.parts import KINDS

PLURALS = {"strategies": "strategy"} | {f"{kind}s": kind for kind in KINDS}


@options.expand_options
def list_parts(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help=f"Kind of part: {', '.join(KINDS)}. Default: all kinds.")
    ] = "",
    *,
    plugins: options.PluginOptions,
) -> None:
    """List the parts that can be combined.

    Examples:
      pslbench list
      pslbench list strategy
    """
    singular = PLURALS.get(kind, kind)
    if singular and singular not in KINDS:
        raise unknown("kind of part", kind, KINDS)
    catalog = plugins.load_catalog()
    table = new_table("kind", "name", "plugin", "what it does")
    table.columns[1].style = "bold"
    for column in table.columns[:3]:
        column.no_wrap = True
    for listed in KINDS:
        if singular in ("", listed):
            note = "only with report --format" if listed == "reporter" else "not in 'all'"
            for (name, part), owner in zip(catalog.parts(listed).items(), catalog.owners(listed), strict=True):
                table.add_row(
                    listed, name, owner, escape(part.summary) + ("" if part.enabled else f" [dim]({note})[/]")
                )
            table.add_section()
    stdout_console().print(table)
