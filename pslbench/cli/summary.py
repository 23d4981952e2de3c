"""The end of every command that has results: reporters, failures, and the exit status."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

from pslbench.analysis.conclusion import conclude, next_command
from pslbench.analysis.fairness import list_names
from pslbench.analysis.leaderboard import LeaderboardEntry, boards
from pslbench.cli.console import stdout_console, warn
from pslbench.contracts import Dataset
from pslbench.errors import InputError, one_line, pluralize
from pslbench.parts import Value
from pslbench.plugins.catalog import Catalog, parse_dataset
from pslbench.reporters.formats import board_title
from pslbench.results.folder import ResultsFolder
from pslbench.results.records import Result, ResultsReader


def report_results(
    catalog: Catalog, folder: ResultsFolder, rows: Sequence[Result], show: bool = True, **parameters: Value
) -> int:
    """Call every enabled reporter and say which cells failed.

    Args:
        catalog, folder: the parts and the results. Reporters that write files receive all current rows of the folder.
        rows: what the command asked for. The other reporters receive these.
        show: whether reporters that print are called.
        parameters: values by name; each reporter receives those of its own parameters.

    Returns:
        The exit status: 0 for success, 2 if a cell or a reporter failed because of the user's input, 1 if one failed
        for another reason.
    """
    (current, outdated), reader, status = folder.split_rows(), make_reader(catalog, folder), 0
    for name, part in catalog.parts("reporter").items():
        if not part.enabled or not (part.writes or show):
            continue
        values = {key: value for key, value in parameters.items() if key in part.parameters}
        status = max(status, call_reporter(name, partial(part, current if part.writes else rows, reader, **values)))
    if show:
        _print_conclusions(boards(rows, reader=reader), reader)
    failed = [row for row in rows if not row.ok]
    if failed:
        _warn_of_failures(folder, failed, len(rows))
    if outdated:
        verb, them = ("is", "it") if len(outdated) == 1 else ("are", "them")
        file = folder.path / "cells" / f"{outdated[0].key}.json"
        removal = f"; to discard {them}, remove files such as {file}" if file.exists() else ""
        problem = f"{pluralize(len(outdated), 'row')} of other code, data or protocol versions {verb} not shown"
        warn(f"{problem}; to compute {them} again, repeat the run{removal}")
    stdout_console().print(f"results in {folder.path}", soft_wrap=True, markup=False)
    by_input = any(row.error and row.error["type"] == "InputError" for row in failed)
    return 2 if by_input else max(status, int(bool(failed)))


def _print_conclusions(all_boards: Sequence[Sequence[LeaderboardEntry]], reader: ResultsReader) -> None:
    """Print the conclusion of each board, and the command that would show more."""
    console = stdout_console()
    conclusions = [(board, conclusion) for board in all_boards if (conclusion := conclude(board))]
    for board, conclusion in conclusions:
        where = f"{board_title(board)}: " if len(conclusions) > 1 else ""
        console.print(f"{where}{conclusion.sentence}", style="bold", markup=False)
    most = max((conclusion.seeds for _, conclusion in conclusions), default=0)
    entries = [entry for board, _ in conclusions for entry in board]
    if most and (command := next_command(entries, reader.runs, most)):
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
    try:
        shown = call()
    except Exception as error:
        warn(f"reporter '{name}' failed: {one_line(error)}")
        return 2 if isinstance(error, InputError) else 1
    if shown is not None:
        stdout_console().print(shown)
    return 0


def make_reader(catalog: Catalog, folder: ResultsFolder) -> ResultsReader:
    """Return the access to a folder that reporters have."""

    @lru_cache(maxsize=1)
    def load(text: str) -> Dataset:
        (config,) = parse_dataset(catalog, text)
        data: Dataset = catalog.call(config)
        return data

    def dataset(row: Result) -> Dataset:
        data = load(row.dataset)
        if data.checksum != row.checksum:
            raise InputError(f"{row.dataset} has changed since {row.key} was computed")
        return data

    return ResultsReader(folder.path, tuple(folder.runs()), folder.probabilities, folder.labeling, dataset)
