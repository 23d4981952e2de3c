"""The end of every command that has results: reporters, failures, and the exit status."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial

from pslbench.analysis.conclusion import conclude, next_command
from pslbench.analysis.fairness import list_names
from pslbench.analysis.leaderboard import LeaderboardEntry, boards
from pslbench.cli.console import check_stdout, stdout_console, warn
from pslbench.contracts import Dataset
from pslbench.errors import InputError, one_line, pluralize
from pslbench.parts import Part, Value
from pslbench.planning.plan import load_dataset
from pslbench.plugins.catalog import Catalog, parse_dataset
from pslbench.reporters.formats import board_title
from pslbench.results.folder import ResultsFolder
from pslbench.results.records import Result, ResultsReader


def report_results(
    catalog: Catalog,
    folder: ResultsFolder,
    rows: Sequence[Result],
    show: Callable[[], None] | None = None,
    show_folder: bool = True,
    is_complete: bool = True,
    **parameters: Value,
) -> int:
    """Call every enabled reporter and say which cells failed. Files are written before anything is printed.

    Args:
        catalog, folder: the parts and the results. Reporters that write files receive all current rows of the folder.
        rows: what the command asked for. The other reporters receive these.
        show: prints the rows instead of the reporters that print.
        show_folder: whether the folder is printed.
        is_complete: whether the run has ended, so that there is a conclusion.
        parameters: values by name; each reporter receives those of its own parameters.

    Returns:
        The exit status: 0 for success, 2 if a cell or a reporter failed because of the user's input, 1 if one failed
        for another reason.
    """
    (current, outdated), reader, status = folder.split_rows(), make_reader(catalog, folder), 0
    reporters = {name: part for name, part in catalog.parts("reporter").items() if part.enabled}
    if folder.is_read_only:
        warn(f"'{folder.path}' cannot be written, so its CSV files stay as they are")
    else:
        writing = {name: part for name, part in reporters.items() if part.writes}
        status = _call_reporters(writing, current, reader, parameters)
    check_stdout(f", but the results are in {folder.path}")
    if show:
        show()
    else:
        printing = {name: part for name, part in reporters.items() if not part.writes}
        status = max(status, _call_reporters(printing, rows, reader, parameters))
        if is_complete:
            _print_conclusions(boards(rows, reader=reader), reader)
    check_stdout(f", but the results are in {folder.path}")
    failed = [row for row in rows if not row.ok]
    if failed:
        _warn_of_failures(folder, failed, len(rows))
    warn_of_outdated(folder, outdated)
    if show_folder:
        stdout_console().print(f"results in {folder.path}", soft_wrap=True, markup=False)
    by_input = any(row.error and row.error["type"] == "InputError" for row in failed)
    return 2 if by_input else max(status, int(bool(failed)))


def _call_reporters(
    reporters: Mapping[str, Part], rows: Sequence[Result], reader: ResultsReader, parameters: Mapping[str, Value]
) -> int:
    status = 0
    for name, part in reporters.items():
        values = {key: value for key, value in parameters.items() if key in part.parameters}
        status = max(status, call_reporter(name, partial(part, rows, reader, **values)))
    return status


def warn_of_outdated(folder: ResultsFolder, rows: Sequence[Result]) -> None:
    """Say how many rows of a folder are not shown since they are not current."""
    if rows:
        verb, them = ("is", "it") if len(rows) == 1 else ("are", "them")
        file = folder.path / "cells" / f"{rows[0].key}.json"
        removal = f"; to discard {them}, remove files such as {file}" if file.exists() else ""
        problem = f"{pluralize(len(rows), 'row')} of other code, data or protocol versions {verb} not shown"
        warn(f"{problem}; to compute {them} again, repeat the run{removal}")


def _print_conclusions(all_boards: Sequence[Sequence[LeaderboardEntry]], reader: ResultsReader) -> None:
    """Print the conclusion of each board, and the command that would show more."""
    console = stdout_console()
    conclusions = [(board, conclusion) for board in all_boards if (conclusion := conclude(board))]
    for board, conclusion in conclusions:
        where = f"{board_title(board)}: " if len(conclusions) > 1 else ""
        console.print(f"{where}{conclusion.sentence}", style="bold", markup=False)
    most = max((conclusion.seeds for _, conclusion in conclusions), default=0)
    entries = [entry for board, _ in conclusions for entry in board]
    if most and (command := next_command(entries, reader.runs, most, reader.folder)):
        console.print(f"next: {command}", soft_wrap=True, markup=False)
    if conclusions:
        console.print()


def _warn_of_failures(folder: ResultsFolder, failed: Sequence[Result], n_rows: int) -> None:
    error = failed[0].error or {}
    file = folder.path / "cells" / f"{failed[0].key}.json"
    kept = [row for row in failed if folder.has_success(row.key)]
    if kept:
        warn(f"the earlier rows of {pluralize(len(kept), 'failed cell')} are kept in {folder.path}")
    has_traceback = error.get("traceback") and failed[0] not in kept
    first = (
        f"the first traceback is in {file}"
        if has_traceback
        else f"the first error is: {' '.join(error.get('message', '').split())}"
    )
    removal = f"; to discard a failed cell, remove its file from {file.parent}" if file.exists() and not kept else ""
    again = "--fresh" if len(kept) == len(failed) else "--retry-failed"
    repeat = f"repeat the command with {again} to run them again{removal}"
    names = list_names([row.strategy for row in failed])
    warn(f"{len(failed)} of {pluralize(n_rows, 'cell')} failed ({names}); {first}; {repeat}")


def finished_rows(folder: ResultsFolder) -> list[Result]:
    """Return the current rows of a folder. Raises InputError if there are none."""
    if not (rows := folder.current_rows()):
        raise InputError(f"no cell has finished in '{folder.path}' yet, so there is nothing to report")
    return rows


def call_reporter(name: object, call: Callable[[], object]) -> int:
    """Print what a reporter returns, or warn that it failed; return the exit status: 0, 2 for wrong input, else 1."""
    console = stdout_console()
    try:
        if (shown := call()) is None:
            return 0
        with console.capture() as screen:  # an object that cannot be rendered is an error of the reporter, too
            console.print(shown)
    except (Exception, SystemExit) as error:
        warn(f"reporter '{name}' failed: {one_line(error)}")
        return 2 if isinstance(error, InputError) else 1
    console.out(screen.get(), end="", highlight=False)
    return 0


def make_reader(catalog: Catalog, folder: ResultsFolder) -> ResultsReader:
    """Return the access to a folder that reporters have."""

    @lru_cache(maxsize=1)
    def load(text: str, checksum: str) -> Dataset:
        if (saved := folder.part_file(f"{checksum}.npz")).exists():
            from pslbench.datasets.files import read_saved_dataset

            return read_saved_dataset(saved, text)
        (config,) = parse_dataset(catalog, text)
        return load_dataset(catalog.call, config)

    def dataset(row: Result) -> Dataset:
        data = load(row.dataset, row.checksum)
        if data.checksum != row.checksum:
            raise InputError(f"{row.dataset} has changed since {row.key} was computed")
        return data

    rows = lru_cache(maxsize=1)(folder.current_rows)
    return ResultsReader(folder.path, tuple(folder.runs()), folder.probabilities, folder.labeling, dataset, rows)
