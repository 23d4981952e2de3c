"""What every command that has results ends with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from pslbench.cli.console import stdout_console, warn
from pslbench.errors import InputError, one_line
from pslbench.plugins.dataset_argument import parse_dataset
from pslbench.results.records import ResultsReader

if TYPE_CHECKING:
    from pslbench.contracts import Dataset
    from pslbench.parts import Value
    from pslbench.plugins.catalog import Catalog
    from pslbench.results.folder import ResultsFolder
    from pslbench.results.records import Result


def report(catalog: Catalog, store: ResultsFolder, asked: Sequence[Result], show: bool = True, **said: Value) -> int:
    """Let every reporter have the rows that were asked for (one that writes: the folder's), and show what it gives.

    Values of parameters go to the reporters that have such a parameter.

    Returns:
        The exit status: 0 where all went well, 2 where a cell or a reporter failed for what the user asked, 1 where one
        failed otherwise.
    """
    everything, looked_up, status = store.results(), records(catalog, store), 0
    for name, part in catalog.parts("reporter").items():
        if not part.enabled or not (part.writes or show):
            continue
        given = {name: value for name, value in said.items() if name in part.parameters}
        rows = everything if part.writes else asked
        status = max(status, shown(name, partial(part, rows, looked_up, **given)))
    failed = [result for result in asked if not result.ok]
    if failed:
        where, error = store.folder / "cells" / f"{failed[0].key}.json", failed[0].error or {}
        first = f"first one's traceback is in {where}" if error.get("traceback") else f"first: {error.get('message')}"
        kept = f"; to be rid of one, remove its file from {where.parent}" if where.exists() else ""
        warn(f"{len(failed)} of {len(asked)} cells failed; the {first}; pslbench run --retry-failed tries again{kept}")
    stdout_console().print(f"results in {store.folder}", soft_wrap=True, markup=False)
    by_input = any(result.error and result.error["type"] == "InputError" for result in failed)
    return 2 if by_input else max(status, int(bool(failed)))


def finished(store: ResultsFolder) -> list[Result]:
    """The rows of a folder. Raises InputError where there is none yet."""
    if not (results := store.results()):
        raise InputError(f"no cell has finished in '{store.folder}' yet; there is nothing to report")
    return results


def shown(name: object, call: Callable[[], object]) -> int:
    """Print what a reporter gives, or complain that it failed.

    Returns:
        The exit status: 0 where it went well, 2 where it failed for what the user asked, 1 where it failed otherwise.
    """
    try:
        given = call()
    except Exception as error:
        warn(f"reporter '{name}' failed: {one_line(error)}")
        return 2 if isinstance(error, InputError) else 1
    if given is not None:
        stdout_console().print(given)
    return 0


def records(catalog: Catalog, store: ResultsFolder) -> ResultsReader:
    """What reporters may look up in a folder of results."""

    @lru_cache(maxsize=1)
    def load(text: str) -> Dataset:
        (chosen,) = parse_dataset(catalog, text)
        data: Dataset = catalog.call(chosen)
        return data

    def dataset(result: Result) -> Dataset:
        data = load(result.dataset)
        if data.checksum != result.checksum:
            raise InputError(f"{result.dataset} is not what it was when {result.key} was run")
        return data

    return ResultsReader(store.folder, tuple(store.runs()), store.probabilities, store.labeling, dataset)
