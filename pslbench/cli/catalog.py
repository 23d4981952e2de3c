"""The commands that describe parts and plugins: `list`, `show` and `plugins`."""

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated

import typer
from rich.markup import escape
from rich.text import Text

from pslbench.cli import options
from pslbench.cli.console import new_table, stdout_console
from pslbench.errors import unknown
from pslbench.parts import KINDS, Part
from pslbench.parts.description import describe
from pslbench.plugins.catalog import Plugin
from pslbench.plugins.discovery import discover

COLORS = {"ok": "green", "failed": "red", "off": "yellow"}
PLURALS = {"strategies": "strategy"} | {f"{kind}s": kind for kind in KINDS}


@options.expand_options
def list_parts(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help=f"Kind of part: {', '.join(KINDS)}. Default: all kinds.",
            autocompletion=options.complete_kinds,
        ),
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
    table = new_table("kind", "name", "plugin", "what it does", names=3)
    table.columns[1].style = "bold"
    for listed in KINDS:
        if singular in ("", listed):
            for (name, part), owner in zip(catalog.parts(listed).items(), catalog.owners(listed), strict=True):
                note = f" ({_note(part)})" if _note(part) else ""
                table.add_row(*map(Text, (listed, name, owner)), Text.assemble(part.summary, (note, "dim")))
            table.add_section()
    stdout_console().print(table)


def _note(part: Part) -> str:
    """Say when a part is not used unless it is named; empty if it always is."""
    if part.kind == "dataset":
        return ""
    if part.kind == "reporter":
        return "" if part.enabled else "only with report --format"
    return f"not in --all: {part.why_not_in_all}" if part.why_not_in_all else ""


@options.expand_options
def show_part(
    name: Annotated[
        str,
        typer.Argument(
            metavar="PART",
            help="Name of a part, as pslbench list prints it.",
            autocompletion=options.complete_parts(*KINDS),
        ),
    ],
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
    if part.baseline:
        console.print("\nIt is a baseline without a trainer: its rows are shown below the ranking.")
    if not description.parameters:
        return
    table = new_table("parameter", "type", "default", "meaning")
    for row in description.parameters:
        table.add_row(*map(escape, row))
    console.print(table)
    console.print(f"example: {description.example}", markup=False, soft_wrap=True)


@options.expand_options
def list_plugins(
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
    table = new_table("plugin", "status", "source and parts", names=2)
    for plugin in plugins:
        status = f"[{COLORS[plugin.status]}]{plugin.status}[/]"
        kinds = groupby(plugin.parts, lambda part: part.kind)
        parts = [f"{kind}: {', '.join(part.name for part in parts)}" for kind, parts in kinds]
        lines = [f"{plugin.source} {plugin.version}".rstrip(), *([plugin.problem] if plugin.problem else parts)]
        table.add_row(escape(plugin.name), status, escape("\n".join(lines)))
    console = stdout_console()
    console.print(table)
    for plugin in plugins:
        for note in plugin.notes:
            console.print(f"{plugin.name}: {note}", markup=False)
        if verbose and plugin.traceback:
            console.print(f"\n{plugin.name}:\n{plugin.traceback}", markup=False, soft_wrap=True)
