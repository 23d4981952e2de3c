"""Formats of numbers and tables that all reporters share."""

from collections.abc import Iterable, Sized
from math import isnan

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pslbench.analysis.statistics import MIN_SEEDS, Interval, IntervalEstimate


def format_number(value: float, digits: int = 4) -> str:
    return "-" if isnan(value) else f"{value:,.{digits}f}"


def format_mean(value: Interval, digits: int = 4) -> str:
    """Return `mean ± half-width`, `mean ± 0` if all seeds give the same, or the mean if there is no interval."""
    mean = format_number(value.mean, digits)
    if isnan(value.half_width):
        return f"{mean} ± 0" if value.is_constant and value.n > 1 else mean
    return f"{mean} ± {value.half_width:.{digits}f}"


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


def create_table(padding: int = 1) -> Table:
    """Return a table without columns, with a rule below its head and `padding` extra spaces between columns."""
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, padding, 0, 0))
