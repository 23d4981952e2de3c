"""The command line. Each command is a module of this package."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from pslbench.cli.console import (
    EXIT_INTERRUPTED,
    check_stdout,
    prepare_output,
    print_error,
    print_interrupted,
    stdout_console,
)
from pslbench.errors import InputError

COMMANDS = {  # where a command is defined, and the first line of its help
    "run": ("run:run", "Run strategies with the same data, clusters and trainer, and show the leaderboard."),
    "compare": ("compare:compare", "Compare a strategy with others seed by seed; run the cells that are missing."),
    "list": ("catalog:list_parts", "List the parts that can be combined."),
    "show": ("catalog:show_part", "Show what a part does, its source and its parameters."),
    "plugins": (
        "catalog:list_plugins",
        "List the plugins, their parts, and the problems of those that failed to load.",
    ),
    "new": ("new:new", "Write a plugin with a working part, as a start for your own."),
    "check": ("check:check", "Check, on tiny pools, whether parts meet their requirements."),
    "leaderboard": (
        "leaderboard:leaderboard",
        "Show the leaderboard of a folder of results, and rewrite its CSV files.",
    ),
    "report": (
        "report:report",
        "Write reports of a folder of results: a web page, tables and plots for a paper, or data for other programs.",
    ),
    "merge": ("merge:merge", "Merge the results of several machines into one folder, and show its leaderboard."),
    "export": ("merge:export_results", "Pack a folder of results into a zip file, for another machine or an archive."),
    "import": (
        "merge:import_results",
        "Unpack an exported zip file into a folder of results, and show its leaderboard.",
    ),
    "label": ("label:app", "Label samples that nobody has labeled: a strategy asks for some of the labels."),
    "data": ("data:app", "List, download and check datasets."),
    "cache": ("cache:app", "Show and clear the cache of stages."),
}


class LazyCommands(Mapping[str, TyperCommand | TyperGroup]):
    """The commands by name. The module of a command is imported when the command is looked up."""

    def __getitem__(self, name: str) -> Any:
        module, _, attribute = COMMANDS[name][0].partition(":")
        target = getattr(import_module(f"pslbench.cli.{module}"), attribute)
        parent = typer.Typer()
        if isinstance(target, typer.Typer):
            parent.add_typer(target, name=name)
        else:
            parent.command(name)(target)
        return typer.main.get_group(parent).commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class LazyGroup(TyperGroup):
    """A group that imports the module of a command when the command is called, and no module for its own help."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = LazyCommands()  # type: ignore[assignment]  # nothing adds commands

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self.commands = {name: TyperCommand(name, help=summary) for name, (_, summary) in COMMANDS.items()}
        super().format_help(ctx, formatter)


def _print_version(is_requested: bool) -> None:
    from importlib.metadata import version

    if is_requested:
        stdout_console().print(f"pslbench {version('pslbench')}")
        raise typer.Exit()


app = typer.Typer(
    name="pslbench",
    cls=LazyGroup,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="A benchmark of pseudo-labeling strategies. A strategy queries the labels of a few samples and assigns "
    "pseudo-labels to the others. A classifier is trained on them and scored on the test set.",
    epilog="Start with:  pslbench run --all   or   pslbench compare centroid random",
)


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
    from pslbench.cli.options import config_hint

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
    try:
        check_stdout()
    except InputError as problem:
        return str(problem)
    path = f"cannot use '{error.filename}'" if error.filename else "an operation of the system failed"
    return f"{path} ({error.strerror or error}); repair that, or use another path"
