"""The progress of a run: a bar on a terminal, one line per cell elsewhere."""

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from pslbench.cli.console import stderr_console, warn
from pslbench.errors import pluralize
from pslbench.planning.cells import Cell
from pslbench.results.records import Result


class ProgressBar:
    """Shows finished cells, the stages that run, and the remaining time while `bar` is entered. It observes a run."""

    def __init__(self, explain_cache: bool = False) -> None:
        self._explain_cache = explain_cache
        self._console = stderr_console()
        self._live = self._console.is_terminal
        self.bar = Progress(
            TextColumn("cells"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(elapsed_when_finished=False),
            TextColumn("[dim]{task.fields[now]}"),
            console=self._console,
            disable=not self._live,
            transient=True,
        )
        self._task = self.bar.add_task("cells", total=None, now="")
        self._running: dict[str, tuple[Cell, str]] = {}
        self._total = self._done = 0

    def started(self, cells: int, done: int) -> None:
        self._total, self._done = cells, done
        self.bar.update(self._task, total=cells - done, visible=cells > done)
        if done:
            self._console.print(f"{done} of {pluralize(cells, 'cell')} {'is' if done == 1 else 'are'} finished already")

    def progressed(self, cell: Cell, kind: str, message: str) -> None:
        """A `stage` of a cell begins, or a stage was `computed` for a reason. Called from any thread."""
        if kind == "stage":
            self._running[cell.key] = cell, message
            self._show()
        elif kind == "computed" and self._explain_cache:
            self._console.print(f"computed: {escape(message)}", soft_wrap=True)

    def finished(self, result: Result) -> None:
        self._done += 1
        self._running.pop(result.key, None)
        self.bar.advance(self._task)
        self._show()
        if not result.ok or not self._live:
            self._console.print(f"\\[{self._done}/{self._total}] {self._line(result)}", soft_wrap=True)

    def warn(self, message: str) -> None:
        warn(message)

    def _show(self) -> None:
        stages = [f"{cell.strategy} s{cell.seed}: {stage}" for cell, stage in list(self._running.values())]
        self.bar.update(self._task, now=" | ".join(stages))

    @staticmethod
    def _line(result: Result) -> str:
        parts = [result.dataset, result.embedder, result.clusterer, result.strategy, result.trainer]
        cell = " ".join(part for part in parts if part != "-") + f", {result.budget} labels, seed {result.seed}"
        seconds = f"{result.seconds.get('total', 0):.1f} s"
        if not result.ok:
            reason = ": ".join(list((result.error or {}).values())[:2])
            return f"{escape(cell)}: [red]failed[/] with {escape(reason)}"
        return f"{escape(cell)}: accuracy {result.scores['test_accuracy']:.4f}, {seconds}"
