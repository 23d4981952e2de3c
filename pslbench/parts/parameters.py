"""The parameters of a part: what a user can set, and how values are read and written."""

import contextlib
import operator
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from pslbench.errors import InputError

Value = str | int | float | bool | None
NAMES: dict[object, str] = {str: "str", int: "int", float: "float", bool: "bool"}
FROM_TEXT: dict[object, Callable[[str], Value]] = {str: str, int: int, float: float}
LIMITS: dict[str, tuple[str, Callable[[float, float], bool]]] = {
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
        required: whether it has no default.
        default: its default; None if it has none.
        limits: constraints of `annotated_types`, such as Ge(1) of `Annotated[int, Ge(1)]`.
    """

    name: str
    type: object
    required: bool
    default: Value
    limits: tuple[object, ...]

    @property
    def types(self) -> tuple[object, ...]:
        """The members of a union type, or the type itself."""
        is_union = typing.get_origin(self.type) in (typing.Union, types.UnionType)
        return typing.get_args(self.type) if is_union else (self.type,)

    @property
    def type_name(self) -> str:
        """The type in words: its name, or the values that it allows."""
        names = ([NAMES[kind]] if kind in NAMES else map(format_value, allowed_values(kind)) for kind in self.types)
        return " or ".join(name for group in names for name in group)

    @property
    def range(self) -> str:
        """The limits in words."""
        return " and ".join(f"{word} {limit:g}" for word, _, limit in self._bounds())

    def _bounds(self) -> Iterator[tuple[str, Callable[[float, float], bool], float]]:
        for limit in self.limits:
            for name, (word, holds) in LIMITS.items():
                if (bound := getattr(limit, name, None)) is not None:
                    yield word, holds, bound

    def read(self, text: str) -> Value:
        """Parse a value. Raises ValueError if `text` has the wrong type, InputError if it is out of range."""
        value = self._parse(text)
        if isinstance(value, int | float) and not all(holds(value, bound) for _, holds, bound in self._bounds()):
            raise InputError(f"{self.name}={text} must be {self.range}")
        return value

    def coerce(self, value: Value) -> Value:
        """Convert an int to float if the parameter takes floats only, so that 1 and 1.0 are one value."""
        is_float = float in self.types and int not in self.types
        return float(value) if is_float and isinstance(value, int) and not isinstance(value, bool) else value

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
        named = {_plain(value): value for kind in self.types for value in allowed_values(kind)}
        if text in named:  # before a str, which would also match "none"
            return named[text]
        for convert in (FROM_TEXT[kind] for kind in self.types if kind in FROM_TEXT):
            with contextlib.suppress(ValueError):
                return convert(text)
        raise ValueError(text)


def allowed_values(kind: object) -> tuple[Value, ...]:
    """Return the values of a type that allows only a few, such as a Literal; empty for other types."""
    few: dict[object, tuple[Value, ...]] = {bool: (True, False), type(None): (None,)}
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
