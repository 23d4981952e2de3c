"""The two consoles: results go to standard output, everything else to standard error."""

import os

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

FILE_WIDTH = 120  # columns, if standard output is not a terminal and $COLUMNS is not set
EXIT_INTERRUPTED = 130  # the exit status that shells use


def stdout_console() -> Console:
    console = Console(highlight=False)
    has_width = console.is_terminal or "COLUMNS" in os.environ
    return console if has_width else Console(highlight=False, width=FILE_WIDTH)


def stderr_console() -> Console:
    return Console(stderr=True, highlight=False)


def new_table(*headings: str) -> Table:
    """Return a table without rows. Its cells are wrapped, not cut."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def warn(message: str, console: Console | None = None) -> None:
    """Print a warning on one line of standard error, or of the console that shows the live board."""
    (console or stderr_console()).print(f"[bold yellow]warning:[/] {escape(message)}", soft_wrap=True)


def print_interrupted() -> None:
    stderr_console().print("interrupted; finished cells are saved; run the command again to continue", soft_wrap=True)
