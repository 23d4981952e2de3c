from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from pslbench.cli import options
from pslbench.cli.console import stdout_console
from pslbench.cli.merge import KeepFirst, Output, join
from pslbench.errors import InputError


@options.expand_options
def export_results(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of results.")] = options.DEFAULT_RESULTS,
    file: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="A new zip file; else DIR's name with .zip, here."),
    ] = None,
) -> None:
    """Pack a folder of results into one file, for another machine or an archive.

    It holds every cell with its predictions and labels, and the manifest; what
    is derived from those is left out. Equal results make equal files.

    Examples:

      pslbench export results/mnist

      pslbench export results/mnist -o mnist-5-seeds.zip
    """
    from pslbench.results.archive import pack
    from pslbench.results.folder import ResultsFolder

    packed = file or Path(f"{folder.resolve().name}.zip")
    pack(ResultsFolder.open(folder), packed)
    stdout_console().print(str(packed), soft_wrap=True, markup=False)


@options.expand_options
def import_results(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What pslbench export wrote.")],
    to: Output,
    keep_first: KeepFirst = False,
    *,
    plugins: options.PluginOptions,
) -> int:
    """Unpack what export wrote into a folder of results, and show its leaderboard.

    Where the folder has results already, this is a merge: see pslbench merge
    --help. Neither the data nor the plugins they were made with are needed.

    Examples:

      pslbench import mnist.zip -o results/mnist
    """
    from pslbench.results.archive import unpack

    with TemporaryDirectory(prefix="pslbench-") as folder:
        try:
            return join({str(file): unpack(file, Path(folder))}, to, keep_first, plugins)
        except InputError as error:
            raise InputError(str(error).replace(folder, str(file))) from None
