"""A part: a function with the metadata of its decorator."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pslbench.contracts.samples import SampleInput
from pslbench.errors import suggest
from pslbench.parts.parameters import NAMES, Parameter, allowed_values

Kind = Literal["dataset", "embedder", "clusterer", "strategy", "trainer", "reporter"]
KINDS: tuple[Kind, ...] = typing.get_args(Kind)
N_POSITIONAL = {"dataset": 0, "embedder": 1, "clusterer": 1, "strategy": 1, "trainer": 1, "reporter": 2}
SEEDED_KINDS: tuple[Kind, ...] = ("embedder", "clusterer", "trainer")  # may have an argument `seed`
PoolInput = Literal["clusters", "graph", "features", "x"]
POOL_INPUTS: tuple[PoolInput, ...] = typing.get_args(PoolInput)


@dataclass(frozen=True)
class Part:
    """A function with the metadata of its decorator. Calling the part calls the function.

    Attributes:
        kind, name: the kind of part, and the name that users type.
        function: its keyword-only parameters are what users can set. The first line of its docstring is its summary.
        reference: the paper or book that the part comes from.
        version: raise it when the results change for a reason that the source code does not show.
        enabled: whether `all` includes the part.
        uses: for a strategy, what it needs of the pool: `clusters`, `graph`, or both, with features; `features`; or `x`
            alone.
        needs_all_labels: for a strategy, whether it may query every label. Its rows are upper bounds and not ranked.
        takes: for an embedder or a trainer, the kinds of samples that it takes. `features` stands for those of the
            embedder if it is a trainer, and for those that belong to the data if it is an embedder. An embedder that
            takes `files` receives the image files behind the samples if there are any.
        keeps_size: for an embedder, whether features have as many numbers as a sample. It is then not run on images
            that do not fit into memory.
        max_pool: for a clusterer, the largest pool it can handle; None for no limit.
        writes: for a reporter, whether it writes files, which cover the whole folder of results.
        trains: for a strategy, whether it calls `pool.train`. Its pseudo-labels then depend on the trainer.
        soft_labels: for a trainer, whether it takes soft labels.
        baseline: for a strategy, whether it is a trivial baseline: no trainer is called, and the class frequencies of
            its pseudo-labels are the prediction for every sample. Its rows are not ranked.
        disabled_reason: for a strategy, why `all` does not include it.
        positional: the parameter whose value can be written without its name if it comes first: `hf:imdb` is
            `hf:name=imdb` if it is `name`.
    """

    kind: Kind
    name: str
    function: Callable[..., Any]
    reference: str = ""
    version: str = "1"
    enabled: bool = True
    uses: tuple[PoolInput, ...] = ("clusters",)
    needs_all_labels: bool = False
    takes: tuple[SampleInput, ...] = ("images", "vectors")
    keeps_size: bool = False
    max_pool: int | None = None
    writes: bool = False
    trains: bool = False
    soft_labels: bool = True
    baseline: bool = False
    disabled_reason: str = ""
    positional: str = ""

    def __post_init__(self) -> None:
        inner = inspect.unwrap(self.function)
        if not inspect.isfunction(inner) or inner.__name__ == "<lambda>":
            kind = "lambda" if inspect.isfunction(inner) else type(self.function).__name__
            raise TypeError(
                f"{self.kind} '{self.name}' must be a function that is written with def: the key of a row cannot "
                f"cover a {kind}"
            )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    @property
    def summary(self) -> str:
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters that a user can set, by name.

        Raises:
            TypeError: a parameter has no type or an unsupported one, or is not keyword-only, or there is no parameter
                of the name `positional`.
        """
        found = {}
        for place, (name, parameter) in enumerate(inspect.signature(self.function).parameters.items()):
            is_seed = name == "seed" and self.kind in SEEDED_KINDS
            is_positional = parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
            if is_positional and place >= N_POSITIONAL[self.kind] and not is_seed:
                instead = "; a strategy draws from pool.rng" if (self.kind, name) == ("strategy", "seed") else ""
                raise TypeError(f"parameter '{name}' must come after a `*`, so that users can set it{instead}")
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
                found[name] = self._parameter(parameter)
        if self.positional not in ("", *found):
            raise TypeError(
                f"positional='{self.positional}' must be the name of a parameter; {suggest(self.positional, found)}"
            )
        return found

    def _parameter(self, parameter: inspect.Parameter) -> Parameter:
        name, kind, required = parameter.name, parameter.annotation, parameter.default is inspect.Parameter.empty
        if kind is inspect.Parameter.empty:
            raise TypeError(f"parameter '{name}' needs a type, such as `{name}: int = 1`")
        if isinstance(kind, str):
            scope = {**vars(typing), **inspect.unwrap(self.function).__globals__}
            kind = eval(kind, scope)  # noqa: S307 - an annotation of the part, which its own module postponed
        bare, *limits = typing.get_args(kind) if typing.get_origin(kind) is typing.Annotated else (kind,)
        result = Parameter(name, bare, required, None if required else parameter.default, tuple(limits))
        for unsupported in (each for each in result.types if not (each in NAMES or allowed_values(each))):
            raise TypeError(
                f"parameter '{name}': a user cannot type a {getattr(unsupported, '__name__', unsupported)}; use int, "
                "float, bool, str, Literal[...], or one of those | None"
            )
        return result

    @property
    def takes_seed(self) -> bool:
        """Whether the seed can affect the output: a strategy has `pool.rng`, other functions an argument `seed`."""
        arguments = inspect.signature(self.function).parameters.keys()
        return self.kind == "strategy" or "seed" in arguments - self.parameters.keys()

    @property
    def needs_features(self) -> bool:
        """Whether it is a trainer that takes the features of the embedder."""
        return self.kind == "trainer" and "features" in self.takes

    @property
    def is_ready(self) -> bool:
        """Whether the part can be called without setting a parameter."""
        return not any(parameter.required for parameter in self.parameters.values())

    @property
    def why_not_in_all(self) -> str:
        """Why `all` does not include the part; empty if it does."""
        if missing := [name for name, parameter in self.parameters.items() if parameter.required]:
            return f"it needs a value for {missing[0]}"
        if self.enabled:
            return ""
        return self.disabled_reason or ("it trains several times" if self.trains else "its plugin leaves it out")

    @property
    def file(self) -> Path | None:
        """The source file of the function; None if there is none, as for a function typed at a prompt."""
        file = inspect.getsourcefile(inspect.unwrap(self.function))
        return Path(file) if file and Path(file).is_file() else None


def name_problem(name: str) -> str:
    """Say why a user could not type this name of a part; empty if a user could."""
    if not name or any(sign in ":,|=/" or sign.isspace() for sign in name):
        return "must not be empty or contain ':', ',', '|', '=', '/' or white space"
    if name.startswith("-"):
        return "starts with '-', as options do"
    return "stands for every part" if name == "all" else ""
