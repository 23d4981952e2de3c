from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pslbench.cli import options
from pslbench.cli.console import stdout_console
from pslbench.cli.summary import call_reporter, finished_rows, make_reader
from pslbench.results.folder import ResultsFolder


@options.expand_options
def report(
    folder: options.ResultsArgument = options.DEFAULT_RESULTS,
    formats: Annotated[
        list[str],
        typer.Option("-f", "--format", metavar="NAME", help="Reporter, with parameters if it has any. Repeatable."),
    ] = ["html"],  # noqa: B006 - Typer copies it
    *,
    plugins: options.PluginOptions,
) -> int:
    """Write reports into a folder of results: a web page, tables and plots for a paper, or data for other programs.

    pslbench list reporter lists the formats. pslbench show png shows the
    parameters of one. The path of each file that is written is printed.

    Examples:
      pslbench report results/latest
      pslbench report results/latest --format md --format latex --format pdf
      pslbench report results/latest --format png:width=7,dpi=300
    """
    catalog, results_folder = plugins.load_catalog(), ResultsFolder.open(folder)
    configs = [config for text in formats for config in catalog.parse("reporter", text)]
    rows, reader, status = finished_rows(results_folder), make_reader(catalog, results_folder), 0
    for config in configs:
        before = _file_versions(folder)
        status = max(status, call_reporter(config, partial(catalog.call, config, rows, reader)))
        for path, version in _file_versions(folder).items():
            if before.get(path) != version:
                stdout_console().print(str(path), soft_wrap=True, markup=False)
    return status


def _file_versions(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return the inode and the modification time of each visible file, which change when the file is written."""
    paths = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}
