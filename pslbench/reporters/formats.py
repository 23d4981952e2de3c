"""Formats of numbers and tables that all reporters share."""

from collections.abc import Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass
from math import isnan
from pathlib import PurePath
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.table import Table
from rich.text import Text

from pslbench.analysis.comparable_groups import group_title
from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.analysis.statistics import MIN_SEEDS, Interval, IntervalEstimate
from pslbench.errors import pluralize
from pslbench.parts.parameters import split_quoted, unquote

IDENTITY = "pixels"  # the embedder that leaves the samples as they are; titles do not name it
MIN_NAME_WIDTH = 5  # characters; names are folded into several lines of at least this width


def format_number(value: float, digits: int = 4) -> str:
    return "-" if isnan(value) else f"{value:,.{digits}f}"


def format_mean(value: Interval, digits: int = 4) -> str:
    """Return `mean ± half-width`, or the mean if there is no interval, for example if all seeds give the same."""
    mean = format_number(value.mean, digits)
    return mean if isnan(value.half_width) else f"{mean} ± {value.half_width:.{digits}f}"


def format_signed(value: float) -> str:
    return "-" if isnan(value) else f"{value:+.4f}"


def format_difference(value: Interval) -> str:
    """Return `mean ± half-width` with the sign of the mean."""
    return format_signed(value.mean) + ("" if isnan(value.half_width) else f" ± {value.half_width:.4f}")


def format_range(value: IntervalEstimate | Interval) -> str:
    """Return `low to high` with signs."""
    return "-" if isnan(value.high) else f"{value.low:+.4f} to {value.high:+.4f}"


def format_p_value(p: float) -> str:
    return "-" if isnan(p) else "<0.0001" if p < 0.0001 else f"{p:.4f}"


def dataset_title(dataset: str) -> str:
    """Return what people call a dataset: the path as they typed it, or its last part if it is absolute, else the name.

    `npz:path=letter.npz` is `letter.npz`, and `images:path=/data/photos,size=32` is `photos (size=32)`.
    """
    first, *others = split_quoted(dataset.partition(":")[2], ",")
    path = PurePath(unquote(first.removeprefix("path=")))
    if not (first.startswith("path=") or path.is_absolute()):
        return dataset
    title = path.name if path.is_absolute() else str(path)
    return f"{title} ({', '.join(others)})" if others else title


def board_title(board: Sequence[LeaderboardEntry]) -> str:
    """Return the dataset and the budget of a board."""
    dataset, budget = board[0].combination[:2]
    return f"{dataset_title(dataset)}, {pluralize(budget, 'label')}"


def parts_title(entries: Sequence[LeaderboardEntry]) -> str:
    """Return the embedder, the clusterer and the trainer that all entries share, without the identity embedder."""
    titles = (group_title(entries, kind) for kind in ("embedder", "clusterer", "trainer"))
    return " · ".join(title for title in titles if title not in ("", IDENTITY))


def few_seeds_note(by_seed: Iterable[Sized]) -> str:
    """Return a note for the end of a sentence if any row has too few seeds for an interval, else an empty string."""
    return f"; an interval needs {MIN_SEEDS} seeds" if any(0 < len(values) < MIN_SEEDS for values in by_seed) else ""


def stack_tables(tables: Iterable[RenderableType]) -> Group:
    """Return the tables one below the other, with an empty line after each."""
    return Group(*(part for table in tables for part in (table, "")))


def caption_table(title: str, table: RenderableType, legend: Iterable[str]) -> Group:
    """Return a table with a title above and a legend below, both as wide as the screen."""
    lines = "\n".join(legend)
    return Group(Text(title, "table.title"), table, *[Text(lines, "table.caption")] * bool(lines))


@dataclass(frozen=True)
class TextColumn:
    """The head of a column, its cells, and how they are aligned. A column without a head stays beside the one before.

    A column that `identifies` its rows is repeated in each part of a table, and its cells are folded if necessary. The
    head and the cells of a column that is wider than `max_width` are folded too.
    """

    head: str
    cells: Sequence[str]
    justify: Literal["left", "right"] = "right"
    min_width: int = 0
    identifies: bool = False
    max_width: int | None = None

    @property
    def width(self) -> int:
        width = max(self.min_width, *map(cell_len, (self.head, *self.cells)))
        return width if self.max_width is None else min(width, self.max_width)


@dataclass(frozen=True)
class FoldingTable:
    """A table of text that fits the screen: the columns that do not fit follow in further tables with the same rows.

    Attributes:
        columns: those that identify the rows come first.
        styles: the style of each row.
        sections: the numbers of the rows after which there is an empty line.
        padding: extra spaces between columns.
    """

    columns: Sequence[TextColumn]
    styles: Sequence[str]
    sections: Sequence[int] = ()
    padding: int = 1

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        for part, columns in enumerate(self._parts(options.max_width)):
            if part:
                yield ""
            yield self._build(columns)

    def _parts(self, width: int) -> list[list[TextColumn]]:
        gap = 1 + self.padding
        names = [column for column in self.columns if column.identifies]
        groups: list[list[TextColumn]] = []
        for column in self.columns[len(names) :]:
            if column.head or not groups:
                groups.append([column])
            else:
                groups[-1].append(column)
        free = width - min(sum(column.width + gap for column in names), width // 2)
        parts: list[list[TextColumn]] = [[]]
        for group in groups:
            if parts[-1] and sum(column.width + gap for column in (*parts[-1], *group)) - gap > free:
                parts.append([])
            parts[-1] += group
        return [[*names, *part] for part in parts]

    def _build(self, columns: Sequence[TextColumn]) -> Table:
        table = create_table(self.padding)
        for column in columns:
            width = None if column.identifies else column.width
            least = min(column.width, MIN_NAME_WIDTH) if column.identifies else column.width
            table.add_column(Text(column.head), justify=column.justify, width=width, min_width=least, overflow="fold")
        for row, style in enumerate(self.styles):
            table.add_row(*(Text(column.cells[row]) for column in columns), style=style)
            if row in self.sections:
                table.add_section()
        return table


def create_table(padding: int = 1) -> Table:
    """Return a table without columns, with a rule below its head and `padding` extra spaces between columns."""
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, padding, 0, 0))
