"""Options that several commands share."""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from pslbench.cli.console import stdout_console, warn
from pslbench.errors import InputError, require_distinct, unknown
from pslbench.parts import KINDS, Kind, PartConfig, Value
from pslbench.plugins.catalog import Catalog, parse_dataset, with_values
from pslbench.plugins.discovery import discover
from pslbench.user_folders import cache_root, expand_home, temporary_cache

if TYPE_CHECKING:
    from pslbench.execution.run import RunSettings
    from pslbench.planning.grid import Grid

DEFAULT_RESULTS = Path("results/latest")
EMBEDDER_HELP = "Embedder, or 'all'. Default: pixels for images; see pslbench list embedder for other data."
TRAINER_HELP = "Trainer, or 'all'. Default: cnn for images, ensemble for other data."
FEATURES_HELP = ".npy file with features of each sample of the dataset."
SKIP_BAD_HELP = "Leave out files of a dataset that cannot be read."
CACHE_DIR_HELP = "Folder of the cache. Default: PSLBENCH_CACHE_DIR or the user's cache."
NOT_IN_CONFIG = {"config", "save_config", "dry_run", "help"}


def complete_parts(*kinds: Kind) -> Callable[[typer.Context, str], list[str]]:
    """Return a function that completes the names of parts in a shell, also of plugin files earlier in the line."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        with suppress(InputError):
            catalog = discover(ctx.params.get("plugin") or (), ctx.params.get("no_plugin") or ())
            return [name for kind in kinds for name in catalog.parts(kind) if name.startswith(incomplete)]
        return []

    return complete


def complete_kinds(incomplete: str) -> list[str]:
    """Complete the name of a kind of part in a shell."""
    return [kind for kind in KINDS if kind.startswith(incomplete)]


ResultsArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of results.")]

_plugin_option = partial(typer.Option, rich_help_panel="Plugins")
_grid_option = partial(typer.Option, rich_help_panel="What to combine")
_run_option = partial(typer.Option, rich_help_panel="Execution and results")


def _part_option(kind: Kind, metavar: str, text: str) -> Any:
    names = f"-{kind[0]}", f"--{kind}"
    return _grid_option(*names, metavar=metavar, help=text, autocompletion=complete_parts(kind))


def _expand_home(value: Any) -> Any:
    """Expand a leading `~` in a text or a path, or in each one of a list."""
    if isinstance(value, list):
        return [_expand_home(item) for item in value]
    return type(value)(expand_home(str(value))) if isinstance(value, str | Path) else value


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
        typer.Argument(
            metavar="STRATEGY",
            help="Names of strategies, with any parameters; see pslbench list.",
            autocompletion=complete_parts("strategy"),
        ),
    ] = None
    all: Annotated[bool, _grid_option("--all/--no-all", help="Take every enabled strategy.")] = False
    dataset: Annotated[list[str], _part_option("dataset", "DATASET", "Name, file or folder.")] = field(
        default_factory=lambda: ["mnist-5k"]
    )
    skip_bad: Annotated[bool, _grid_option("--skip-bad/--no-skip-bad", help=SKIP_BAD_HELP)] = False
    features: Annotated[str | None, _grid_option(metavar="FILE", help=FEATURES_HELP)] = None
    embedder: Annotated[list[str], _part_option("embedder", "NAME", EMBEDDER_HELP)] = field(default_factory=list)
    clusterer: Annotated[list[str], _part_option("clusterer", "NAME", "Clusterer, or 'all'.")] = field(
        default_factory=lambda: ["minibatch-kmeans"]
    )
    trainer: Annotated[list[str], _part_option("trainer", "NAME", TRAINER_HELP)] = field(default_factory=list)
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
        changed: dict[str, Value] = {"skip_bad": True} if self.skip_bad else {}
        changed |= {"features": str(self.features)} if self.features else {}
        datasets = [config for text in self.dataset for config in parse_dataset(catalog, text)]
        return Grid(
            [with_values(catalog, config, **changed) for config in datasets] if changed else datasets,
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
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
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
    quiet: Annotated[
        bool, _run_option("-q", "--quiet/--no-quiet", help="Print the final tables and warnings only.")
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
        from pslbench.execution.cache import CacheSettings
        from pslbench.execution.run import RunSettings

        folder = cache_folder(self.cache_dir).absolute()
        return RunSettings(
            self.output,
            CacheSettings(folder, _to_bytes(self.cache_size), time.time() if self.fresh else 0),
            self.jobs,
            self.dask,
            self.retry_failed,
            self.fresh,
            self.timeout,
            _to_bytes(self.memory_limit) if self.memory_limit else None,
            self.explain_cache,
            tuple(plugins.plugin),
            tuple(plugins.no_plugin),
            ("pslbench", *sys.argv[1:]),
        )


def _to_bytes(gigabytes: float) -> int:
    """Convert a size that may be infinite."""
    from pslbench.execution.cache import GIGABYTE

    return int(min(gigabytes * GIGABYTE, sys.maxsize))


def cache_folder(folder: Path | None) -> Path:
    """Return the value of `--cache-dir` or the default. If that is a temporary folder, one line says so."""
    root = folder or cache_root()
    if root == temporary_cache():
        warn(f"there is no home folder, so the cache is in {root}; choose another with --cache-dir")
    return root


def config_hint(config: Path | None) -> str:
    """Return what an error adds if a configuration file may have the wrong value."""
    return f" (options are also read from {config})" if config else ""


def save_config(path: Path, values: Mapping[str, object]) -> None:
    """Write options to a TOML file for `--config`, except those that are not set. Raises InputError."""
    import tomli_w

    kept = {name: value for name, value in values.items() if name not in NOT_IN_CONFIG and value not in (None, [])}
    texts = {name: str(value) if isinstance(value, Path) else value for name, value in kept.items()}
    if path.exists():
        raise InputError(f"'{path}' exists already; remove it, or choose another --save-config")
    try:
        path.write_text(tomli_w.dumps(texts), encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write '{path}' ({error.strerror}); choose another --save-config") from None
    stdout_console().print(f"options written to {path}; use them with --config {path}", soft_wrap=True, markup=False)


def command_words(*groups: GridOptions | ExecutionOptions | PluginOptions) -> Iterator[str]:
    """Yield the words of a command line that sets these options, without those that have their default."""
    for group in groups:
        default = type(group)()
        changed = {name: value for name, value in vars(group).items() if value != getattr(default, name)}
        for name, value in changed.items():
            for item in value if isinstance(value, list) else [value]:
                if name != "strategies":
                    yield f"--{name.replace('_', '-')}"
                if item is not True:
                    yield str(item)


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
        config = values.get("config")
        options = {name: group(**{f.name: values.pop(f.name) for f in fields(group)}) for name, group in groups.items()}
        try:
            return command(**values, **options)
        except InputError as error:
            if not config:
                raise
            raise InputError(f"{error}{config_hint(config)}") from None

    expanded.__doc__ = (command.__doc__ or "").replace("    Example", "    \b\n    Example")
    expanded.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    expanded.__annotations__ = {p.name: p.annotation for p in parameters}
    return expanded
