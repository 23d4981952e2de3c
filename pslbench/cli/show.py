from __future__ import annotations

import inspect
from typing import Annotated

import typer

from pslbench.cli import options
from pslbench.cli.screen import output
from pslbench.errors import unknown
from pslbench.parts import KINDS, Part


def show(
    name: Annotated[str, typer.Argument(metavar="PART", help="The name of a part.")],
    plugin: options.PluginFiles = [],  # noqa: B006
    no_plugin: options.PluginsOff = [],  # noqa: B006
) -> None:
    """Show what a part does, where it comes from and what can be set.

    Examples:

      pslbench show centroid

      pslbench show cnn
    """
    catalog = options.find_plugins(plugin, no_plugin)
    known = {(kind, known_as): part for kind in KINDS for known_as, part in catalog.parts(kind).items()}
    found = [part for (_, known_as), part in known.items() if known_as == name.partition(":")[0]]
    if not found:
        raise unknown("part", name, (known_as for _, known_as in known))
    for part in found:
        _show(part)


def _show(part: Part) -> None:
    from rich import box
    from rich.table import Table

    console = output()
    console.print(f"[bold]{part.name}[/]  ({part.kind})")
    console.print(inspect.getdoc(part.function) or "", markup=False)
    if part.reference:
        console.print(f"\nsource: {part.reference}", markup=False)
    if part.needs_all_labels:
        console.print("\nMay ask for every label: its rows are upper bounds, outside the ranking.")
    if part.parameters:
        table = Table(box=box.SIMPLE_HEAD)
        for head in ("parameter", "type", "default"):
            table.add_column(head)
        for parameter in part.parameters.values():
            table.add_row(
                parameter.name, parameter.type_name, "(required)" if parameter.required else str(parameter.default)
            )
        console.print(table)
