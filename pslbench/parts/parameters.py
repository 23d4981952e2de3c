"""The parameters of a part: what a user can set, and how values are read and written."""

from __future__ import annotations

import contextlib
import inspect
import operator
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pslbench.errors import InputError

Value = str | int | float | bool | None
SCALARS: tuple[type, ...] = (str, int, float, bool)
LIMITS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "gt": ("above", operator.gt),
    "ge": ("at least", operator.ge),
    "lt": ("below", operator.lt),
    "le": ("at most", operator.le),
}
RESERVED_CHARACTERS = ',|"'  # characters that a value needs quotes for


@dataclass(frozen=True)
class Parameter:
    """A keyword-only parameter of a part, which a user can set.

    Attributes:
        name: as in the signature.
        type: the annotation without its limits.
        default: its default; `inspect.Parameter.empty` if it has none.
        limits: constraints of `annotated_types`, such as Ge(1) of `Annotated[int, Ge(1)]`.
    """

    name: str
    type: Any
    default: Any
    limits: tuple[Any, ...] = ()

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty

    @property
    def types(self) -> tuple[Any, ...]:
        """The members of a union type, or the type itself."""
        is_union = typing.get_origin(self.type) in (typing.Union, types.UnionType)
        return typing.get_args(self.type) if is_union else (self.type,)

    @property
    def type_name(self) -> str:
        """The type in words: its name, or the values that it allows."""
        names = ([kind.__name__] if kind in SCALARS else map(format_value, allowed_values(kind)) for kind in self.types)
        return " or ".join(name for group in names for name in group)

    @property
    def range(self) -> str:
        """The limits in words."""
        return " and ".join(f"{word} {limit:g}" for word, _, limit in self._bounds())

    def _bounds(self) -> Iterator[tuple[str, Callable[[Any, Any], bool], float]]:
        for limit in self.limits:
            for name, (word, holds) in LIMITS.items():
                if (bound := getattr(limit, name, None)) is not None:
                    yield word, holds, bound

    def read(self, text: str) -> Value:
        """Parse a value. Raises ValueError if `text` has the wrong type, InputError if it is out of range."""
        value = self._parse(text)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and not all(holds(value, bound) for _, holds, bound in self._bounds()):
            raise InputError(f"{self.name}={text} must be {self.range}")
        return value

    def coerce(self, value: Value) -> Value:
        """Convert an int to float if the parameter takes floats only, so that 1 and 1.0 are one value."""
        is_int = isinstance(value, int) and not isinstance(value, bool)
        return float(value) if is_int and float in self.types and int not in self.types else value  # type: ignore[arg-type]

    def problem_with(self, value: Value) -> str:
        """Say why a user could not set this value; empty if a user could."""
        try:
            parsed = self.read(_plain(value))
        except InputError as error:
            return f"is refused ({error})"
        except ValueError:
            return f"is not {self.type_name}"
        return "" if parsed == value else f"is read as {parsed!r}"

    def _parse(self, text: str) -> Value:
        for kind in sorted(self.types, key=lambda kind: not allowed_values(kind)):  # a str would also match "none"
            with contextlib.suppress(ValueError, KeyError, TypeError):
                named = {_plain(value): value for value in allowed_values(kind)}
                value: Value = named[text] if named else kind(text)
                return value
        raise ValueError(text)


def allowed_values(kind: Any) -> tuple[Value, ...]:
    """Return the values of a type that allows only a few, such as a Literal; empty for other types."""
    few: dict[Any, tuple[Value, ...]] = {bool: (True, False), type(None): (None,)}
    return typing.get_args(kind) if typing.get_origin(kind) is Literal else few.get(kind, ())


def format_value(value: Value) -> str:
    """Write a value as a user would type it, in double quotes if it contains a comma, a bar or a quote."""
    text = _plain(value)
    if any(sign in text for sign in RESERVED_CHARACTERS):
        return '"' + text.replace('"', '""') + '"'
    return text


def _plain(value: Value) -> str:
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def split_quoted(text: str, separator: str) -> list[str]:
    """Split at a separator, except within double quotes. The quotes stay."""
    pieces, quoted = [""], False
    for sign in text:
        quoted ^= sign == '"'
        if sign == separator and not quoted:
            pieces.append("")
        else:
            pieces[-1] += sign
    return pieces


def unquote(text: str) -> str:
    """Remove the double quotes around a value that `format_value` wrote."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].replace('""', '"')
    return text
