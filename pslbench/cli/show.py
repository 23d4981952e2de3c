from __future__ import annotations

from typing import Annotated

import typer

from pslbench.cli import options
from pslbench.cli.screen import output
from pslbench.errors import unknown
from pslbench.parts import KINDS, Part, said


@options.spread
def show(
    name: Annotated[str, typer.Argument(metavar="PART", help="The name of a part.")], *, plugins: options.Plugins
) -> None:
    """Show what a part does, where it comes from and what can be set.

    Examples:

      pslbench show centroid

      pslbench show cnn
    """
    catalog = plugins.find()
    known = {(kind, known_as): part for kind in KINDS for known_as, part in catalog.parts(kind).items()}
    found = [part for (_, known_as), part in known.items() if known_as == name.partition(":")[0]]
    if not found:
        raise unknown("part", name, (known_as for _, known_as in known))
    for part in found:
        _show(part)


def _show(part: Part) -> None:
    from docstring_parser import parse
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    console, says = output(), parse(part.function.__doc__ or "")
    console.print(f"[bold]{part.name}[/]  ({part.kind})")
    console.print("\n".join(filter(None, (says.short_description, says.long_description))), markup=False)
    if part.reference:
        console.print(f"\nsource: {part.reference}", markup=False)
    if part.needs_all_labels:
        console.print("\nMay ask for every label: its rows are upper bounds, outside the ranking.")
    if not part.parameters:
        return
    meaning = {each.arg_name: " ".join((each.description or "").split()) for each in says.params}
    table = Table(box=box.SIMPLE_HEAD)
    for head in ("parameter", "type", "default", "meaning"):
        table.add_column(head, overflow="fold")
    for name, parameter in part.parameters.items():
        default = "(required)" if parameter.required else said(parameter.default)
        words = ", ".join(filter(None, (parameter.type_name, parameter.range)))
        table.add_row(name, escape(words), escape(default), escape(meaning.get(name, "")))
    console.print(table)
    console.print(f"as in: {_example(part)}", markup=False, soft_wrap=True)


def _example(part: Part) -> str:
    """How a user says the part with its parameters."""
    option = {"strategy": "run ", "reporter": ""}.get(part.kind, f"run --all --{part.kind} ")
    values = {name: "..." if each.required else said(each.default) for name, each in part.parameters.items()}
    return f"pslbench {option}{part.name}:{','.join(f'{name}={value}' for name, value in values.items())}"
