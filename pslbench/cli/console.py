"""The two consoles: results go to standard output, everything else to standard error."""

from __future__ import annotations

import os

from rich.console import Console
from rich.markup import escape

PAGE = 120  # columns, where the output is no terminal
INTERRUPTED = 130  # exit status, as of a shell


def output() -> Console:
    console = Console(highlight=False)
    chosen = console.is_terminal or "COLUMNS" in os.environ
    return console if chosen else Console(highlight=False, width=PAGE)


def errors() -> Console:
    return Console(stderr=True, highlight=False)


def warn(message: str) -> None:
    """One line of warning on standard error."""
    errors().print(f"[bold yellow]warning:[/] {escape(message)}", soft_wrap=True)


def interrupted() -> None:
    errors().print("interrupted; what is finished is saved, and the same command goes on from there", soft_wrap=True)
