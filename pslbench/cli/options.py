"""Options that several commands share."""

from __future__ import annotations

import inspect
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from pslbench.cli.console import stdout_console, warn
from pslbench.errors import InputError, require_distinct, unknown
from pslbench.parts import Kind, PartConfig
from pslbench.plugins.catalog import Catalog, parse_dataset
from pslbench.plugins.discovery import discover

if TYPE_CHECKING:
    from pslbench.execution.run import RunSettings
    from pslbench.planning.grid import Grid

DEFAULT_RESULTS = Path("results/latest")
CACHE_DIR_HELP = "Folder of the cache. Default: PSLBENCH_CACHE_DIR or the user's cache."
NOT_IN_CONFIG = {"config", "save_config", "dry_run", "help"}
ResultsArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of results.")]

_plugin_option = partial(typer.Option, rich_help_panel="Plugins")
_grid_option = partial(typer.Option, rich_help_panel="What to combine")
_run_option = partial(typer.Option, rich_help_panel="Execution and results")


def _expand_home(value: Any) -> Any:
    """Expand a leading `~` in a text or a path, or in each one of a list."""
    if isinstance(value, list):
        return [_expand_home(item) for item in value]
    return type(value)(os.path.expanduser(value)) if isinstance(value, str | Path) else value  # noqa: PTH111


@dataclass(frozen=True)
class PluginOptions:
    """Plugins to load or leave out, in addition to those of installed packages."""

    plugin: Annotated[
        list[str], _plugin_option("--plugin", metavar="FILE", help="Python file with a plugin. Repeatable.")
    ] = field(default_factory=list)
    no_plugin: Annotated[
        list[str], _plugin_option("--no-plugin", metavar="NAME", help="Plugin to leave out. Repeatable.")
    ] = field(default_factory=list)

    def load_catalog(self) -> Catalog:
        """Discover the plugins, and print their problems and notes. Raises InputError if a file cannot be loaded."""
        catalog = discover(self.plugin, self.no_plugin)
        for plugin in catalog.plugins:
            if plugin.status == "failed" and plugin.source in self.plugin:
                raise InputError(f"--plugin {plugin.source} cannot be loaded: {plugin.problem}")
            if plugin.status == "failed":
                warn(f"plugin '{plugin.name}' is left out: {plugin.problem}")
            for note in plugin.notes:
                warn(f"plugin '{plugin.name}': {note}")
        return catalog


@dataclass(frozen=True)
class GridOptions:
    """Strategies, and the parts, budgets and seeds to combine them with."""

    strategies: Annotated[
        list[str] | None,
        typer.Argument(metavar="STRATEGY", help="Names of strategies, with any parameters; see pslbench list."),
    ] = None
    all: Annotated[bool, _grid_option("--all/--no-all", help="Take every enabled strategy.")] = False
    dataset: Annotated[
        list[str], _grid_option("-d", "--dataset", metavar="DATASET", help="Name, .npz file or folder of images.")
    ] = field(default_factory=lambda: ["mnist-5k"])
    embedder: Annotated[list[str], _grid_option("-e", "--embedder", metavar="NAME", help="Embedder, or 'all'.")] = (
        field(default_factory=lambda: ["pixels"])
    )
    clusterer: Annotated[list[str], _grid_option("-c", "--clusterer", metavar="NAME", help="Clusterer, or 'all'.")] = (
        field(default_factory=lambda: ["minibatch-kmeans"])
    )
    trainer: Annotated[list[str], _grid_option("-t", "--trainer", metavar="NAME", help="Trainer, or 'all'.")] = field(
        default_factory=lambda: ["cnn"]
    )
    budget: Annotated[
        list[str], _grid_option("-b", "--budget", metavar="LABELS", help="Labels to query; 60,120 for two budgets.")
    ] = field(default_factory=lambda: ["120"])
    seeds: Annotated[
        str, _grid_option("-s", "--seeds", metavar="SEEDS", help="Number of seeds (5 for 0 to 4), or a list (3,7).")
    ] = "3"

    def parse_grid(self, catalog: Catalog) -> Grid:
        """Parse the options into a grid. Raises InputError."""
        from pslbench.planning.grid import Grid, parse_budgets, parse_seeds

        strategies = [*(self.strategies or []), *["all"] * self.all]
        if not strategies:
            raise InputError("name one or more strategies, or use --all; pslbench list strategy shows their names")
        known = catalog.parts("strategy")
        if numbers := [text for text in strategies if text.isdecimal() and text not in known]:
            raise InputError(f"'{numbers[0]}' is not a strategy; write several numbers as one word, as in -b 20,40")

        def parse(kind: Kind, texts: list[str]) -> list[PartConfig]:
            require_distinct(f"the {kind}", texts)
            return [config for text in texts for config in catalog.parse(kind, text)]

        require_distinct("the dataset", self.dataset)
        return Grid(
            [config for text in self.dataset for config in parse_dataset(catalog, text)],
            parse("embedder", self.embedder),
            parse("clusterer", self.clusterer),
            parse("strategy", strategies),
            parse("trainer", self.trainer),
            parse_budgets(self.budget),
            parse_seeds(self.seeds),
        )


def _read_config(context: typer.Context, path: Path | None) -> Path | None:
    """Use the values of a TOML file as defaults of the command's options. Raises InputError."""
    if path is None:
        return None
    import tomllib

    path = _expand_home(path)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read --config {path} ({error.strerror}); give the path of a TOML file") from None
    except ValueError as error:
        raise InputError(f"--config {path} is not valid TOML: {error}") from None
    known = {p.name: p for p in context.command.params if p.name and p.name not in NOT_IN_CONFIG}
    for key in values:
        if key not in known:
            raise unknown(f"name in {path}:", key, sorted(known))
    context.default_map = {key: _config_value(path, known[key], key, value) for key, value in values.items()}
    return path


def _config_value(path: Path, parameter: Any, key: str, value: object) -> object:
    if isinstance(value, dict):
        raise InputError(f"--config {path}: '{key}' is a table; write {key} = ...")
    if value == []:
        raise InputError(f"--config {path}: '{key}' is an empty list; remove it or add a value")
    if parameter.nargs == -1 or getattr(parameter, "multiple", False):
        return [str(item) for item in (value if isinstance(value, list) else [value])]
    if isinstance(value, list):
        raise InputError(f"--config {path}: '{key}' takes one value, not a list")
    return value


@dataclass(frozen=True)
class ExecutionOptions:
    """How cells are run, and the folder that their results are written to."""

    jobs: Annotated[
        int, _run_option("-j", "--jobs", metavar="N", min=0, help="Worker processes; 0 for one per core.")
    ] = 0
    dask: Annotated[
        str | None, _run_option(metavar="ADDRESS", help="Address of a Dask cluster; 'local' starts one.")
    ] = None
    output: Annotated[
        Path, _run_option("-o", "--output", metavar="DIR", help="Folder of results; finished cells are not repeated.")
    ] = DEFAULT_RESULTS
    retry_failed: Annotated[bool, _run_option("--retry-failed/--no-retry-failed", help="Run failed cells again.")] = (
        False
    )
    fresh: Annotated[bool, _run_option("--fresh/--no-fresh", help="Run every cell again, without cached stages.")] = (
        False
    )
    timeout: Annotated[float | None, _run_option(metavar="SECONDS", min=0, help="Stop a cell that takes longer.")] = (
        None
    )
    memory_limit: Annotated[
        float | None, _run_option(metavar="GB", min=0, help="Stop a cell whose worker needs more memory.")
    ] = None
    cache_dir: Annotated[Path | None, _run_option(metavar="DIR", help=CACHE_DIR_HELP)] = None
    cache_size: Annotated[float, _run_option(metavar="GB", min=0, help="Largest size of the cache.")] = 10
    explain_cache: Annotated[
        bool, _run_option("--explain-cache", help="Print why each computed stage was not in the cache.")
    ] = False
    dry_run: Annotated[bool, _run_option("--dry-run", help="Print what would be run, and exit.")] = False
    config: Annotated[
        Path | None,
        _run_option(
            metavar="FILE", help="TOML file with default values of options.", is_eager=True, callback=_read_config
        ),
    ] = None
    save_config: Annotated[
        Path | None, _run_option(metavar="FILE", help="Write these options to FILE for --config, and exit.")
    ] = None

    def run_settings(self, plugins: PluginOptions) -> RunSettings:
        """Return how cells run."""
        from pslbench.execution.cache import GIGABYTE, CacheSettings, cache_root
        from pslbench.execution.run import RunSettings

        folder = cache_root(self.cache_dir).absolute()
        return RunSettings(
            self.output,
            CacheSettings(folder, int(self.cache_size * GIGABYTE), time.time() if self.fresh else 0),
            self.jobs,
            self.dask,
            self.retry_failed,
            self.fresh,
            self.timeout,
            int(self.memory_limit * GIGABYTE) if self.memory_limit else None,
            self.explain_cache,
            tuple(plugins.plugin),
            tuple(plugins.no_plugin),
            ("pslbench", *sys.argv[1:]),
        )


def save_config(path: Path, values: Mapping[str, object]) -> None:
    """Write options to a TOML file for `--config`, except those that are not set. Raises InputError."""
    import tomli_w

    kept = {name: value for name, value in values.items() if name not in NOT_IN_CONFIG and value not in (None, [])}
    texts = {name: str(value) if isinstance(value, Path) else value for name, value in kept.items()}
    try:
        path.write_text(tomli_w.dumps(texts), encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write '{path}' ({error.strerror}); choose another --save-config") from None
    stdout_console().print(f"options written to {path}; use them with --config {path}", soft_wrap=True, markup=False)


def expand_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return the command for Typer, with the fields of each parameter that is an options dataclass as its options.

    `~` in a path is expanded. The shell does so in `-o ~/x`, but not in `--output=~/x`. The help keeps the lines of the
    examples, which end the docstring.
    """
    own = inspect.signature(command, eval_str=True).parameters.values()
    groups: dict[str, Any] = {p.name: p.annotation for p in own if is_dataclass(p.annotation)}
    parameters, kind = [p for p in own if p.name not in groups], inspect.Parameter.KEYWORD_ONLY
    for group in groups.values():
        hints = get_type_hints(group, include_extras=True)
        for f in fields(group):
            default = f.default if f.default_factory is MISSING else f.default_factory()
            parameters.append(inspect.Parameter(f.name, kind, default=default, annotation=hints[f.name]))

    @wraps(command)
    def expanded(**values: Any) -> Any:
        values = {name: _expand_home(value) for name, value in values.items()}
        options = {name: group(**{f.name: values.pop(f.name) for f in fields(group)}) for name, group in groups.items()}
        return command(**values, **options)

    expanded.__doc__ = (command.__doc__ or "").replace("    Example", "    \b\n    Example")
    expanded.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    expanded.__annotations__ = {p.name: p.annotation for p in parameters}
    return expanded
