"""Parts: plain functions with a decorator, and the reading of `name:key=value,...`."""

from __future__ import annotations

import contextlib
import inspect
import itertools
import operator
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pslbench.errors import InputError, unknown

Kind = Literal["dataset", "embedder", "clusterer", "strategy", "trainer", "reporter"]
KINDS: tuple[Kind, ...] = typing.get_args(Kind)
GIVEN: Mapping[Kind, int] = {"dataset": 0, "embedder": 1, "clusterer": 1, "strategy": 1, "trainer": 1, "reporter": 2}
Value = str | int | float | bool | None
ATOMS: tuple[type, ...] = (str, int, float, bool)
SEEDED: tuple[Kind, ...] = ("embedder", "clusterer", "trainer")  # called with a seed, if they have such an argument
Uses = Literal["clusters", "graph", "features", "x"]
USES: tuple[Uses, ...] = typing.get_args(Uses)
BOUNDS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "gt": ("above", operator.gt),
    "ge": ("at least", operator.ge),
    "lt": ("below", operator.lt),
    "le": ("at most", operator.le),
}


@dataclass(frozen=True)
class Parameter:
    """A keyword-only parameter of a part: what a user can set.

    `limits` are constraints of `annotated_types`: Ge(1) of `Annotated[int, Ge(1)]`.
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
        """Those of a union, one by one; else its type."""
        is_union = typing.get_origin(self.type) in (typing.Union, types.UnionType)
        return typing.get_args(self.type) if is_union else (self.type,)

    @property
    def type_name(self) -> str:
        """What it takes, in words: the type's name, or the choices there are."""
        named = ([kind.__name__] if kind in ATOMS else map(said, choices_of(kind)) for kind in self.types)
        return " or ".join(name for names in named for name in names)

    @property
    def range(self) -> str:
        """What its limits say, in words."""
        return " and ".join(f"{word} {limit:g}" for word, _, limit in self._bounds())

    def _bounds(self) -> Iterator[tuple[str, Callable[[Any, Any], bool], float]]:
        for limit in self.limits:
            for name, (word, holds) in BOUNDS.items():
                if (bound := getattr(limit, name, None)) is not None:
                    yield word, holds, bound

    def read(self, text: str) -> Value:
        """The value that `text` stands for. Raises ValueError where it is none, InputError where it is out of range."""
        value = self._read(text)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and not all(holds(value, bound) for _, holds, bound in self._bounds()):
            raise InputError(f"{self.name}={text} must be {self.range}")
        return value

    def fault(self, value: Value) -> str:
        """Why a user could not give it this value; empty where one could."""
        try:
            read = self.read(said(value))
        except InputError as error:
            return f"is refused ({error})"
        except ValueError:
            return f"is no {self.type_name}"
        return "" if read == value else f"is read as {read!r}"

    def _read(self, text: str) -> Value:
        for kind in sorted(self.types, key=lambda kind: not choices_of(kind)):  # a str would take "none" for itself
            with contextlib.suppress(ValueError, KeyError, TypeError):
                named = {said(value): value for value in choices_of(kind)}
                value: Value = named[text] if named else kind(text)
                return value
        raise ValueError(text)


def choices_of(kind: Any) -> tuple[Value, ...]:
    """The values of a type that has but a few; of another type none."""
    few: dict[Any, tuple[Value, ...]] = {bool: (True, False), type(None): (None,)}
    return typing.get_args(kind) if typing.get_origin(kind) is Literal else few.get(kind, ())


@dataclass(frozen=True)
class Part:
    """A function and what its decorator said of it. Calling it calls the function.

    Attributes:
        kind, name: what it is and what users call it.
        function: its keyword-only parameters are what users can set; the first line of its docstring is its summary.
        reference: the paper or book it comes from.
        version: raise it when the part's results change for a reason its source does not show.
        enabled: whether `all` includes it.
        uses: for a strategy, what of the pool it needs: `clusters`, `graph` (features too), `features`, or `x` alone.
        needs_all_labels: for a strategy, whether its account is unlimited; its rows are upper bounds.
        images_only: for an embedder or a trainer, whether it takes nothing but images.
        max_pool: for a clusterer, the most samples it can handle; None for any number.
        writes: for a reporter, whether it writes files, which speak of the whole folder, or shows what was asked for.
    """

    kind: Kind
    name: str
    function: Callable[..., Any]
    reference: str = ""
    version: str = "1"
    enabled: bool = True
    uses: tuple[Uses, ...] = ("clusters",)
    needs_all_labels: bool = False
    images_only: bool = False
    max_pool: int | None = None
    writes: bool = False

    def __post_init__(self) -> None:
        if not inspect.isfunction(inspect.unwrap(self.function)):
            raise TypeError(
                f"{self.kind} '{self.name}' must be a function, written with def: what else a "
                f"{type(self.function).__name__} holds is in no row's key"
            )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    @property
    def summary(self) -> str:
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """What a user can set, by name. Raises TypeError where one has no type that is read, or no `*` before it."""
        found = {}
        given = GIVEN[self.kind]
        for place, (name, parameter) in enumerate(inspect.signature(self.function).parameters.items()):
            is_seed = name == "seed" and self.kind in SEEDED
            if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD and place >= given and not is_seed:
                instead = "; a strategy draws from pool.rng" if (self.kind, name) == ("strategy", "seed") else ""
                raise TypeError(f"parameter '{name}' must stand after a `*`, for users to set it{instead}")
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
                kind = self._type_of(parameter)
                bare, *limits = typing.get_args(kind) if typing.get_origin(kind) is typing.Annotated else (kind,)
                found[name] = Parameter(name, bare, parameter.default, tuple(limits))
                for strange in (each for each in found[name].types if not (each in ATOMS or choices_of(each))):
                    raise TypeError(
                        f"parameter '{name}': no user can type a {getattr(strange, '__name__', strange)}; "
                        "use int, float, bool, str, Literal[...], or one of those | None"
                    )
        return found

    def _type_of(self, parameter: inspect.Parameter) -> Any:
        kind = parameter.annotation
        if isinstance(kind, str):
            scope = {**vars(typing), **inspect.unwrap(self.function).__globals__}
            kind = eval(kind, scope)  # noqa: S307 - the part's own annotation, postponed by its own module
        if kind is inspect.Parameter.empty:
            raise TypeError(f"parameter '{parameter.name}' needs a type, such as `{parameter.name}: int = 1`")
        return kind

    @property
    def takes_seed(self) -> bool:
        """Whether what it gives may depend on the seed: a strategy's pool has a stream; others have an argument."""
        arguments = inspect.signature(self.function).parameters.keys()
        return self.kind == "strategy" or "seed" in arguments - self.parameters.keys()

    @property
    def is_ready(self) -> bool:
        """Whether it can be called without any parameter being said."""
        return not any(parameter.required for parameter in self.parameters.values())

    @property
    def file(self) -> Path | None:
        """The file the function stands in; None where there is none (typed at a prompt)."""
        file = inspect.getsourcefile(inspect.unwrap(self.function))
        return Path(file) if file and Path(file).is_file() else None


def fault_in_name(name: str) -> str:
    """Why no part can be called so, as a user could not type it; empty where one can."""
    if not name or any(sign in ":,|=/" or sign.isspace() for sign in name):
        return "must have letters in it, and no ':', ',', '|', '=', '/' or blank"
    if name.startswith("-"):
        return "begins with '-', as options do"
    return "stands for every part" if name == "all" else ""


@dataclass(frozen=True)
class Choice:
    """A part by name, with a value for each of its parameters: plain data, that any process can look up again.

    Attributes:
        kind, name: the part, as the catalog knows it.
        values: every parameter with its value, in the order of the signature.
        text: what a user would type for it; parameters at their default are left out.
    """

    kind: Kind
    name: str
    values: tuple[tuple[str, Value], ...]
    text: str

    def __str__(self) -> str:
        return self.text


def choice(part: Part, name: str, /, **given: Value) -> Choice:
    """`part`, known to the catalog as `name`, with these values and otherwise its defaults."""
    values = {key: given.get(key, parameter.default) for key, parameter in part.parameters.items()}
    changed = ",".join(f"{key}={said(value)}" for key, value in values.items() if value != part.parameters[key].default)
    return Choice(part.kind, name, tuple(values.items()), f"{name}:{changed}" if changed else name)


def said(value: Value) -> str:
    """A parameter's value as a user would type it."""
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def choices(part: Part, name: str, text: str = "") -> Iterator[Choice]:
    """Read `key=value,key=1|2` for `part`, known as `name`: one `Choice` for every combination of the values.

    Raises:
        InputError: an unknown key, a value of the wrong type, a key that is missing or stands twice.
    """
    axes: dict[str, list[Value]] = {}
    for item in filter(None, text.split(",")):
        key, equals, values = item.partition("=")
        if key not in part.parameters:
            raise unknown(f"parameter of {part.name}", key, part.parameters)
        if not equals or key in axes:
            raise InputError(f"'{item}' in '{name}:{text}': write each parameter once, as {key}=value")
        axes[key] = [_value(part, part.parameters[key], value) for value in values.split("|")]
    if missing := [p.name for p in part.parameters.values() if p.required and p.name not in axes]:
        raise InputError(f"{name} needs {missing[0]}; write {name}:{missing[0]}=...")
    for combination in itertools.product(*axes.values()):
        yield choice(part, name, **dict(zip(axes, combination, strict=True)))


def _value(part: Part, parameter: Parameter, text: str) -> Value:
    try:
        return parameter.read(text)
    except InputError as error:
        raise InputError(f"{part.name}:{error}") from None
    except ValueError:
        raise InputError(
            f"{part.name}:{parameter.name}={text} is no {parameter.type_name}; its default is {said(parameter.default)}"
        ) from None


Decorator = Callable[[Callable[..., Any]], Part]


def dataset(name: str, *, reference: str = "", version: str = "1", enabled: bool = True) -> Decorator:
    """Register `function(*, ...) -> Dataset`."""
    return lambda function: Part("dataset", name, function, reference, version, enabled)


def embedder(
    name: str, *, reference: str = "", version: str = "1", enabled: bool = True, images_only: bool = False
) -> Decorator:
    """Register `function(x, seed, *, ...) -> Embedding`; `x` is the pool alone, float32 (n, ...).

    Leave `seed` out where nothing is random: the embedding is then computed once for all seeds.
    """
    return lambda function: Part("embedder", name, function, reference, version, enabled, images_only=images_only)


def clusterer(
    name: str, *, reference: str = "", version: str = "1", enabled: bool = True, max_pool: int | None = None
) -> Decorator:
    """Register `function(k, seed, *, ...)` that gives an object with scikit-learn's `fit`, and `predict` if it can.

    Leave `seed` out where nothing is random. A run on a pool of more than `max_pool` samples leaves the clusterer out,
    and says so, instead of eating the memory.
    """
    return lambda function: Part("clusterer", name, function, reference, version, enabled, max_pool=max_pool)


def strategy(
    name: str,
    *,
    reference: str = "",
    version: str = "1",
    enabled: bool = True,
    uses: Uses | tuple[Uses, ...] = "clusters",
    needs_all_labels: bool = False,
) -> Decorator:
    """Register `function(pool, *, ...) -> PseudoLabels`.

    Args:
        name: what users type.
        reference: the paper or book it comes from.
        version: raise it when results change for a reason the source does not show.
        enabled: whether `--all` includes it.
        uses: what of the pool it needs: `clusters`, `graph`, or both, with features; `features`; or `x` alone. A
            strategy that needs no clusters is run once where others are run for every clusterer.
        needs_all_labels: gives an unlimited account; the rows are shown as upper bounds, outside the ranking.
    """
    used: tuple[Uses, ...] = (uses,) if isinstance(uses, str) else tuple(uses)
    if not used or not set(used) <= set(USES):
        raise ValueError(f"strategy '{name}': uses must be some of {', '.join(USES)}, not {uses!r}")
    return lambda function: Part(
        "strategy", name, function, reference, version, enabled, uses=used, needs_all_labels=needs_all_labels
    )


def trainer(
    name: str, *, reference: str = "", version: str = "1", enabled: bool = True, images_only: bool = False
) -> Decorator:
    """Register `function(data, seed, *, ...) -> Predictor`; `data` is a `TrainingData`.

    Leave `seed` out where nothing is random. A predictor may say in its `precision` what arithmetic it used.
    """
    return lambda function: Part("trainer", name, function, reference, version, enabled, images_only=images_only)


def reporter(
    name: str, *, reference: str = "", version: str = "1", enabled: bool = True, writes: bool = False
) -> Decorator:
    """Register `function(results, records)`, which gives something that rich can print, or None.

    With `writes=True` it writes files into `records.folder`, and gets all results of the folder; else those of the
    command.
    """
    return lambda function: Part("reporter", name, function, reference, version, enabled, writes=writes)
