from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from pslbench.cli import options
from pslbench.cli.console import stdout_console
from pslbench.cli.merge import KeepFirst, Output, merge_folders
from pslbench.errors import InputError
from pslbench.results.archive import pack, unpack
from pslbench.results.folder import ResultsFolder


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
            return merge_folders(plugins.load_catalog(), sources, output, keep_first)
        except InputError as error:
            raise InputError(str(error).replace(folder, str(file))) from None
