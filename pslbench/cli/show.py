from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from pslbench.cli import options
from pslbench.cli.console import stdout_console
from pslbench.parts import Part, format_value


@options.expand_options
def show(
    name: Annotated[str, typer.Argument(metavar="PART", help="The name of a part.")], *, plugins: options.PluginOptions
) -> None:
    """Show what a part does, where it comes from and what can be set.

    Examples:

      pslbench show centroid

      pslbench show cnn
    """
    catalog = plugins.load_catalog()
    called = name.partition(":")[0]
    for kind in catalog.kinds(called):
        _show(catalog.resolve(kind, called)[1])


@dataclass(frozen=True)
class Description:
    """What is said of a part, here and in the reference of the documents.

    Attributes:
        summary, details: its docstring, but for what that says of parameters.
        parameters: of each what it is called, its type and range, its default, and what it means.
        example: how a user says the part with its parameters.
    """

    summary: str
    details: str
    parameters: tuple[tuple[str, str, str, str], ...]
    example: str


def described(part: Part) -> Description:
    from docstring_parser import parse

    says = parse(part.function.__doc__ or "")
    meaning = {each.arg_name: " ".join((each.description or "").split()) for each in says.params}
    rows = []
    for name, parameter in part.parameters.items():
        default = "(required)" if parameter.required else format_value(parameter.default)
        words = ", ".join(filter(None, (parameter.type_name, parameter.range)))
        rows.append((name, words, default, meaning.get(name, "")))
    return Description(says.short_description or "", says.long_description or "", tuple(rows), _example(part))


def _show(part: Part) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    console, says = stdout_console(), described(part)
    console.print(f"[bold]{part.name}[/]  ({part.kind})")
    console.print("\n".join(filter(None, (says.summary, says.details))), markup=False)
    if part.reference:
        console.print(f"\nsource: {part.reference}", markup=False)
    if part.needs_all_labels:
        console.print("\nMay ask for every label: its rows are upper bounds, outside the ranking.")
    if not says.parameters:
        return
    table = Table(box=box.SIMPLE_HEAD)
    for head in ("parameter", "type", "default", "meaning"):
        table.add_column(head, overflow="fold")
    for row in says.parameters:
        table.add_row(*map(escape, row))
    console.print(table)
    console.print(f"as in: {says.example}", markup=False, soft_wrap=True)


def _example(part: Part) -> str:
    """How a user says the part with its parameters."""
    before = {"strategy": "run ", "reporter": f"report {options.DEFAULT_RESULTS} --format "}
    option = before.get(part.kind, f"run --all --{part.kind} ")
    values = {name: "..." if each.required else format_value(each.default) for name, each in part.parameters.items()}
    return f"pslbench {option}{part.name}:{','.join(f'{name}={value}' for name, value in values.items())}"
