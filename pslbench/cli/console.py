"""The two consoles: results go to standard output, everything else to standard error."""

import os
import sys
from io import TextIOWrapper

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pslbench.errors import InputError

FILE_WIDTH = 120  # columns, if standard output is not a terminal and $COLUMNS is not set
EXIT_INTERRUPTED = 130  # the exit status that shells use


def prepare_output() -> None:
    """Replace signs that the encoding of the output lacks, and ignore a width of 0, as terminals without a size set."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    if os.environ.get("COLUMNS") == "0":
        del os.environ["COLUMNS"]


class PatientConsole(Console):
    """A console that goes on without a reader: `run | head` saves its results as `run` does."""

    def on_broken_pipe(self) -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


def check_stdout(consequence: str = "") -> None:
    """Raise InputError if standard output cannot be written, for example because its disk is full."""
    if sys.stdout is None:  # the shell closed it
        return
    try:
        sys.stdout.write("")
        sys.stdout.flush()
    except BrokenPipeError:
        return  # the reader has seen enough
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what was not written is not tried again
        reason = f"standard output cannot be written ({error.strerror})"
        raise InputError(f"{reason}{consequence}; write it to another place") from None


def stdout_console() -> Console:
    console = PatientConsole(highlight=False)
    has_width = console.is_terminal or "COLUMNS" in os.environ
    return console if has_width else PatientConsole(highlight=False, width=FILE_WIDTH)


def stderr_console() -> Console:
    return PatientConsole(stderr=True, highlight=False)


def new_table(*headings: str, names: int = 1) -> Table:
    """Return a table without rows. Cells are wrapped, not cut; those of the first columns are names and stay whole."""
    table = Table(box=box.SIMPLE_HEAD)
    for number, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=number < names)
    return table


def warn(message: str, console: Console | None = None) -> None:
    """Print a warning on one line of standard error, or of the console that shows the live board."""
    (console or stderr_console()).print(f"[bold yellow]warning:[/] {escape(message)}", soft_wrap=True)


def note(message: str, console: Console | None = None) -> None:
    """Print on one line, as `warn` does, what was converted, guessed or left out."""
    (console or stderr_console()).print(f"[bold]note:[/] {escape(message)}", soft_wrap=True)


def print_error(message: str) -> None:
    """Print an error on one line of standard error."""
    stderr_console().print(f"[bold red]error:[/] {escape(message)}", soft_wrap=True)


def print_interrupted() -> None:
    stderr_console().print("interrupted; finished cells are saved; run the command again to continue", soft_wrap=True)
