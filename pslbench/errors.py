"""What can go wrong, by whose hand it is put right."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MANY = 30  # names are too many for a line


class InputError(Exception):
    """The user's input is wrong. The message is one line that says what to do; the command exits with 2."""


class BadData(InputError):
    """Arrays that make no data set."""


class ContractError(Exception):
    """A part gave back something its contract does not allow. The cell fails, the run goes on."""


class BudgetExceeded(Exception):
    """A strategy asked for more labels than its cell's budget allows. The cell fails, the run goes on."""


def unknown(what: str, name: str, known: Iterable[str]) -> InputError:
    """An `InputError` for a name that is not known, naming the nearest one that is."""
    return InputError(f"unknown {what} '{name}'; {nearest(name, known)}")


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint: the nearest name that is known, or all of them where none is near."""
    known = sorted(known)
    if near := get_close_matches(name, known, n=1, cutoff=0.5):
        return f"did you mean '{near[0]}'?"
    some = known if len(known) <= MANY else [*known[:MANY], f"{len(known) - MANY} more"]
    return f"known: {', '.join(some) or 'none'}"


def one_line(error: BaseException) -> str:
    """The error's type and message, on one line; of one that cannot say its message, the type."""
    try:
        return " ".join(f"{type(error).__name__}: {error}".split())
    except Exception:
        return type(error).__name__
