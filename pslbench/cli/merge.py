"""The commands that move results between folders and machines: `merge`, `export` and `import`."""

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from pslbench.cli import options
from pslbench.cli.console import print_error, stdout_console, warn
from pslbench.cli.summary import report_results
from pslbench.errors import InputError, pluralize, require_distinct
from pslbench.plugins.catalog import Catalog
from pslbench.results.archive import pack, unpack
from pslbench.results.folder import ResultsFolder
from pslbench.results.manifest import run_entry
from pslbench.results.merge import MergePlan, plan_merge

MAX_WARNINGS = 10  # about cells with different values
Output = Annotated[
    Path,
    typer.Option(
        "-o", "--output", metavar="DIR", help="Folder to write to. If it has results, it is the first folder."
    ),
]
KeepFirst = Annotated[bool, typer.Option("--keep-first", help="If folders disagree, keep the rows of the first one.")]


@options.expand_options
def merge(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR", help="Folders of results.", show_default=False)],
    output: Output,
    keep_first: KeepFirst = False,
    *,
    plugins: options.PluginOptions,
) -> int:
    """Merge the results of several machines into one folder, and show its leaderboard.

    If several folders contain a cell, it is written once, and a successful
    cell replaces a failed one. Two folders disagree if a cell has different
    values, or if a combination was run with different data, code or libraries.
    Then the differences are printed, nothing is written, and the exit status
    is 1. With --keep-first the folder named first takes precedence.

    Examples:
      pslbench merge results/here results/there -o results/both
      pslbench merge results/latest from-the-lab -o results/latest
    """
    require_distinct("the folder", map(str, folders))
    sources = {str(folder): ResultsFolder.open(folder) for folder in folders}
    return _merge_folders(plugins.load_catalog(), sources, output, keep_first)


@options.expand_options
def export_results(
    folder: options.ResultsArgument = options.DEFAULT_RESULTS,
    file: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="New zip file. Default: the name of DIR, with .zip."),
    ] = None,
) -> None:
    """Pack a folder of results into a zip file, for another machine or an archive.

    The file contains every cell with its predictions and labels, and the
    manifest. Files that are derived from those, such as the leaderboard, are
    left out. Equal results give equal files.

    Examples:
      pslbench export results/mnist
      pslbench export results/mnist -o mnist-5-seeds.zip
    """
    archive = file or Path(f"{folder.resolve().name}.zip")
    pack(ResultsFolder.open(folder), archive)
    stdout_console().print(str(archive), soft_wrap=True, markup=False)


@options.expand_options
def import_results(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Zip file that pslbench export wrote.")],
    output: Output,
    keep_first: KeepFirst = False,
    *,
    plugins: options.PluginOptions,
) -> int:
    """Unpack an exported zip file into a folder of results, and show its leaderboard.

    If the folder already has results, the two are merged: see pslbench merge
    --help. Neither the datasets nor the plugins of the results are needed.

    Examples:
      pslbench import mnist.zip -o results/mnist
    """
    with TemporaryDirectory(prefix="pslbench-") as folder:
        try:
            sources = {str(file): unpack(file, Path(folder))}
            return _merge_folders(plugins.load_catalog(), sources, output, keep_first)
        except InputError as error:
            raise InputError(str(error).replace(folder, str(file))) from None


def _merge_folders(catalog: Catalog, sources: Mapping[str, ResultsFolder], output: Path, keep_first: bool) -> int:
    """Write the union of `sources` to a folder unless they disagree, and return the exit status."""
    with ExitStack() as locks:
        if has_results := ResultsFolder(output).exists:
            locks.enter_context(ResultsFolder.create(output).exclusive_lock())
            others = {name: source for name, source in sources.items() if not source.path.samefile(output)}
            sources = {str(output): ResultsFolder(output), **others}
        merged = plan_merge({name: locks.enter_context(source.with_cells()) for name, source in sources.items()})
        if _warn_of_differences(merged) and not keep_first:
            advice = f"to write the rows of {next(iter(sources))} where they disagree, add --keep-first"
            print_error(f"the folders disagree, so nothing was written; {advice}")
            return 1
        target = ResultsFolder.create(output)
        if not has_results:
            locks.enter_context(target.exclusive_lock())
        _write(merged, target)
    counts = f"{pluralize(len(sources), 'folder')}: {pluralize(len(merged.files), 'cell')}"
    stdout_console().print(f"{counts}, {merged.n_shared:,} of them in more than one folder", soft_wrap=True)
    return report_results(catalog, target, target.current_rows())


def _warn_of_differences(merged: MergePlan) -> bool:
    """Print a warning for each difference between the folders, and return whether there is any."""
    lines = [*merged.incompatible, *merged.differing[:MAX_WARNINGS]]
    for line in lines:
        warn(line)
    if (more := len(merged.differing) - MAX_WARNINGS) > 0:
        warn(f"{pluralize(more, 'more cell')} with different values")
    return bool(lines)


def _write(merged: MergePlan, target: ResultsFolder) -> None:
    runs = list(merged.runs)
    if merged.incompatible:
        runs.append(run_entry(["pslbench", *sys.argv[1:]], merged.provenance))
    if runs != target.runs():
        target.write_runs(runs)
    target.copy_files(file for files in merged.files.values() for file in files if file.parents[1] != target.path)
