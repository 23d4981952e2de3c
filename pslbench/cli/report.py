import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pslbench.cli import options
from pslbench.cli.console import stdout_console
from pslbench.cli.summary import call_reporter, finished_rows, make_reader, warn_of_outdated
from pslbench.errors import InputError
from pslbench.results.folder import ResultsFolder


@options.expand_options
def report(
    folder: options.ResultsArgument = options.DEFAULT_RESULTS,
    formats: Annotated[
        list[str],
        typer.Option(
            "-f",
            "--format",
            metavar="NAME",
            help="Reporter, with parameters if it has any. Repeatable.",
            autocompletion=options.complete_parts("reporter"),
        ),
    ] = ["html"],  # noqa: B006 - Typer copies it
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Folder to write to. Default: DIR."),
    ] = None,
    *,
    plugins: options.PluginOptions,
) -> int:
    """Write reports of a folder of results: a web page, tables and plots for a paper, or data for other programs.

    pslbench list reporter lists the formats. pslbench show png shows the
    parameters of one. The path of each file that is written is printed.

    Examples:
      pslbench report results/latest
      pslbench report results/latest --format md --format latex --format pdf
      pslbench report results/latest --format png:width=7,dpi=300
    """
    catalog, results_folder = plugins.load_catalog(), ResultsFolder.open(folder)
    configs = [config for text in formats for config in catalog.parse("reporter", text)]
    rows, target, status = finished_rows(results_folder), output or folder, 0
    warn_of_outdated(results_folder, results_folder.split_rows()[1])
    target.mkdir(parents=True, exist_ok=True)
    if not os.access(target, os.W_OK):
        raise InputError(f"cannot write to '{target}'; choose another folder with -o")
    reader = replace(make_reader(catalog, results_folder), folder=target)
    for config in configs:
        before = _file_versions(target)
        status = max(status, call_reporter(config, partial(catalog.call, config, rows, reader)))
        for path, version in _file_versions(target).items():
            if before.get(path) != version:
                stdout_console().print(str(path), soft_wrap=True, markup=False)
    return status


def _file_versions(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return the inode and the modification time of each visible file, which change when the file is written."""
    paths = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}
