"""A part described for its users, from its docstring and its parameters."""

from dataclasses import dataclass

from pslbench.parts.parameters import format_value
from pslbench.parts.part import Part


@dataclass(frozen=True)
class PartDescription:
    """What `pslbench show` and the reference of the documentation say about a part.

    Attributes:
        summary, details: its docstring, without the sections that describe parameters, errors and return values.
        parameters: for each parameter its name, its type and range, its default, and its meaning.
        example: a command that sets the required parameters, or the first two.
    """

    summary: str
    details: str
    parameters: tuple[tuple[str, str, str, str], ...]
    example: str


def describe(part: Part) -> PartDescription:
    """Return the description of a part."""
    from docstring_parser import parse

    docstring = parse(part.function.__doc__ or "")
    meanings = {entry.arg_name: " ".join((entry.description or "").split()) for entry in docstring.params}
    rows = []
    for name, parameter in part.parameters.items():
        default = "(required)" if parameter.required else format_value(parameter.default)
        type_and_range = ", ".join(filter(None, (parameter.type_name, parameter.range)))
        short = f"`{part.name}:{name.upper()}` for short." if name == part.positional else ""
        rows.append((name, type_and_range, default, " ".join(filter(None, (meanings.get(name), short)))))
    return PartDescription(
        docstring.short_description or "", docstring.long_description or "", tuple(rows), _example(part)
    )


def _example(part: Part) -> str:
    command = {"strategy": "run ", "reporter": "report --format "}.get(part.kind, f"run --all --{part.kind} ")
    short = [part.positional.upper()] * bool(part.positional)
    others = {name: parameter for name, parameter in part.parameters.items() if name != part.positional}
    required = [f"{name}=..." for name, p in others.items() if p.required]
    optional = [f"{name}={format_value(p.default)}" for name, p in others.items() if not p.required]
    written = [*short, *required, *optional][: max(2, len(short) + len(required))]
    return f"pslbench {command}{part.name}:{','.join(written)}"
