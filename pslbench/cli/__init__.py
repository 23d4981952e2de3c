"""The command line: one command, one file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer
from rich.markup import escape

from pslbench.cli import (
    cache,
    check,
    compare,
    data,
    export,
    leaderboard,
    listing,
    merge,
    new,
    plugins,
    report,
    run,
    show,
)
from pslbench.cli.console import EXIT_INTERRUPTED, print_interrupted, stderr_console, stdout_console
from pslbench.errors import InputError


def _version(wanted: bool) -> None:
    if wanted:
        stdout_console().print(f"pslbench {version('pslbench')}")
        raise typer.Exit()


app = typer.Typer(
    name="pslbench",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Which samples to label, what labels the rest get, how good a classifier comes out: "
    "a benchmark of pseudo-labeling strategies.",
    epilog="Start with:  pslbench run --all   or   pslbench compare centroid random",
)
app.command("run")(run.run)
app.command("compare")(compare.compare)
app.command("list")(listing.list_parts)
app.command("show")(show.show)
app.command("plugins")(plugins.plugins)
app.command("new")(new.new)
app.command("check")(check.check)
app.command("leaderboard")(leaderboard.leaderboard)
app.command("report")(report.report)
app.command("merge")(merge.merge)
app.command("export")(export.export_results)
app.command("import")(export.import_results)
app.add_typer(data.app, name="data")
app.add_typer(cache.app, name="cache")


@app.callback()
def pslbench(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", callback=_version)] = False,
) -> None:
    pass


UsageError: type[Exception] = typer.BadParameter.__mro__[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit status: 0 well, 1 some cell failed, 2 wrong input, 130 interrupted."""
    try:
        status = app(
            list(sys.argv[1:] if arguments is None else arguments), standalone_mode=False, prog_name="pslbench"
        )
    except (InputError, UsageError) as error:
        message = error.format_message() if isinstance(error, UsageError) else str(error)  # type: ignore[attr-defined]
        if message:  # a group without a command has shown its help
            stderr_console().print(f"[bold red]error:[/] {escape(message)}", soft_wrap=True)
        return 2
    except (KeyboardInterrupt, typer.Abort):
        print_interrupted()
        return EXIT_INTERRUPTED
    return status if isinstance(status, int) else 0
