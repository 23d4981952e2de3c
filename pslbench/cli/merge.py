from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pslbench.cli import options
from pslbench.cli.console import stderr_console, stdout_console, warn
from pslbench.cli.summary import report

if TYPE_CHECKING:
    from pslbench.results.folder import ResultsFolder
    from pslbench.results.merge import Merged

SHOWN = 10  # lines about cells
Output = Annotated[
    Path, typer.Option("-o", "--output", metavar="DIR", help="Folder of results; what it has counts as named first.")
]
KeepFirst = Annotated[
    bool, typer.Option("--keep-first", help="Where folders do not agree, let the first that has a row win.")
]


@options.expand_options
def merge(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of results.", show_default=False)],
    to: Output,
    keep_first: KeepFirst = False,
    *,
    plugins: options.PluginOptions,
) -> int:
    """Join the results of several machines in one folder, and show its leaderboard.

    A cell that two folders have is taken once; one that failed yields to one
    that did not. Where two folders do not agree, each difference is told, and
    nothing is written: the same cell with other values, or one combination
    made with other data, code or libraries. --keep-first lets the folder
    named first win, and still tells. Exit status 1 if nothing was written.

    Examples:

      pslbench merge results/here results/there -o results/both

      pslbench merge results/latest from-the-lab -o results/latest
    """
    from pslbench.results.folder import ResultsFolder

    return join({str(folder): ResultsFolder.open(folder) for folder in folders}, to, keep_first, plugins)


def join(sources: Mapping[str, ResultsFolder], folder: Path, keep_first: bool, plugins: options.PluginOptions) -> int:
    """Write the union of `sources` to a folder, unless they do not agree, and give the exit status."""
    from pslbench.reporters.formats import counted
    from pslbench.results import merge as engine
    from pslbench.results.folder import ResultsFolder

    catalog = plugins.load_catalog()
    with ExitStack() as held:
        if there := ResultsFolder(folder).is_there:
            held.enter_context(ResultsFolder.create(folder).alone())
            others = {name: store for name, store in sources.items() if not store.folder.samefile(folder)}
            sources = {str(folder): ResultsFolder(folder), **others}
        merged = engine.merge({name: held.enter_context(each.whole()) for name, each in sources.items()})
        if _disagree(merged) and not keep_first:
            stderr_console().print(
                "[bold red]error:[/] nothing was written; --keep-first lets the folder named first win"
            )
            return 1
        store = ResultsFolder.create(folder)
        if not there:
            held.enter_context(store.alone())
        _write(merged, store)
    joined = f"{counted(len(sources), 'folder')}: {counted(len(merged.files), 'cell')}"
    stdout_console().print(f"{joined}, {merged.shared:,} of them in more than one", soft_wrap=True)
    return report(catalog, store, store.results())


def _disagree(merged: Merged) -> bool:
    """Whether folders do not agree; each difference is told."""
    lines = [*merged.mixed, *merged.differing[:SHOWN]]
    for line in lines:
        warn(line)
    if (more := len(merged.differing) - SHOWN) > 0:
        warn(f"{more} more cells have other values in another folder")
    return bool(lines)


def _write(merged: Merged, store: ResultsFolder) -> None:
    runs = list(merged.runs)
    if merged.mixed:
        command, now = shlex.join(["pslbench", *sys.argv[1:]]), datetime.now(UTC)
        runs.append(merged.choosing(command, now.isoformat(timespec="seconds")))
    if runs != store.runs():
        store.note_runs(runs)
    store.add(file for files in merged.files.values() for file in files if file.parents[1] != store.folder)
