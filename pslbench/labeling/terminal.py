"""Questions on the terminal, for texts and rows of tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from difflib import get_close_matches

from rich.console import Console
from rich.markup import escape

from pslbench.contracts.samples import Table, Texts
from pslbench.errors import InputError
from pslbench.labeling.oracle import QuestionsOpenError, RestartError
from pslbench.labeling.session import Session

SKIP, UNDO, STOP = "?", "u", "q"


def ask_on_terminal(
    session: Session, annotator: str, console: Console, read: Callable[[str], str] = input
) -> Callable[[Sequence[int]], None]:
    """Return a function that asks questions on the terminal.

    A class is answered by its number or its name. Without classes that were given, any other name becomes a class.

    Args:
        session: its answers.
        annotator: the name of the person.
        console: where questions are shown.
        read: shows a prompt and returns a line.

    Raises:
        InputError: the samples are neither texts nor rows of a table.
    """
    if not isinstance(session.heap.x, Texts | Table):
        raise InputError(f"the terminal cannot show {session.heap.kind}; use --ask file")
    history: list[int] = []

    def ask(samples: Sequence[int]) -> None:
        left = session.settings.budget - session.book.charged - len(session.open_audit)
        n_audit = -(-len(session.open_audit) * len(samples) // max(1, left))
        for sample in session.mix_with_audit(samples, n_audit):
            if not session.book.is_seen(sample):
                _ask_one(session, sample, annotator, console, read, history)
                history.append(sample)

    return ask


def _ask_one(
    session: Session, sample: int, annotator: str, console: Console, read: Callable[[str], str], history: list[int]
) -> None:
    """Show a sample and record the answer. Raises RestartError if the person takes the last answer back."""
    start, book = time.monotonic(), session.book
    console.rule(f"{book.charged + 1} of {session.settings.budget}: {escape(session.heap.names[sample])}", align="left")
    console.print(_content(session, sample), markup=False)
    while True:
        keys = "  ".join(f"[bold]{i}[/] {escape(label)}" for i, label in enumerate(session.classes, 1))
        console.print(f"{keys}  [bold]{SKIP}[/] can't tell  [bold]{UNDO}[/] undo  [bold]{STOP}[/] stop")
        try:
            word = read("> ").strip()
        except EOFError:
            word = STOP
        if word == STOP:
            raise QuestionsOpenError
        if word == UNDO and history:
            book.undo(history.pop(), annotator)
            raise RestartError
        seconds = round(time.monotonic() - start, 1)
        if word == SKIP:
            return book.skip(sample, annotator, seconds)
        if label := _read_label(session, word, console):
            return book.answer(sample, label, annotator, seconds)


def _content(session: Session, sample: int) -> str:
    x = session.heap.x
    if isinstance(x, Table):
        row = x[[sample]].to_frame().iloc[0]
        return "\n".join(f"{column}: {value}" for column, value in row.items())
    return str(x[sample])


def _read_label(session: Session, word: str, console: Console) -> str:
    """Return the class that a person means; empty if there is none."""
    classes = session.classes
    if word.isdecimal() and 1 <= int(word) <= len(classes):
        return classes[int(word) - 1]
    if word in classes or (word and not session.settings.classes and not word.isdecimal()):
        return word
    near = get_close_matches(word, classes, n=1)
    console.print(f"[bold red]no such class[/]{f'; did you mean {near[0]}?' if near else ''}")
    return ""
