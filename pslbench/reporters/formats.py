"""How numbers and tables look, wherever they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from math import isnan
from typing import TYPE_CHECKING

from pslbench.analysis.statistics import MIN_SEEDS, Interval, IntervalEstimate

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.table import Table

    from pslbench.analysis.leaderboard import LeaderboardEntry


def number(value: float, digits: int = 4) -> str:
    return "-" if isnan(value) else f"{value:,.{digits}f}"


def spread(value: Interval, digits: int = 4) -> str:
    """`mean ± half-width`; `± 0` where all seeds give the same, the mean alone where there is no interval."""
    mean = number(value.mean, digits)
    if isnan(value.half_width):
        return f"{mean} ± 0" if value.is_constant and value.n > 1 else mean
    return f"{mean} ± {value.half_width:.{digits}f}"


def signed(value: Interval) -> str:
    """A difference with its sign."""
    return f"{value.mean:+.4f}" if isnan(value.half_width) else f"{value.mean:+.4f} ± {value.half_width:.4f}"


def between(value: IntervalEstimate | Interval, form: str = ".4f") -> str:
    """`low to high`."""
    return "-" if isnan(value.high) else f"{value.low:{form}} to {value.high:{form}}"


def p_value(p: float) -> str:
    return "-" if isnan(p) else "<0.0001" if p < 0.0001 else f"{p:.4f}"


def counted(n: int, what: str) -> str:
    """`1 label`, `1,297 labels`."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def few(entries: Iterable[LeaderboardEntry]) -> str:
    """Why some of these have no interval, to stand at the end of a sentence about intervals; empty where all may have
    one."""
    return f"; none below {MIN_SEEDS} seeds" if any(0 < len(each.rows) < MIN_SEEDS for each in entries) else ""


def apart(shown: Iterable[RenderableType]) -> Group:
    """One under the other, an empty line after each."""
    from rich.console import Group

    return Group(*(part for each in shown for part in (each, "")))


def titled(title: str, table: RenderableType, legend: Iterable[str]) -> Group:
    """A table with a title above and a legend below, both as wide as the screen."""
    from rich.console import Group
    from rich.text import Text

    lines = "\n".join(legend)
    return Group(Text(title, "table.title"), table, *[Text(lines, "table.caption")] * bool(lines))


def ruled_table(padding: int = 1) -> Table:
    """A table without columns yet, ruled under its head; so many spaces more than one between columns."""
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, padding, 0, 0))
