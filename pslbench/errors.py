"""The exceptions, grouped by who must fix them, and the wording that errors share."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from difflib import get_close_matches

MAX_NAMES = 12  # in one error message, if a command lists them all


class InputError(Exception):
    """The user's input is wrong. The message is one line that says what to do; the command exits with status 2."""


class BadData(InputError):
    """Arrays that do not form a valid dataset."""


class ContractError(Exception):
    """A part returned something that its contract does not allow. The cell fails and the run continues."""


class BudgetExceeded(Exception):
    """A strategy queried more labels than the budget of its cell allows. The cell fails and the run continues."""


def unknown(what: str, name: str, known: Iterable[str], command: str = "") -> InputError:
    """Return an `InputError` for an unknown name that suggests the nearest known one."""
    return InputError(f"unknown {what} '{name}'; {suggest(name, known, command)}")


def suggest(name: str, known: Iterable[str], command: str = "") -> str:
    """Return a hint: the nearest known name, or the known names. If there are many, `command` must list the others."""
    names = list(known)
    if near := get_close_matches(name, names, n=1, cutoff=0.75):
        return f"did you mean '{near[0]}'?"
    if command and len(names) > MAX_NAMES:
        return f"known: {join_names(names)}; {command} shows all"
    return f"known: {', '.join(names) or 'none'}"


def join_names(names: Sequence[str], limit: int = MAX_NAMES) -> str:
    """Return `a, b and 7 more`: the first names, and how many others there are."""
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def require_distinct(what: str, values: Iterable[Hashable]) -> None:
    """Raise `InputError` if a list contains a value more than once."""
    for value, count in Counter(values).items():
        if count > 1:
            raise InputError(f"{what} '{value}' is named {count} times; name it once")


def pluralize(n: int, noun: str) -> str:
    """Return `1 label` or `1,297 labels`."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


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
    """Return a deprecated property that reads the attribute `new`. Its own full name is `old`: `Graph.neighbours`."""

    def read(self: object) -> object:
        deprecated(old, f"{old.partition('.')[0]}.{new}")
        return getattr(self, new)

    read.__doc__ = f"Deprecated: use `{new}`."
    return property(read)
