from __future__ import annotations

from typing import Annotated

import typer

from pslbench.cli import options
from pslbench.cli.console import stdout_console
from pslbench.errors import unknown
from pslbench.parts import KINDS


@options.expand_options
def list_parts(
    kind: Annotated[str, typer.Argument(help=f"One of {', '.join(KINDS)}; all of them by default.")] = "",
    *,
    plugins: options.PluginOptions,
) -> None:
    """List the parts that can be combined.

    Examples:

      pslbench list

      pslbench list strategy
    """
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    wanted = kind.removesuffix("s") if kind.removesuffix("s") in KINDS else {"strategies": "strategy"}.get(kind, kind)
    if kind and wanted not in KINDS:
        raise unknown("kind of part", kind, KINDS)
    catalog = plugins.load_catalog()
    table = Table(box=box.SIMPLE_HEAD)
    for head in ("kind", "name", "what it does"):
        table.add_column(head, no_wrap=head != "what it does", style="bold" if head == "name" else "")
    for each in KINDS:
        if wanted in ("", each):
            for name, part in catalog.parts(each).items():
                off = "by report --format" if each == "reporter" else "not in --all"
                table.add_row(each, name, escape(part.summary) + ("" if part.enabled else f" [dim]({off})[/]"))
            table.add_section()
    stdout_console().print(table)
