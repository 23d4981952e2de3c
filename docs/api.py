"""Writes the reference part of api.md from the code. `make docs` runs it."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from docstring_parser import parse

import pslbench
import pslbench.testing
from pslbench import parts
from pslbench.plugins import spec
from pslbench.testing import report

PAGE = Path(__file__).with_suffix(".md")
MARK = "<!-- docs/api.py writes the rest -->\n"
DESCRIPTIONS = {
    "API_VERSION": f"`{pslbench.API_VERSION}`",
    "hookimpl": "Marks an implementation of a hook. `@hookimpl(optionalhook=True)` marks one of a newer API.",
}
TYPE_ALIASES = {
    "Kind": parts.Kind,
    "PoolInput": parts.PoolInput,
    "Value": parts.Value,
    "Decorator": parts.Decorator,
    "Parts": "str | Part | Iterable[str | Part]",
    "Datasets": "str | PathLike[str] | Dataset | Part | Iterable[str | PathLike[str] | Dataset | Part]",
    "Numbers": "int | str | Iterable[int | str]",
    "Plugins": "str | PathLike[str] | Part | Iterable[str | PathLike[str] | Part]",
    "Scale": "Literal['linear', 'logit']",
    "Status": report.Status,
    "Reasons": report.Reasons,
    "Values": "Mapping[str, Value]",
}


def main() -> None:
    PAGE.write_text(render_page(), encoding="utf-8")


def render_page() -> str:
    """Return the page: the hand-written head above the mark, and the reference of the code below it."""
    head, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    return head + MARK + "\n".join(render_reference()) + "\n"


def render_reference() -> Iterator[str]:
    yield from render_module("from pslbench import", pslbench)
    yield "\n## Hooks\nMark an implementation with `@hookimpl`."
    for name, hook in vars(spec).items():
        if name.startswith("pslbench_"):
            yield from render_function(name, hook)
    yield from render_module("from pslbench.testing import", pslbench.testing)
    yield "\n## Type aliases\nThey cannot be imported. `Floats` are NumPy arrays of float32, `Ints` of int64.\n"
    yield from (f"- `{name}`: `{str(alias).replace('typing.', '')}`" for name, alias in TYPE_ALIASES.items())


def render_module(title: str, module: ModuleType) -> Iterator[str]:
    yield f"\n## {title}"
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value):
            yield from render_class(name, value)
        elif inspect.isfunction(value):
            yield from render_function(name, value)
        else:
            yield f"\n### {name}\n{DESCRIPTIONS[name]}"


def render_class(name: str, value: type) -> Iterator[str]:
    yield f"\n### {name}\n{summary(value)}"
    fields = {field.name: field for field in dataclasses.fields(value)} if dataclasses.is_dataclass(value) else {}
    if public_fields := [field for field in fields.values() if not field.name.startswith("_")]:
        texts = attribute_descriptions(value)
        yield from ("", "| field | type | |", "|---|---|---|")
        for field in public_fields:
            yield f"| `{field.name}` | `{escape(type_and_default(field))}` | {escape(texts.get(field.name, ''))} |"
    members = {key: member for key, member in vars(value).items() if key not in fields and is_public(key, member)}
    yield from ("", *(render_member(key, member) for key, member in members.items()))


def render_member(name: str, member: object) -> str:
    function = function_of(member)
    assert function
    text = summary(function)
    return f"- `{signature(name, function, member)}`" + (f": {text}" if text else "")


def render_function(name: str, value: Callable[..., Any]) -> Iterator[str]:
    yield f"\n### {name}"
    yield f"`{signature(name, value, value)}`\n\n{summary(value)}"


def is_public(name: str, member: object) -> bool:
    """Whether a member is a method or property without an underscore, or a documented `__call__`."""
    function = function_of(member)
    return function is not None and (not name.startswith("_") or (name == "__call__" and bool(function.__doc__)))


def function_of(member: object) -> Callable[..., Any] | None:
    """Return the function of a method, of a class method, of a static method or of a property."""
    if isinstance(member, (classmethod, staticmethod)):
        return member.__func__
    if isinstance(member, property):
        return member.fget
    if isinstance(member, cached_property):
        return member.func
    return member if inspect.isfunction(member) else None


class Unquoted(str):
    """An annotation that is shown without quotes."""

    def __repr__(self) -> str:
        return str(self)


def signature(name: str, function: Callable[..., Any], member: object) -> str:
    """Return the signature as in the code; for a property, its type."""
    code = inspect.signature(function)
    return_type = Unquoted(code.return_annotation)
    if isinstance(member, (property, cached_property)):
        return f"{name}: {return_type}"
    arguments = [
        parameter.replace(annotation=Unquoted(parameter.annotation))
        for parameter in code.parameters.values()
        if parameter.name not in ("self", "cls")
    ]
    return f"{name}{inspect.Signature(arguments, return_annotation=return_type)}"


def type_and_default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return f"{field.type} = {field.default!r}"
    if field.default_factory is not dataclasses.MISSING:
        return f"{field.type} = {field.default_factory()!r}"
    return str(field.type)


def summary(value: object) -> str:
    return " ".join((parse(value.__doc__ or "").short_description or "").split())


def attribute_descriptions(value: type) -> Mapping[str, str]:
    """Return what the docstrings of a class and of the classes above it say about each attribute."""
    return {
        name.strip(): " ".join((entry.description or "").split())
        for documented in reversed(value.__mro__)
        for entry in parse(documented.__doc__ or "").params
        for name in entry.arg_name.split(",")
    }


def escape(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    main()
