"""Options that several commands share, and what they mean."""

from __future__ import annotations

import inspect
import os
import time
import tomllib
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from pslbench.cli.console import output, warn
from pslbench.errors import InputError, unknown
from pslbench.processor import cores

if TYPE_CHECKING:
    from pslbench.execution.cache import CacheSettings
    from pslbench.parts import PartConfig
    from pslbench.planning.grid import Grid
    from pslbench.plugins.catalog import Catalog

RESULTS = Path("results/latest")
ALL = "all"  # what `--all` is called in a file of options; `every` in the code
NOT_IN_CONFIG = {"config", "save_config", "dry_run", "help"}


@dataclass(frozen=True)
class Plugins:
    """Plugins beside those of installed packages."""

    plugin: Annotated[
        list[str], typer.Option("--plugin", metavar="FILE", help="Python file with a plugin. May be repeated.")
    ] = field(default_factory=list)
    no_plugin: Annotated[
        list[str], typer.Option("--no-plugin", metavar="NAME", help="Plugin to leave out. May be repeated.")
    ] = field(default_factory=list)

    def find(self) -> Catalog:
        """The catalog; a plugin that failed costs one line on standard error."""
        from pslbench.plugins.discovery import discover

        catalog = discover(self.plugin, self.no_plugin)
        for plugin in catalog.plugins:
            if plugin.status == "failed":
                warn(f"plugin '{plugin.name}' is left out: {plugin.problem}")
            for note in plugin.notes:
                warn(f"plugin '{plugin.name}': {note}")
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
        from pslbench.planning.grid import Grid, parse_budgets, parse_seeds

        known = catalog.parts("strategy")
        if stray := [text for text in strategies if text.isdecimal() and text not in known]:
            raise InputError(f"'{stray[0]}' is no strategy; several budgets, or seeds, are one word, as in -b 20,40")
        return Grid(
            [c for text in self.dataset for c in choose_dataset(catalog, text)],
            [c for text in self.embedder for c in catalog.parse("embedder", text)],
            [c for text in self.clusterer for c in catalog.parse("clusterer", text)],
            [c for text in strategies for c in catalog.parse("strategy", text)],
            [c for text in self.trainer for c in catalog.parse("trainer", text)],
            parse_budgets(self.budget),
            parse_seeds(self.seeds),
        )


def _read_config(context: typer.Context, path: Path | None) -> Path | None:
    """Take a file's values as the defaults of the command's options. Raises InputError."""
    if path is None:
        return None
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"--config {path}: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"--config {path} is no TOML: {error}") from None
    known = {parameter.name: parameter for parameter in context.command.params if parameter.name}
    if ALL in said:
        said["every"] = said.pop(ALL)
    for name, value in said.items():
        if name not in known or name in NOT_IN_CONFIG:
            raise unknown(f"name in {path}:", name, sorted(known.keys() - NOT_IN_CONFIG))
        if isinstance(value, dict):
            raise InputError(f"--config {path}: '{name}' is a table; write {name} = ...")
        if value == []:
            raise InputError(f"--config {path}: '{name}' is an empty list; leave it out, or say which")
        many = known[name].nargs == -1 or getattr(known[name], "multiple", False)
        said[name] = [str(v) for v in (value if isinstance(value, list) else [value])] if many else value
        if isinstance(said[name], list) and not many:
            raise InputError(f"--config {path}: '{name}' takes one value, not a list")
    context.default_map = said
    return path


@dataclass(frozen=True)
class Execution:
    """How cells are run, and where their results go."""

    jobs: Annotated[int, typer.Option("-j", "--jobs", metavar="N", min=0, help="Workers; 0 for one a core.")] = 0
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Run on the Dask cluster at ADDRESS, or on a 'local' one.")
    ] = None
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Folder of results; what it has is not run again.")
    ] = RESULTS
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed/--no-retry-failed", help="Run cells again that failed before.")
    ] = False
    fresh: Annotated[bool, typer.Option("--fresh/--no-fresh", help="Run every cell again, from the start.")] = False
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0, help="End a cell that takes longer; its row says so.")
    ] = None
    memory_limit: Annotated[
        float | None, typer.Option(metavar="GB", min=0, help="End a cell whose worker takes more memory of its own.")
    ] = None
    cache_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where stages are kept; else where PSLBENCH_CACHE_DIR says, or in the user's cache."
        ),
    ] = None
    cache_size: Annotated[float, typer.Option(metavar="GB", min=0, help="How much of them is kept.")] = 10
    explain_cache: Annotated[
        bool, typer.Option("--explain-cache", help="Say why each stage that is computed is not in the cache.")
    ] = False
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be run, and run nothing.")] = False
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="TOML file with options; those given here win.", is_eager=True, callback=_read_config
        ),
    ] = None
    save_config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write these options to a file for --config, and run nothing.")
    ] = None

    def workers(self, cells: int) -> int:
        """How many workers there are for so many cells."""
        return max(1, min(self.jobs or cores(), cells))

    def cache(self) -> CacheSettings:
        """The cache's settings. Raises InputError where there can be none."""
        from pslbench.execution.cache import GIGABYTE, CacheSettings, cache_root

        folder = cache_root(self.cache_dir).absolute()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"cannot keep stages in '{folder}' ({error.strerror}); choose another --cache-dir"
            ) from None
        return CacheSettings(folder, int(self.cache_size * GIGABYTE), time.time() if self.fresh else 0)


def save_config(path: Path, **said: Any) -> None:
    """Write options, by name, as a file for `--config`; those that are not set are left out. Raises InputError."""
    import tomli_w

    values = {name: str(value) if isinstance(value, Path) else value for name, value in said.items()}
    if "every" in values:
        values[ALL] = values.pop("every")
    kept = {name: value for name, value in values.items() if name not in NOT_IN_CONFIG and value not in (None, [])}
    try:
        path.write_text(tomli_w.dumps(kept), encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write '{path}' ({error.strerror})") from None
    output().print(f"options written to {path}; use them with --config {path}", soft_wrap=True, markup=False)


def spread(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with each parameter that is a dataclass of options replaced by those options, for typer to read."""
    own = inspect.signature(command, eval_str=True).parameters
    groups: dict[str, Any] = {name: each.annotation for name, each in own.items() if is_dataclass(each.annotation)}
    shown = [each for name, each in own.items() if name not in groups]
    for group in groups.values():
        hints = get_type_hints(group, include_extras=True)
        for hint in hints.values():
            hint.__metadata__[0].rich_help_panel = (group.__doc__ or "").partition(".\n")[0].rstrip(".")
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


def choose_dataset(catalog: Catalog, text: str) -> list[PartConfig]:
    """A data set by name, or an .npz file or folder by its path. Raises InputError."""
    from pslbench.parts import configure

    if not text:
        raise InputError("-d wants a data set's name, an .npz file or a folder of images, not an empty word")
    known = catalog.parts("dataset")
    if text.partition(":")[0] in known:
        return catalog.parse("dataset", text)
    for name, is_meant in (("npz", text.endswith(".npz")), ("images", Path(text).is_dir() or os.sep in text)):
        if is_meant:
            return [configure(catalog.resolve("dataset", name)[1], name, path=os.path.normpath(text))]
    nearest = unknown("dataset", text.partition(":")[0], known)
    raise InputError(f"{nearest}; or give the path of an .npz file, or of a folder with train/ and test/")
