from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pslbench.cli import options
from pslbench.cli.console import stderr_console, stdout_console
from pslbench.errors import InputError, unknown
from pslbench.parts import KINDS, Part, Value

if TYPE_CHECKING:
    from rich.table import Table

    from pslbench.plugins.catalog import Catalog
    from pslbench.testing import Outcome, Report

COLOURS = {"passed": "green", "expected failure": "yellow", "skipped": "cyan", "failed": "bold red"}

Chosen = tuple[Part, dict[str, Value]]


@options.expand_options
def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PART...", help="By name, with parameters that make it quick, if it is slow.", show_default=False
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all/--no-all", help="Every part there is.")] = False,
    known_failure: Annotated[
        list[str] | None,
        typer.Option(metavar="CHECK=REASON", help="A check that is known to fail, and why. May be repeated."),
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option(metavar="CHECK=REASON", help="A check to leave out, and why. May be repeated.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose/--no-verbose", "-v", help="Say what each check is of; show tracebacks.")
    ] = False,
    *,
    plugins: options.PluginOptions,
) -> int:
    """Check, on tiny pools, that parts keep their contract.

    With --plugin and no name, every part of the file is checked. Exit status: 0
    where no check failed, 1 where one did, 2 where the input was wrong.

    Examples:

      pslbench check --plugin mine.py

      pslbench check centroid "cnn:epochs=1,min_steps=1"

      pslbench check birch --known-failure "sample_order=a tree depends on it"
    """
    from pslbench.execution.worker import ENVIRONMENT

    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    said = list(names or []) + ["all"] * every
    chosen = list(_choose(plugins.load_catalog(), said, plugins.plugin))
    if not chosen:
        raise InputError(f"no part of {', '.join(plugins.plugin)} is there to be checked: pslbench plugins says why")
    known, left_out = _reasons("--known-failure", known_failure), _reasons("--skip", skip)
    _know(chosen, [*known, *left_out])
    reports = [_examine(part, values, known, left_out) for part, values in chosen]
    for report in reports:
        if verbose or len(reports) == 1:
            _show(report, verbose)
    if len(reports) > 1:
        _summarise(reports)
    return int(not all(report.ok for report in reports))


def _choose(catalog: Catalog, names: Sequence[str], files: Sequence[str]) -> Iterator[Chosen]:
    """The parts meant, with the values given for their parameters. Raises InputError where none is."""
    for text in names:
        if text == "all":
            yield from ((part, {}) for kind in KINDS for part in catalog.parts(kind).values())
            continue
        name, _, parameters = text.partition(":")
        typed = {item.partition("=")[0] for item in parameters.split(",")}
        for kind in catalog.kinds(name):
            for choice in catalog.parse(kind, text):
                yield catalog.resolve(kind, choice.name)[1], {k: v for k, v in choice.values if k in typed}
    if not names:
        yield from _of_files(catalog, files)


def _of_files(catalog: Catalog, files: Sequence[str]) -> Iterator[Chosen]:
    if not files:
        raise InputError(
            "name a part, as pslbench check centroid; or give --plugin FILE for all of its parts, or --all"
        )
    wanted = {Path(file).resolve() for file in files}
    for plugin in catalog.plugins:
        if plugin.source in files and not plugin.parts:
            raise InputError(f"{plugin.source} brings no part: {plugin.problem or 'it only observes'}")
        yield from (
            (part, {})
            for part in plugin.parts
            if plugin.source in files or (part.file and part.file.resolve() in wanted)
        )


def _reasons(option: str, texts: list[str] | None) -> dict[str, str]:
    """`CHECK=REASON`, read. Raises InputError."""
    read = {}
    for text in texts or []:
        name, _, reason = text.partition("=")
        if not reason.strip():
            raise InputError(f"{option} '{text}' gives no reason; write {option} \"{name}=because ...\"")
        read[name] = reason
    return read


def _know(chosen: Sequence[Chosen], names: Sequence[str]) -> None:
    from pslbench.testing import checks

    known = {check.name for part, _ in chosen for check in checks(part)}
    for name in names:
        if name not in known:
            raise unknown("check", name, known)


def _examine(part: Part, values: dict[str, Value], known: dict[str, str], left_out: dict[str, str]) -> Report:
    """The checks of one part, told on the way; those of a built-in part on their own terms."""
    from pslbench.testing import check, checks
    from pslbench.testing.builtin import terms_of

    terms = terms_of(part)
    has = {each.name for each in checks(part)}
    known = {name: why for name, why in {**terms.known_failures, **known}.items() if name in has}
    left_out = {name: why for name, why in {**terms.skips, **left_out}.items() if name in has}
    console = stderr_console()
    with console.status(f"checking {part.kind} {part.name}"):
        return check(part, known, left_out, **{**terms.values, **values})


def _show(report: Report, verbose: bool) -> None:
    from rich.markup import escape

    console = stdout_console()
    console.print(f"[bold]{escape(report.name)}[/]  ({report.kind})")
    table = _table("check", *["of"] * verbose, "outcome", "")
    for each in report.outcomes:
        shown = f"[{COLOURS[each.status]}]{each.status}[/]"
        table.add_row(each.check, *[escape(each.meaning)] * verbose, shown, escape(each.reason))
    console.print(table)
    console.print(", ".join(f"{count} {status}" for status, count in report.counts.items()))
    for each in report.failures if verbose else ():
        if each.error:
            text = "".join(traceback.format_exception(each.error))
            console.print(f"\n{each.check}:\n{text}", markup=False, soft_wrap=True)


def _summarise(reports: Sequence[Report]) -> None:
    """A row a part, and a line for every check that failed, as known or not."""
    from rich.markup import escape

    console = stdout_console()
    table = _table("kind", "part", *COLOURS)
    for column in table.columns[2:]:
        column.justify = "right"
    for report in reports:
        counts = (f"[{COLOURS[status]}]{count}[/]" if count else "-" for status, count in report.counts.items())
        table.add_row(report.kind, escape(report.name), *counts)
    console.print(table)
    for report in reports:
        for outcome in report.outcomes:
            if outcome.status in ("failed", "expected failure"):
                console.print(_line(report, outcome), soft_wrap=True)


def _line(report: Report, outcome: Outcome) -> str:
    from rich.markup import escape

    status = f"[{COLOURS[outcome.status]}]{outcome.status}[/]"
    return f"{status}: {escape(report.name)}, {outcome.check}: {escape(outcome.reason)}"


def _table(*heads: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for head in heads:
        table.add_column(head, overflow="fold")
    return table
