from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from pslbench.cli import options
from pslbench.cli.console import new_table, prepare_output, print_error, stderr_console, stdout_console
from pslbench.errors import InputError, unknown
from pslbench.parts import KINDS, Part, Value

if TYPE_CHECKING:
    from pslbench.plugins.catalog import Catalog
    from pslbench.testing import Report

COLORS = {"passed": "green", "expected failure": "yellow", "skipped": "cyan", "failed": "bold red"}

PartWithValues = tuple[Part, dict[str, Value]]


@options.expand_options
def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PART",
            help="Name of a part; parameters such as cnn:epochs=1 make a slow part fast.",
            autocompletion=options.complete_parts(*KINDS),
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all/--no-all", help="Check all parts.")] = False,
    known_failure: Annotated[
        list[str] | None,
        typer.Option(metavar="CHECK=REASON", help="A check that must fail, and the reason. Repeatable."),
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option(metavar="CHECK=REASON", help="A check to skip, and the reason. Repeatable."),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose/--no-verbose", "-v", help="Explain each check and show tracebacks.")
    ] = False,
    *,
    plugins: options.PluginOptions,
) -> int:
    """Check, on tiny pools, whether parts meet their requirements.

    With --plugin and no name, all parts of the plugin file are checked. The exit
    status is 0 if no check failed, 1 if one failed, and 2 if the input was wrong.

    Examples:
      pslbench check --plugin mine.py
      pslbench check centroid "cnn:epochs=1,min_steps=1"
      pslbench check birch --known-failure "sample_order=the tree depends on it"
    """
    from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
    from multiprocessing import get_context

    from pslbench.execution.worker import ENVIRONMENT

    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    texts = [*(names or ()), *["all"] * every]
    known_failures, skips = _parse_reasons("--known-failure", known_failure), _parse_reasons("--skip", skip)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:  # a part may end the process
        try:
            return pool.submit(_check, texts, known_failures, skips, verbose, plugins).result()
        except BrokenProcessPool:
            stderr_console().show_cursor()
            checked = ", ".join(texts or plugins.plugin)
            print_error(f"the process that checked {checked} ended; a part calls os._exit, or its libraries crash")
            return 1


def _check(
    texts: Sequence[str],
    known_failures: Mapping[str, str],
    skips: Mapping[str, str],
    verbose: bool,
    plugins: options.PluginOptions,
) -> int:
    """Check parts, print the outcomes, and return the exit status."""
    prepare_output()
    catalog = plugins.load_catalog()
    parts = list(_parse_parts(catalog, texts) if texts else _parts_of_files(catalog, plugins.plugin))
    if not parts:
        raise InputError(f"{', '.join(plugins.plugin)} has no part to check; run pslbench plugins to see why")
    reports = _run_checks(parts, known_failures, skips)
    for report in reports:
        if verbose or len(reports) == 1:
            _print_report(report, verbose)
    if len(reports) > 1:
        _print_summary(reports)
    return int(not all(report.ok for report in reports))


def _parse_parts(catalog: Catalog, texts: Sequence[str]) -> Iterator[PartWithValues]:
    """Yield the named parts with the values that were typed. Raises InputError if a name is unknown."""
    for text in texts:
        if text == "all":
            yield from ((part, {}) for kind in KINDS for part in catalog.parts(kind).values())
            continue
        name, _, parameters = text.partition(":")
        typed = {item.partition("=")[0] for item in parameters.split(",")}
        for kind in catalog.kinds(name):
            for config in catalog.parse(kind, text):
                yield catalog.part_of(config), {key: value for key, value in config.values if key in typed}


def _parts_of_files(catalog: Catalog, files: Sequence[str]) -> Iterator[PartWithValues]:
    """Yield all parts of plugin files. Raises InputError if a file registers none."""
    if not files:
        raise InputError("no part is named; write pslbench check NAME, or --plugin FILE for all its parts, or --all")
    paths = {Path(file).resolve() for file in files}
    for plugin in catalog.plugins:
        if plugin.source in files and not plugin.parts:
            raise InputError(f"{plugin.source} has no part to check: it only has observers")
        for part in plugin.parts:
            if plugin.source in files or (part.file and part.file.resolve() in paths):
                yield part, {}


def _parse_reasons(option: str, texts: list[str] | None) -> dict[str, str]:
    reasons = {}
    for text in texts or []:
        name, _, reason = text.partition("=")
        if not reason.strip():
            raise InputError(f"{option} '{text}' has no reason; write {option} \"{name}=because ...\"")
        reasons[name] = reason
    return reasons


def _run_checks(
    parts: Sequence[PartWithValues], known_failures: Mapping[str, str], skips: Mapping[str, str]
) -> list[Report]:
    """Check parts; built-in ones have settings of their own. Raises InputError if no part has a check that is named."""
    from pslbench.testing import check, checks
    from pslbench.testing.builtin import settings_of

    names = [{each.name for each in checks(part)} for part, _ in parts]
    for name in (*known_failures, *skips):
        if name not in (known := set().union(*names)):
            raise unknown("check", name, sorted(known))
    reports = []
    for (part, values), own in zip(parts, names, strict=True):
        settings = settings_of(part)
        failing, skipped = {**settings.known_failures, **known_failures}, {**settings.skips, **skips}
        with stderr_console().status(f"checking {part.kind} {part.name}"):
            report = check(
                part,
                {name: reason for name, reason in failing.items() if name in own},
                {name: reason for name, reason in skipped.items() if name in own},
                values={**settings.values, **values},
            )
        reports.append(report)
    return reports


def _print_report(report: Report, verbose: bool) -> None:
    console = stdout_console()
    console.print(f"[bold]{escape(report.name)}[/]  ({report.kind})")
    table = new_table("check", *["meaning"] * verbose, "outcome", "")
    for outcome in report.outcomes:
        meaning = [escape(outcome.meaning)] * verbose
        table.add_row(outcome.check, *meaning, _colored(outcome.status, outcome.status), escape(outcome.reason))
    console.print(table)
    console.print(", ".join(f"{count} {status}" for status, count in report.counts.items()))
    for outcome in report.failures if verbose else ():
        if outcome.error:
            text = "".join(traceback.format_exception(outcome.error))
            console.print(f"\n{outcome.check}:\n{text}", markup=False, soft_wrap=True)


def _print_summary(reports: Sequence[Report]) -> None:
    console = stdout_console()
    table = new_table("kind", "part", *COLORS, names=2)
    for column in table.columns[2:]:
        column.justify = "right"
    for report in reports:
        counts = (_colored(status, str(count)) if count else "-" for status, count in report.counts.items())
        table.add_row(report.kind, escape(report.name), *counts)
    console.print(table)
    for report in reports:
        for outcome in report.outcomes:
            if outcome.status in ("failed", "expected failure"):
                status, where = _colored(outcome.status, outcome.status), f"{report.name}, {outcome.check}"
                console.print(f"{status}: {escape(f'{where}: {outcome.reason}')}", soft_wrap=True)


def _colored(status: str, text: str) -> str:
    return f"[{COLORS[status]}]{text}[/]"
