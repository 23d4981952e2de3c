from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pslbench.cli import options
from pslbench.cli.console import stdout_console
from pslbench.cli.summary import finished, records, shown


@options.expand_options
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of results.")] = options.DEFAULT_RESULTS,
    formats: Annotated[
        list[str],
        typer.Option(
            "-f",
            "--format",
            metavar="NAME",
            help="A reporter, with parameters if it has any. May be repeated.",
        ),
    ] = ["html"],  # noqa: B006 - typer copies it
    *,
    plugins: options.PluginOptions,
) -> int:
    """Write reports of a folder of results into it: a page, tables and plots for a paper, data for other programs.

    pslbench list reporter says what there is; pslbench show png, what can be
    set of one. The paths of the files are printed.

    Examples:

      pslbench report results/latest

      pslbench report results/latest --format md --format latex --format pdf

      pslbench report results/latest --format png:width=7,dpi=300
    """
    from pslbench.results.folder import ResultsFolder

    catalog, store = plugins.load_catalog(), ResultsFolder.open(folder)
    chosen = [choice for text in formats for choice in catalog.parse("reporter", text)]
    results, looked_up, status = finished(store), records(catalog, store), 0
    for choice in chosen:
        before = dict(_files(folder))
        status = max(status, shown(choice, partial(catalog.call, choice, results, looked_up)))
        for path, stamp in _files(folder):
            if before.get(path) != stamp:
                stdout_console().print(str(path), soft_wrap=True, markup=False)
    return status


def _files(folder: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    """What stands in a folder, with what changes when it is written."""
    for path in sorted(folder.iterdir()):
        if not path.name.startswith("."):
            facts = path.stat()
            yield path, (facts.st_ino, facts.st_mtime_ns)
