"""The command line. Each command is a module of this package."""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from pslbench.cli import cache, catalog, check, compare, data, leaderboard, merge, new, report, run
from pslbench.cli.console import EXIT_INTERRUPTED, prepare_output, print_error, print_interrupted, stdout_console
from pslbench.cli.options import config_hint
from pslbench.errors import InputError


def _print_version(is_requested: bool) -> None:
    if is_requested:
        stdout_console().print(f"pslbench {version('pslbench')}")
        raise typer.Exit()


app = typer.Typer(
    name="pslbench",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="A benchmark of pseudo-labeling strategies. A strategy queries the labels of a few samples and assigns "
    "pseudo-labels to the others. A classifier is trained on them and scored on the test set.",
    epilog="Start with:  pslbench run --all   or   pslbench compare centroid random",
)
app.command("run")(run.run)
app.command("compare")(compare.compare)
app.command("list")(catalog.list_parts)
app.command("show")(catalog.show_part)
app.command("plugins")(catalog.list_plugins)
app.command("new")(new.new)
app.command("check")(check.check)
app.command("leaderboard")(leaderboard.leaderboard)
app.command("report")(report.report)
app.command("merge")(merge.merge)
app.command("export")(merge.export_results)
app.command("import")(merge.import_results)
app.add_typer(data.app, name="data")
app.add_typer(cache.app, name="cache")


@app.callback()
def pslbench(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_print_version)
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    The status is 0 for success, 1 if a cell failed, 2 for wrong input, and 130 after an interrupt.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    prepare_output()
    try:
        status = app(words, standalone_mode=False, prog_name="pslbench")
    except (InputError, typer.TyperException) as error:
        message = _describe_usage_error(error) if isinstance(error, typer.TyperException) else str(error)
        if message:  # empty if a group without a command has printed its help
            print_error(message)
        return 2
    except OSError as error:  # of a path that no command expects to be wrong
        print_error(_describe_system_error(error))
        return 2
    except (KeyboardInterrupt, typer.Abort):
        print_interrupted()
        return EXIT_INTERRUPTED
    return status if isinstance(status, int) else 0


def _describe_usage_error(error: typer.TyperException) -> str:
    """Return the message of Typer and the command that prints the help."""
    message = error.format_message().replace("Input should be", "it must be")  # pydantic's words
    message = message.partition(", unable to parse")[0].removesuffix(".")
    if not message or not (context := getattr(error, "ctx", None)):
        return message
    end = " For" if message.endswith("?") else "; for"
    return f"{message}{end} help, run {context.command_path} --help{config_hint(context.params.get('config'))}"


def _describe_system_error(error: OSError) -> str:
    try:
        Path.cwd()
    except OSError:
        return "the working directory does not exist any more; change to another one"
    path = f"cannot use '{error.filename}'" if error.filename else "an operation of the system failed"
    return f"{path} ({error.strerror or error}); repair that, or use another path"
