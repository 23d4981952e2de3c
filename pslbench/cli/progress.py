"""The progress of a run as plain lines."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from pslbench.cli.console import note, warn
from pslbench.errors import pluralize
from pslbench.execution.run import RunStart
from pslbench.planning.cells import Cell
from pslbench.results.records import Result


class ProgressLines:
    """Prints one line per finished cell. It observes a run.

    Args:
        console: where the lines go.
        explain_cache: whether to print why each computed stage was not in the cache.
        quiet: whether to print only that and warnings.
    """

    def __init__(self, console: Console, explain_cache: bool = False, quiet: bool = False) -> None:
        self._console, self._explain_cache, self._quiet = console, explain_cache, quiet
        self._total = self._done = 0

    def planning(self, cells: Sequence[Cell]) -> None:
        """Prints nothing."""

    def started(self, run: RunStart) -> None:
        self._total, self._done = len(run.cells), len(run.rows)
        if self._done:
            verb = "is" if self._done == 1 else "are"
            self._print(f"{self._done} of {pluralize(self._total, 'cell')} {verb} finished already")

    def progressed(self, cell: Cell, kind: str, message: str) -> None:  # noqa: ARG002
        if kind == "computed" and self._explain_cache:
            self._console.print(f"computed: {escape(message)}", soft_wrap=True)

    def finished(self, result: Result) -> None:
        self._done += 1
        self._print(f"\\[{self._done}/{self._total}] {describe_row(result)}")

    def warn(self, message: str) -> None:
        warn(message, self._console)

    def note(self, message: str) -> None:
        if not self._quiet:
            note(message, self._console)

    def _print(self, line: str) -> None:
        if not self._quiet:
            self._console.print(line, soft_wrap=True)


def describe_row(row: Result) -> str:
    """Return one line of markup about a finished cell."""
    parts = [row.dataset, row.embedder, row.clusterer, row.strategy, row.trainer]
    cell = escape(" ".join(part for part in parts if part != "-")) + f", {row.budget} labels, seed {row.seed}"
    if not row.ok:
        reason = ": ".join(list((row.error or {}).values())[:2])
        return f"{cell}: [red]failed[/] with {escape(reason)}"
    return f"{cell}: accuracy {row.scores['test_accuracy']:.4f}, {row.seconds.get('total', 0):.1f} s"
