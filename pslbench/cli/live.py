"""The leaderboard on a terminal while cells run: its rows fill, and a bar below them shows the time left."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from time import monotonic
from typing import Literal

from rich.console import Console, Group, RenderableType
from rich.control import Control
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.segment import ControlType, Segment, SegmentLines
from rich.table import Table
from rich.text import Text

from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.cli.console import stderr_console
from pslbench.cli.progress import ProgressLines, describe_row
from pslbench.errors import pluralize
from pslbench.execution.estimate import TimeLeft
from pslbench.execution.run import RunObserver, RunStart
from pslbench.planning.cells import Cell
from pslbench.reporters.formats import create_table, format_mean, format_number
from pslbench.reporters.leaderboard_table import NUMBERS, PART_COLUMNS, Column, shown_values, title, varying_parts
from pslbench.results.records import Combination, Result

STAGES = {  # what a row says while a stage of its cell runs
    "": "running",  # on a Dask cluster, nothing more is known
    "data": "loading data",
    "embed": "embedding",
    "graph": "neighbors",
    "cluster": "clustering",
    "label": "labeling",
    "train": "training",
}
REFRESHES = 2  # per second
ESTIMATE_INTERVAL = 1.0  # seconds between two estimates of the time left
MIN_BAR, MAX_BAR = 5, 40  # columns of the terminal
INTERRUPT_WIDTH = 2  # columns of the terminal that stay free for ^C, which would otherwise begin a line
GAP = 2  # columns of the terminal between two columns of a board
MIN_WIDTHS = {  # columns of the terminal, so that the columns of a board stay in place
    "#": 2,
    "test accuracy": len("0.9000 ± 0.0100"),
    "now": len("clustering 0:00"),
    "stage": len("clustering"),
}
EXTRA_COLUMNS = tuple(head for head, _ in NUMBERS.values())  # if the terminal has space


@contextmanager
def show_progress(explain_cache: bool = False, quiet: bool = False) -> Iterator[RunObserver]:
    """Give an observer that shows a run: the live board on a terminal, plain lines elsewhere."""
    console = stderr_console()
    if quiet or not (console.is_interactive and console.file.isatty()):
        yield ProgressLines(console, explain_cache, quiet)
        return
    board = LiveBoard(console, explain_cache)
    with board.live:
        yield board


@dataclass(frozen=True)
class RunningCell:
    """The stage of a cell that runs, and the time at which the stage began (`time.monotonic`)."""

    combination: Combination
    stage: str
    since: float


@dataclass(frozen=True)
class BoardRow:
    """One row of the live board.

    Attributes:
        entry: the combination with its rows so far.
        numbers: the texts of its scores and costs by column.
        seeds: the number of seeds of the run.
        running: the cells of the combination that run.
    """

    entry: LeaderboardEntry
    numbers: Mapping[str, str] = field(default_factory=dict)
    seeds: int = 0
    running: Sequence[RunningCell] = ()

    @property
    def order(self) -> tuple[object, ...]:
        """What sorts rows: competing ones by their mean so far, then those without a mean, then the others."""
        entry, accuracies = self.entry, self.entry.by_seed().values()
        group = 0 if entry.ranked else 2 if accuracies else 1
        return *entry.combination[:2], group, -sum(accuracies) / max(1, len(accuracies))

    def texts(self, place: int) -> dict[str, str]:
        """Return the texts of the row by column; `place` is its place on the board. `stage` is a short `now`."""
        entry = self.entry
        parts = {kind: entry.part(kind) for kind in PART_COLUMNS}
        stage = now = f"{entry.failed_cells} failed" if entry.failed_cells else ""
        if self.running:
            first = min(self.running, key=lambda cell: cell.since)
            more = f", {len(self.running) - 1} more" if len(self.running) > 1 else ""
            stage, now = f"{first.stage}{more}", f"{first.stage} {format_duration(monotonic() - first.since)}{more}"
        rank, seeds = str(place) if entry.ranked else "", f"{len(entry.rows)}/{self.seeds}"
        return {"#": rank, **parts, **self.numbers, "seeds": seeds, "now": now, "stage": stage}


class LiveBoard:
    """Shows the leaderboard of a run while `live` is entered, and removes it afterwards. It observes the run."""

    def __init__(self, console: Console, explain_cache: bool = False) -> None:
        self._console, self._lines = console, ProgressLines(console, explain_cache)
        self._start = monotonic()
        self._loading = ""
        self._seeds: dict[Combination, int] = {}
        self._rows: dict[Combination, BoardRow] = {}  # of combinations with results
        self._running: dict[str, RunningCell] = {}  # by the key of the cell
        self._run: RunStart | None = None
        self._time_left, self._estimated_at = TimeLeft(0, 0), 0.0
        self._width, self._line_lengths = 0, list[int]()  # of the last frame
        self.live = Live(
            console=console,
            get_renderable=self._frame,
            refresh_per_second=REFRESHES,
            redirect_stdout=sys.stdout.isatty(),
            transient=True,
        )

    def planning(self, cells: Sequence[Cell]) -> None:
        self._loading = ", ".join(dict.fromkeys(cell.dataset.text for cell in cells))
        self._set_cells(cells)

    def started(self, run: RunStart) -> None:
        self._run, self._loading = run, ""
        for row in run.rows:
            self._add(row)
        self._set_cells(run.cells)
        self._estimate()
        self._lines.started(run)

    def progressed(self, cell: Cell, kind: str, message: str) -> None:
        if kind == "computed":
            self._lines.progressed(cell, kind, message)
        else:
            stage = f"loading {message}" if kind == "loading" else STAGES.get(message, "running")
            self._running[cell.key] = RunningCell(cell.combination, stage, monotonic())

    def finished(self, result: Result) -> None:
        self._running.pop(result.key, None)
        self._add(result)
        if monotonic() - self._estimated_at > ESTIMATE_INTERVAL:
            self._estimate()
        if not result.ok:
            self._console.print(describe_row(result), soft_wrap=True)

    def warn(self, message: str) -> None:
        self._lines.warn(message)

    def note(self, message: str) -> None:
        self._lines.note(message)

    def _set_cells(self, cells: Sequence[Cell]) -> None:
        seeds: dict[Combination, set[int]] = {}
        for cell in cells:
            seeds.setdefault(cell.combination, set()).add(cell.seed)
        self._seeds = {combination: len(numbers) for combination, numbers in seeds.items()}
        self.live.refresh()

    def _add(self, row: Result) -> None:
        entry = self._row(row.combination).entry
        if not row.ok:
            entry = replace(entry, failed_cells=entry.failed_cells + 1)
        else:
            entry = replace(entry, rows=(*entry.rows, row))
        values = shown_values(entry)
        numbers = {head: format_number(float(values[name]), digits) for name, (head, digits) in NUMBERS.items()}
        accuracy = format_mean(entry.score("test_accuracy"))
        self._rows[row.combination] = BoardRow(entry, {"test accuracy": accuracy, **numbers})

    def _row(self, combination: Combination) -> BoardRow:
        return self._rows.get(combination) or BoardRow(LeaderboardEntry(combination, (), 0))

    def _estimate(self) -> None:
        if self._run:
            self._time_left, self._estimated_at = self._run.time_left(), monotonic()

    def _current_rows(self) -> list[BoardRow]:
        """Return the rows of all boards, those of one board after the other."""
        running: dict[Combination, list[RunningCell]] = {}
        for cell in list(self._running.values()):
            running.setdefault(cell.combination, []).append(cell)
        rows = [
            replace(self._row(combination), seeds=seeds, running=running.get(combination, ()))
            for combination, seeds in self._seeds.items()
        ]
        return sorted(rows, key=lambda row: row.order)

    def _frame(self) -> SegmentLines:
        """Return what the terminal shows now. It fits the terminal: rows that run are never omitted for others."""
        self._erase_wrapped_lines()
        footer = self._render(self._footer())
        rows, lines = self._current_rows(), list[list[Segment]]()
        space = self._console.height - 1 - len(footer)
        by_importance = sorted(rows, key=lambda row: not row.running)
        count = min(len(rows), space)
        while count > 0:
            lines = self._render(self._boards(rows, {row.entry.combination for row in by_importance[:count]}))
            if len(lines) <= space:
                break
            count = min(count - 1, count * space // len(lines))
        frame = [*(lines if count > 0 else []), *footer]
        self._width, self._line_lengths = self._console.width, [Segment.get_line_length(line) for line in frame]
        return SegmentLines(frame, new_lines=True)

    def _render(self, renderable: RenderableType) -> list[list[Segment]]:
        return [_strip(line) for line in self._console.render_lines(renderable, pad=False)]

    def _erase_wrapped_lines(self) -> None:
        """Erase the lines that a terminal adds when it becomes narrower and wraps the last frame."""
        if (width := self._console.width) < self._width:
            added = sum((length - 1) // width for length in self._line_lengths if length)
            self._console.control(Control(*[(ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1)] * added))

    def _boards(self, rows: Sequence[BoardRow], shown: set[Combination]) -> Group:
        parts: list[RenderableType] = []
        for _, board in groupby(rows, key=lambda row: row.entry.combination[:2]):
            members = list(board)
            entries = [row.entry for row in members]
            lines = [
                BoardLine(row.texts(place), _style(row, place), "cyan" if row.running else "red")
                for place, row in enumerate(members, 1)
                if row.entry.combination in shown
            ]
            if lines:
                heads = _fitting_columns(varying_parts(entries), lines, self._console.width)
                parts += [Text(title(entries, [Column(head, str) for head in heads]), "table.title")]
                parts += [_draw_table(heads, lines)]
                if hidden := len(members) - len(lines):
                    parts += [Text(f"and {pluralize(hidden, 'more row')}", "dim")]
                parts += [""]
        return Group(*parts)

    def _footer(self) -> RenderableType:
        elapsed = f"{format_duration(monotonic() - self._start)} elapsed"
        if self._run is None:
            return Text(f"loading {self._loading}, starting workers  {elapsed}")
        cells = len(self._run.cells)
        done = sum(len(row.entry.rows) + row.entry.failed_cells for row in list(self._rows.values()))
        text = "  ".join([f"{done} of {pluralize(cells, 'cell')}", elapsed, *self._describe_time_left()])
        width = min(MAX_BAR, self._console.width - len(text) - GAP - INTERRUPT_WIDTH)
        if width < MIN_BAR:
            return Text(text)
        bar = ProgressBar(cells, done, width, style="dim", complete_style="green", finished_style="green")
        line = Table.grid(padding=(0, GAP, 0, 0))
        line.add_row(bar, text)
        return line

    def _describe_time_left(self) -> list[str]:
        """Return the time left in a list; an empty list if it is unknown."""
        seconds = self._time_left.seconds - (monotonic() - self._estimated_at)
        if seconds < 1:
            return []
        return [f"{'at least' if self._time_left.unknown else 'about'} {format_duration(seconds)} left"]


def format_duration(seconds: float) -> str:
    """Return `minutes:seconds`, or `hours:minutes:seconds`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _style(row: BoardRow, place: int) -> str:
    if row.entry.ranked:
        return "bold" if place == 1 else ""
    return "" if row.running or row.entry.failed_cells else "dim"


@dataclass(frozen=True)
class BoardLine:
    """The texts of a row by column, its style, and that of the columns `now` and `stage`."""

    texts: Mapping[str, str]
    style: str
    now_style: str


def _fitting_columns(parts: Sequence[str], lines: Sequence[BoardLine], width: int) -> list[str]:
    """Return the columns of a board: the necessary ones, and as many others as the terminal has space for."""
    extras = [head for head in EXTRA_COLUMNS if any(line.texts.get(head, "-") != "-" for line in lines)]
    for count in range(len(extras), -1, -1):
        heads = ["#", *parts, "test accuracy", *extras[:count], "seeds", "now"]
        if sum(_width(head, lines) + GAP for head in heads) <= width + GAP:
            return heads
    return [*parts, "test accuracy", "seeds", "stage"]


def _draw_table(heads: Sequence[str], lines: Sequence[BoardLine]) -> Table:
    table = create_table()
    for head in heads:
        if head in PART_COLUMNS:  # these are wrapped on a narrow terminal
            table.add_column(head, overflow="fold")
        else:
            justify: Literal["left", "right"] = "left" if head in ("now", "stage") else "right"
            table.add_column(head, justify=justify, min_width=_width(head, lines), no_wrap=True)
    for line in lines:
        styles = {"now": line.now_style, "stage": line.now_style}
        table.add_row(*(Text(line.texts.get(head, ""), styles.get(head, "")) for head in heads), style=line.style)
    return table


def _width(head: str, lines: Sequence[BoardLine]) -> int:
    return max(len(head), MIN_WIDTHS.get(head, 0), *(len(line.texts.get(head, "")) for line in lines))


def _strip(line: list[Segment]) -> list[Segment]:
    """Return the line without the spaces at its end."""
    *rest, last = line or [Segment("")]
    stripped = last.text.rstrip()
    return [*rest, Segment(stripped, last.style)] if stripped else _strip(rest) if rest else []
