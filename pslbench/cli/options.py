"""Options that several commands share, and what they mean."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from pslbench.cli.screen import complain
from pslbench.errors import InputError, unknown

if TYPE_CHECKING:
    from pslbench.engine.plan import Grid
    from pslbench.parts import Choice
    from pslbench.plugins.manager import Catalog

RESULTS = Path("results/latest")


@dataclass(frozen=True)
class Plugins:
    """Where parts come from beyond the built-in ones and the installed packages."""

    plugin: Annotated[
        list[str], typer.Option("--plugin", metavar="FILE", help="Python file with a plugin. May be repeated.")
    ] = field(default_factory=list)
    no_plugin: Annotated[
        list[str], typer.Option("--no-plugin", metavar="NAME", help="Plugin to leave out. May be repeated.")
    ] = field(default_factory=list)

    def find(self) -> Catalog:
        """The catalog; a plugin that failed costs one line on standard error."""
        from pslbench.plugins.manager import discover

        catalog = discover(self.plugin, self.no_plugin)
        for plugin in catalog.plugins:
            if plugin.status == "failed":
                complain(f"plugin '{plugin.name}' is left out: {plugin.problem}")
        return catalog


@dataclass(frozen=True)
class Combinations:
    """What strategies are combined with."""

    dataset: Annotated[
        list[str], typer.Option("-d", "--dataset", metavar="DATASET", help="Name, .npz file or folder of images.")
    ] = field(default_factory=lambda: ["mnist-5k"])
    embedder: Annotated[list[str], typer.Option("-e", "--embedder", metavar="NAME", help="Embedder, or 'all'.")] = (
        field(default_factory=lambda: ["pixels"])
    )
    clusterer: Annotated[list[str], typer.Option("-c", "--clusterer", metavar="NAME", help="Clusterer, or 'all'.")] = (
        field(default_factory=lambda: ["minibatch-kmeans"])
    )
    trainer: Annotated[list[str], typer.Option("-t", "--trainer", metavar="NAME", help="Trainer, or 'all'.")] = field(
        default_factory=lambda: ["cnn"]
    )
    budget: Annotated[
        list[str], typer.Option("-b", "--budget", metavar="LABELS", help="How many may be asked for; 60,120 for two.")
    ] = field(default_factory=lambda: ["120"])
    seeds: Annotated[
        str, typer.Option("-s", "--seeds", metavar="SEEDS", help="5 for seeds 0 to 4; 3,7 for just those.")
    ] = "3"

    def grid(self, catalog: Catalog, strategies: list[str]) -> Grid:
        """These with `strategies`, each looked up and read. Raises InputError."""
        from pslbench.engine.plan import Grid, read_budgets, read_seeds

        return Grid(
            [c for text in self.dataset for c in choose_dataset(catalog, text)],
            [c for text in self.embedder for c in catalog.choose("embedder", text)],
            [c for text in self.clusterer for c in catalog.choose("clusterer", text)],
            [c for text in strategies for c in catalog.choose("strategy", text)],
            [c for text in self.trainer for c in catalog.choose("trainer", text)],
            read_budgets(self.budget),
            read_seeds(self.seeds),
        )


@dataclass(frozen=True)
class Execution:
    """How cells are run, and where their results go."""

    jobs: Annotated[int, typer.Option("-j", "--jobs", metavar="N", min=0, help="Workers; 0 for one a core.")] = 0
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Folder of results; what it has is not run again.")
    ] = RESULTS


def spread(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with each parameter that is a dataclass of options replaced by those options, for typer to read."""
    own = inspect.signature(command, eval_str=True).parameters
    groups: dict[str, Any] = {name: each.annotation for name, each in own.items() if is_dataclass(each.annotation)}
    shown = [each for name, each in own.items() if name not in groups]
    for group in groups.values():
        hints = get_type_hints(group, include_extras=True)
        shown += [
            inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=_default(f), annotation=hints[f.name])
            for f in fields(group)
        ]

    @wraps(command)
    def called(**given: Any) -> Any:
        filled = {name: group(**{f.name: given.pop(f.name) for f in fields(group)}) for name, group in groups.items()}
        return command(**given, **filled)

    called.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    called.__annotations__ = {each.name: each.annotation for each in shown}
    return called


def _default(option: Field[Any]) -> Any:
    return option.default if option.default_factory is MISSING else option.default_factory()


def choose_dataset(catalog: Catalog, text: str) -> list[Choice]:
    """A data set by name, or an .npz file or folder by its path. Raises InputError."""
    from pslbench.parts import choice

    if not text:
        raise InputError("-d wants a data set's name, an .npz file or a folder of images, not an empty word")
    known = catalog.parts("dataset")
    if text.partition(":")[0] in known:
        return catalog.choose("dataset", text)
    for name, is_meant in (("npz", text.endswith(".npz")), ("images", Path(text).is_dir() or os.sep in text)):
        if is_meant:
            return [choice(catalog.part("dataset", name)[1], name, path=os.path.normpath(text))]
    nearest = unknown("dataset", text.partition(":")[0], known)
    raise InputError(f"{nearest}; or give the path of an .npz file, or of a folder with train/ and test/")
