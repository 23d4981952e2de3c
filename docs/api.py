"""Writes the public API into api.md, out of the code; `make docs` calls it."""

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
MARK = "<!-- the rest is written by docs/api.py -->\n"
OTHERS = {
    "API_VERSION": f"`{pslbench.API_VERSION}`",
    "hookimpl": "Marks an implementation of a hook; `@hookimpl(optionalhook=True)` one of a newer API.",
}
TYPES = {
    "Kind": parts.Kind,
    "Uses": parts.Uses,
    "Value": parts.Value,
    "Decorator": parts.Decorator,
    "Status": report.Status,
    "Reasons": report.Reasons,
    "Plan": "cells: tuple[Cell, ...]; dataset, embedder, clusterer, strategy, trainer, budget, seed of each",
}


def main() -> None:
    PAGE.write_text(written(), encoding="utf-8")


def written() -> str:
    """What the page should be: what stands above the mark, and below it what the code says."""
    head, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    return head + MARK + "\n".join(listing()) + "\n"


def listing() -> Iterator[str]:
    yield from section("from pslbench import", pslbench)
    yield "\n## Hooks\nMark an implementation with `@hookimpl`."
    for name, hook in vars(spec).items():
        if name.startswith("pslbench_"):
            yield from function(name, hook)
    yield from section("from pslbench.testing import", pslbench.testing)
    yield "\n## Words for types\nThey are not for import. `Floats` are float32 arrays of numpy, `Ints` int64 ones.\n"
    yield from (f"- `{name}`: `{str(kind).replace('typing.', '')}`" for name, kind in TYPES.items())


def section(title: str, module: ModuleType) -> Iterator[str]:
    yield f"\n## {title}"
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value):
            yield from class_(name, value)
        elif inspect.isfunction(value):
            yield from function(name, value)
        else:
            yield f"\n### {name}\n{OTHERS[name]}"


def class_(name: str, value: type) -> Iterator[str]:
    yield f"\n### {name}\n{summary(value)}"
    fields = {each.name: each for each in dataclasses.fields(value)} if dataclasses.is_dataclass(value) else {}
    if shown := [each for each in fields.values() if not each.name.startswith("_")]:
        meaning = meanings(value)
        yield from ("", "| field | type | |", "|---|---|---|")
        yield from (f"| `{each.name}` | `{cell(typed(each))}` | {cell(meaning.get(each.name, ''))} |" for each in shown)
    methods = {key: each for key, each in vars(value).items() if key not in fields and public(key, each)}
    yield from ("", *(method(key, each) for key, each in methods.items()))


def method(name: str, member: object) -> str:
    behind = behind_of(member)
    assert behind
    says = summary(behind)
    return f"- `{signature(name, behind, member)}`" + (f": {says}" if says else "")


def function(name: str, value: Callable[..., Any]) -> Iterator[str]:
    yield f"\n### {name}"
    yield f"`{signature(name, value, value)}`\n\n{summary(value)}"


def public(name: str, member: object) -> bool:
    """Whether it is a method or property without an underscore, or what makes its objects callable."""
    behind = behind_of(member)
    return behind is not None and (not name.startswith("_") or (name == "__call__" and bool(behind.__doc__)))


def behind_of(member: object) -> Callable[..., Any] | None:
    """The function behind a method or a property."""
    if isinstance(member, property):
        return member.fget
    if isinstance(member, cached_property):
        return member.func
    return member if inspect.isfunction(member) else None


class Bare(str):
    """An annotation that is shown without quotes."""

    def __repr__(self) -> str:
        return str(self)


def signature(name: str, value: Callable[..., Any], member: object) -> str:
    """As it stands in the code; of a property, its type."""
    found = inspect.signature(value)
    result = Bare(found.return_annotation)
    if isinstance(member, (property, cached_property)):
        return f"{name}: {result}"
    named = [each for each in found.parameters.values() if each.name != "self"]
    given = [each.replace(annotation=Bare(each.annotation)) for each in named]
    return f"{name}{inspect.Signature(given, return_annotation=result)}"


def typed(field: dataclasses.Field[Any]) -> str:
    """The type of a field, and its default."""
    if field.default is not dataclasses.MISSING:
        return f"{field.type} = {field.default!r}"
    if field.default_factory is not dataclasses.MISSING:
        return f"{field.type} = {field.default_factory()!r}"
    return str(field.type)


def summary(value: object) -> str:
    return " ".join((parse(value.__doc__ or "").short_description or "").split())


def meanings(value: type) -> Mapping[str, str]:
    """What the docstring says of each attribute."""
    says = parse(value.__doc__ or "")
    return {
        name.strip(): " ".join((each.description or "").split())
        for each in says.params
        for name in each.arg_name.split(",")
    }


def cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    main()
