"""The progress of `pslbench.run`: a bar in a notebook and on a terminal, nothing elsewhere."""

import sys
import warnings
from collections.abc import Sequence
from typing import Any

from pslbench.cli.console import note, warn
from pslbench.execution.run import RunStart
from pslbench.planning.cells import Cell
from pslbench.results.records import Result

MAX_SHOWN = 2  # cells whose stage is shown


class TqdmProgress:
    """Shows finished cells and the stages that run. It observes a run, and must be closed at its end."""

    def __init__(self, explain_cache: bool, quiet: bool) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # without ipywidgets, the bar is text
            from tqdm.auto import tqdm
        self._tqdm, self._explain_cache, self._quiet = tqdm, explain_cache, quiet
        self._bar: Any = None
        self._running: dict[str, str] = {}

    def planning(self, cells: Sequence[Cell]) -> None:
        pass

    def started(self, run: RunStart) -> None:
        cells, done = len(run.cells), len(run.rows)
        is_shown = not self._quiet and cells > done and ("ipykernel" in sys.modules or sys.stderr.isatty())
        self._bar = self._tqdm(total=cells, initial=done, unit="cell", dynamic_ncols=True, disable=not is_shown)

    def progressed(self, cell: Cell, kind: str, message: str) -> None:
        if kind == "stage":
            self._running[cell.key] = f"{cell.strategy} s{cell.seed}: {message}"
            shown, more = list(self._running.values()), len(self._running) - MAX_SHOWN
            self._bar.set_postfix_str(" | ".join([*shown[:MAX_SHOWN], *[f"{more} more"] * (more > 0)]))
        elif kind == "computed" and self._explain_cache:
            self._print(f"computed: {message}")

    def finished(self, result: Result) -> None:
        self._running.pop(result.key, None)
        self._bar.update()
        if not result.ok:
            error = result.error or {}
            reason = f"{error.get('type')}: {' '.join(error.get('message', '').split())}"
            self._print(f"{result.strategy}, {result.budget} labels, seed {result.seed}: failed with {reason}")

    def warn(self, message: str) -> None:
        warn(message)

    def note(self, message: str) -> None:
        if not self._quiet:
            note(message)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str("", refresh=False)
            self._bar.close()

    def _print(self, line: str) -> None:
        self._tqdm.write(line, file=sys.stderr)
