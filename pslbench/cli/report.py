from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from pslbench.cli import options
from pslbench.cli.ending import records
from pslbench.cli.screen import complain, output
from pslbench.errors import InputError, one_line


@options.spread
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of results.")] = options.RESULTS,
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
    plugins: options.Plugins,
) -> int:
    """Write reports of a folder of results into it: a page, tables and plots for a paper, data for other programs.

    pslbench list reporter says what there is; pslbench show png, what can be
    set of one. The paths of the files are printed.

    Examples:

      pslbench report results/latest

      pslbench report results/latest --format md --format latex --format pdf

      pslbench report results/latest --format png:width=7,dpi=300
    """
    from pslbench.engine.store import Store

    catalog, store = plugins.find(), Store.open(folder)
    chosen = [choice for text in formats for choice in catalog.choose("reporter", text)]
    if not (results := store.results()):
        raise InputError(f"no cell has finished in '{folder}' yet; there is nothing to report")
    broken = False
    for choice in chosen:
        before = dict(_files(folder))
        try:
            shown = catalog.call(choice, results, records(catalog, store))
        except InputError:
            raise
        except Exception as error:
            complain(f"reporter '{choice}' failed: {one_line(error)}")
            broken = True
        else:
            if shown is not None:
                output().print(shown)
        for path, stamp in _files(folder):
            if before.get(path) != stamp:
                output().print(str(path), soft_wrap=True, markup=False)
    return int(broken)


def _files(folder: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    """What stands in a folder, with what changes when it is written."""
    for path in sorted(folder.iterdir()):
        if not path.name.startswith("."):
            facts = path.stat()
            yield path, (facts.st_ino, facts.st_mtime_ns)
