"""The exceptions, grouped by who must fix them, and the wording that errors share."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from difflib import get_close_matches

MAX_NAMES = 30  # listed in one error message


class InputError(Exception):
    """The user's input is wrong. The message is one line that says what to do; the command exits with status 2."""


class BadData(InputError):
    """Arrays that do not form a valid dataset."""


class ContractError(Exception):
    """A part returned something that its contract does not allow. The cell fails and the run continues."""


class BudgetExceeded(Exception):
    """A strategy queried more labels than the budget of its cell allows. The cell fails and the run continues."""


def unknown(what: str, name: str, known: Iterable[str]) -> InputError:
    """Return an `InputError` for an unknown name that suggests the nearest known one."""
    return InputError(f"unknown {what} '{name}'; {suggest(name, known)}")


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a hint: the nearest known name, or the list of known names if none is near."""
    known = sorted(known)
    if near := get_close_matches(name, known, n=1, cutoff=0.6):
        return f"did you mean '{near[0]}'?"
    listed = known if len(known) <= MAX_NAMES else [*known[:MAX_NAMES], f"{len(known) - MAX_NAMES} more"]
    return f"known: {', '.join(listed) or 'none'}"


def one_line(error: BaseException) -> str:
    """Return the type and the message of an error on one line, or the type alone if there is no message."""
    name, message = type(error).__name__, " ".join(message_of(error).split())
    return f"{name}: {message}" if message else name


def message_of(error: BaseException) -> str:
    """Return the message of an error, or an empty text if it cannot be read."""
    try:
        return str(error)
    except (Exception, SystemExit):
        return ""


def deprecated(old: str, new: str) -> None:
    """Warn that a public name is deprecated and say what replaces it."""
    warnings.warn(f"{old} is deprecated; use {new}", DeprecationWarning, stacklevel=3)


def renamed(old: str, new: str) -> property:
    """Return a deprecated property that reads the attribute `new`. `old` is its full name, as in `Graph.neighbours`."""

    def read(self: object) -> object:
        deprecated(old, f"{old.partition('.')[0]}.{new}")
        return getattr(self, new)

    read.__doc__ = f"Deprecated: use `{new}`."
    return property(read)
