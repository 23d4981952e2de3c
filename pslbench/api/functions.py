"""Runs from Python. The arguments become the options of the command line, and everything else is shared with it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from multiprocessing import current_process
from os import PathLike
from pathlib import Path

from pslbench.api.part_files import PartFiles, as_list
from pslbench.api.progress import TqdmProgress
from pslbench.api.results import Results
from pslbench.cli.options import ExecutionOptions, GridOptions, PluginOptions, command_words
from pslbench.cli.summary import finished_rows, report_results
from pslbench.contracts import Dataset
from pslbench.errors import InputError, pluralize
from pslbench.execution.run import RunInterruptedError, run_grid
from pslbench.parts import Part
from pslbench.plugins.catalog import Catalog
from pslbench.results.folder import ResultsFolder

Parts = str | Part | Iterable[str | Part]
Datasets = str | PathLike[str] | Dataset | Part | Iterable[str | PathLike[str] | Dataset | Part]
Numbers = int | str | Iterable[int | str]
Plugins = str | PathLike[str] | Part | Iterable[str | PathLike[str] | Part]


def run(
    strategies: Parts = (),
    *,
    all: bool = False,  # noqa: A002 - the name of the option
    dataset: Datasets = "mnist-5k",
    skip_bad: bool = False,
    features: str | PathLike[str] | None = None,
    embedder: Parts = (),
    clusterer: Parts = "minibatch-kmeans",
    trainer: Parts = (),
    budget: Numbers = 120,
    seeds: Numbers = 3,
    jobs: int = 0,
    dask: str | None = None,
    output: str | PathLike[str] = "results/latest",
    retry_failed: bool = False,
    fresh: bool = False,
    timeout: float | None = None,
    memory_limit: float | None = None,
    cache_dir: str | PathLike[str] | None = None,
    cache_size: float = 10,
    explain_cache: bool = False,
    quiet: bool = False,
    plugin: Plugins = (),
    no_plugin: str | Iterable[str] = (),
) -> Results:
    """Run strategies with the same data, clusters and trainer, as the command `pslbench run` does.

    The arguments are the options of the command, with their defaults; `pslbench run --help` describes them. Cells that
    the folder `output` contains already are not run again. An argument that the command takes several times is a value
    or a list of values.

    Args:
        strategies: names with any parameters, as in "centroid:keep=0.5", or functions with a decorator. A function may
            be typed into a notebook or a script. Its source, and that of what it uses, is written to the folder
            `parts` of the output, from which worker processes import it.
        dataset: also a `Dataset` of arrays, which are saved in the folder `parts`.
        embedder, clusterer, trainer: as the strategies.
        seeds: 5 stands for the seeds 0 to 4, [3, 7] for these two.
        plugin: also functions with a decorator. A name with parameters can then stand for one of them.

    Returns:
        The results of the requested cells.

    Raises:
        InputError: the input is wrong; the message is that of the command line.
        KeyboardInterrupt: the user interrupted the run. The finished cells are saved, and the same call continues.
    """
    if getattr(current_process(), "_inheriting", False):
        raise InputError(
            "a new process imports the script that calls pslbench.run; call it under: if __name__ == '__main__':"
        )
    _check_numbers(jobs=jobs, timeout=timeout, memory_limit=memory_limit, cache_size=cache_size)
    folder, no_plugins = ResultsFolder(_path("output", output)), _texts(no_plugin)
    files = PartFiles(folder, as_list(plugin), no_plugins)
    combinations = GridOptions(
        strategies=files.texts("strategy", strategies) or None,
        all=all,
        dataset=files.texts("dataset", dataset),
        skip_bad=skip_bad,
        features=None if features is None else str(_path("features", features)),
        embedder=files.texts("embedder", embedder),
        clusterer=files.texts("clusterer", clusterer),
        trainer=files.texts("trainer", trainer),
        budget=_texts(budget),
        seeds=",".join(_texts(seeds)) + "," * (not isinstance(seeds, int | str)),
    )
    execution = ExecutionOptions(
        jobs=jobs,
        dask=dask,
        output=folder.path,
        retry_failed=retry_failed,
        fresh=fresh,
        timeout=timeout,
        memory_limit=memory_limit,
        cache_dir=None if cache_dir is None else _path("cache_dir", cache_dir),
        cache_size=cache_size,
        explain_cache=explain_cache,
        quiet=quiet,
    )
    plugins = PluginOptions(files.paths, no_plugins)
    catalog = plugins.load_catalog()
    files.check(catalog)
    return _run(catalog, combinations, execution, plugins)


def load(folder: str | PathLike[str], *, plugin: Plugins = (), no_plugin: str | Iterable[str] = ()) -> Results:
    """Open a folder of results.

    Args:
        folder: the folder, as in `pslbench leaderboard FOLDER`.
        plugin, no_plugin: plugins to load or leave out. They are needed only if the report shows their datasets.

    Returns:
        The current rows of the folder: those of the last code and data.

    Raises:
        InputError: the folder has no results, or a plugin cannot be loaded.
    """
    results_folder, no_plugins = ResultsFolder.open(_path("folder", folder)), _texts(no_plugin)
    files = PartFiles(results_folder, as_list(plugin), no_plugins)
    catalog = PluginOptions(files.paths, no_plugins).load_catalog()
    return Results(results_folder.path.absolute(), tuple(finished_rows(results_folder)), catalog)


def _run(catalog: Catalog, combinations: GridOptions, execution: ExecutionOptions, plugins: PluginOptions) -> Results:
    grid = combinations.parse_grid(catalog)
    command = ("pslbench", "run", *command_words(combinations, execution, plugins))
    settings = replace(execution.run_settings(plugins), command=command)
    try:
        with closing(TqdmProgress(execution.explain_cache, execution.quiet)) as progress:
            folder, rows = run_grid(catalog, grid, settings, progress)
    except RunInterruptedError as interruption:
        report_results(catalog, interruption.folder, interruption.rows, show=_show_nothing, show_folder=False)
        saved = f"{pluralize(len(interruption.rows), 'finished cell')} in {interruption.folder.path}"
        raise KeyboardInterrupt(f"the run was interrupted with {saved}; call it again to continue") from None
    report_results(catalog, folder, rows, show=_show_nothing, show_folder=False)
    return Results(folder.path.absolute(), tuple(rows), catalog)


def _show_nothing() -> None:
    """Results are shown by their methods."""


def _texts(values: Numbers) -> list[str]:
    return [str(value) for value in as_list(values)]


def _path(name: str, value: object) -> Path:
    """Return a path with an expanded `~`. Raises InputError if the value is something else."""
    if not isinstance(value, str | PathLike):
        raise InputError(f"{name}={value!r} is not allowed; it must be a path")
    return Path(value).expanduser()


def _check_numbers(**values: float | None) -> None:
    """Raise InputError unless each value is a number that is not negative, or None. Typer checks this for commands."""
    for name, value in values.items():
        is_number = isinstance(value, int if name == "jobs" else int | float) and not isinstance(value, bool)
        if value is not None and not (is_number and value >= 0):
            kind = "a whole number" if name == "jobs" else "a number"
            raise InputError(f"{name}={value!r} is not allowed; it must be {kind}, at least 0")
