from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from pslbench.cli import options
from pslbench.cli.console import new_table, stdout_console
from pslbench.parts import Part
from pslbench.parts.description import describe


@options.expand_options
def show(
    name: Annotated[str, typer.Argument(metavar="PART", help="Name of a part, as pslbench list prints it.")],
    *,
    plugins: options.PluginOptions,
) -> None:
    """Show what a part does, its source and its parameters.

    Examples:
      pslbench show centroid
      pslbench show cnn
    """
    catalog = plugins.load_catalog()
    bare_name = name.partition(":")[0]
    for kind in catalog.kinds(bare_name):
        _print_part(catalog.resolve(kind, bare_name)[1])


def _print_part(part: Part) -> None:
    console, description = stdout_console(), describe(part)
    console.print(f"[bold]{part.name}[/]  ({part.kind})")
    console.print("\n".join(filter(None, (description.summary, description.details))), markup=False)
    if part.reference:
        console.print(f"\nsource: {part.reference}", markup=False)
    if part.needs_all_labels:
        console.print("\nIt may query every label: its rows are upper bounds and are not ranked.")
    if not description.parameters:
        return
    table = new_table("parameter", "type", "default", "meaning")
    for row in description.parameters:
        table.add_row(*map(escape, row))
    console.print(table)
    console.print(f"example: {description.example}", markup=False, soft_wrap=True)
