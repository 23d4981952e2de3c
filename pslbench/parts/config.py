"""A part with a value for each parameter, and the text that stands for it."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from pslbench.errors import InputError, require_distinct, unknown
from pslbench.parts.parameters import Parameter, Value, format_value, split_quoted, unquote
from pslbench.parts.part import Kind, Part

TYPES_IN_WORDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "a text"}


@dataclass(frozen=True)
class PartConfig:
    """A part by name, with a value for each of its parameters. It is plain data that another process can look up.

    Attributes:
        kind, name: the part, as the catalog names it.
        values: every parameter with its value, in the order of the signature.
        text: what a user would type for it, without the parameters that have their default.
    """

    kind: Kind
    name: str
    values: tuple[tuple[str, Value], ...]
    text: str

    def __str__(self) -> str:
        return self.text


def configure(part: Part, name: str, /, **chosen: Value) -> PartConfig:
    """Combine `part`, which the catalog names `name`, with these values and its defaults."""
    values = {key: parameter.coerce(chosen.get(key, parameter.default)) for key, parameter in part.parameters.items()}
    changed = [
        _write(part, key, values[key])
        for key, parameter in sorted(part.parameters.items(), key=lambda item: item[0] != part.positional)
        if parameter.required or values[key] != parameter.default
    ]
    return PartConfig(part.kind, name, tuple(values.items()), f"{name}:{','.join(changed)}" if changed else name)


def _write(part: Part, key: str, value: Value) -> str:
    """Write one parameter. The name of the positional one is left out, unless the value could be read as a name."""
    text = format_value(value)
    return text if key == part.positional and text and "=" not in text else f"{key}={text}"


def parse_configs(part: Part, name: str, text: str | None = None) -> Iterator[PartConfig]:
    """Parse `key=value,key=1|2` for `part`, which the catalog names `name`.

    Double quotes protect a comma or a bar in a value, as in `path="a,b.npz"`. `None` stands for no parameters. The
    first value may be that of the positional parameter, without its name.

    Returns:
        One configuration for every combination of the values.

    Raises:
        InputError: a key is unknown, missing or repeated, or a value is repeated or has the wrong type.
    """
    axes: dict[str, list[Value]] = {}
    for place, item in enumerate([] if text is None else split_quoted(text, ",")):
        key, equals, values = item.partition("=")
        if item and place == 0 and part.positional and not equals:
            key, equals, values = part.positional, "=", item
        if not item:
            raise InputError(f"'{name}:{text}' has an empty parameter; write {name} alone, or {name}:key=value")
        if key not in part.parameters:
            raise unknown(f"parameter of {part.name}", key, part.parameters)
        if not equals or key in axes:
            raise InputError(f"'{item}' in '{name}:{text}': write each parameter once, as {key}=value")
        axes[key] = [_value(part, part.parameters[key], unquote(value)) for value in split_quoted(values, "|")]
        require_distinct(f"the value of {name}:{key}", axes[key])
    if missing := [p.name for p in part.parameters.values() if p.required and p.name not in axes]:
        written = f"{name}:{missing[0].upper()}" if missing[0] == part.positional else f"{name}:{missing[0]}=..."
        raise InputError(f"{name} needs the parameter {missing[0]}; write {written}")
    for combination in itertools.product(*axes.values()):
        yield configure(part, name, **dict(zip(axes, combination, strict=True)))


def _value(part: Part, parameter: Parameter, text: str) -> Value:
    try:
        return parameter.read(text)
    except InputError as error:
        raise InputError(f"{part.name}:{error}") from None
    except ValueError:
        default = "" if parameter.required else f"; the default is {format_value(parameter.default)}"
        types = " or ".join(TYPES_IN_WORDS.get(name, name) for name in parameter.type_name.split(" or "))
        allowed = ", ".join(filter(None, (types, parameter.range)))
        problem = f"{part.name}:{parameter.name}={text} is not allowed; {parameter.name} must be {allowed}"
        raise InputError(f"{problem}{default}") from None
