from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from pslbench.analysis.leaderboard import Standing, standings
from pslbench.analysis.statistics import Interval
from pslbench.contracts import Result
from pslbench.parts import reporter

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table


@reporter("table")
def table(results: Sequence[Result], folder: Path) -> RenderableType:
    """A leaderboard on the screen for each data set and budget."""
    from rich.console import Group

    boards = groupby(standings(results), key=lambda standing: standing.combination[:2])
    return Group(*(_board(list(board)) for _, board in boards))


def number(value: float, digits: int = 4) -> str:
    return "-" if isnan(value) else f"{value:,.{digits}f}"


def spread(value: Interval) -> str:
    """`mean ± half-width`, or the mean alone."""
    return number(value.mean) if isnan(value.half_width) else f"{value.mean:.4f} ± {value.half_width:.4f}"


def signed(value: Interval) -> str:
    """A difference with its sign."""
    return f"{value.mean:+.4f}" if isnan(value.half_width) else f"{value.mean:+.4f} ± {value.half_width:.4f}"


def _board(board: list[Standing]) -> Table:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    varying = [kind for kind in ("clusterer", "embedder", "trainer") if len(_names(board, kind)) > 1]
    shown = Table(box=box.SIMPLE_HEAD, title=escape(_title(board, varying)), title_justify="left", title_style="bold")
    shown.add_column("#", justify="right")
    for kind in ("strategy", *varying):
        shown.add_column(kind, no_wrap=True)
    for head in ("test accuracy", "", "direct", "pseudo-labels", "labels", "seconds", "seeds"):
        shown.add_column(head, justify="left" if head == "" else "right", no_wrap=True)
    competing = [standing for standing in board if standing.ranked]
    for rank, standing in enumerate(competing, 1):
        shown.add_row(*_cells(standing, str(rank), varying), style="bold" if rank == 1 else "")
    shown.add_section()
    for standing in board[len(competing) :]:
        shown.add_row(*_cells(standing, "", varying), style="dim")
    shown.caption, shown.caption_justify = _caption(board), "left"
    return shown


def _cells(standing: Standing, rank: str, varying: list[str]) -> list[str]:
    from rich.markup import escape

    marks = "".join(mark for mark, holds, _ in MARKS if holds(standing))
    failed = f" ({standing.failed} failed)" if standing.failed else ""
    return [
        rank,
        *(escape(standing.part(kind)) for kind in ("strategy", *varying)),
        spread(standing.score("test_accuracy")),
        marks,
        number(standing.score("direct_accuracy").mean),
        number(standing.score("pseudo_accuracy").mean),
        number(standing.mean("labels_spent"), 0),
        number(standing.mean("seconds", "total"), 1),
        f"{len(standing.rows)}{failed}",
    ]


MARKS = (
    ("≈", lambda s: s.tied, "cannot be told apart from the best: the 95% interval of the paired difference holds 0"),
    ("∞", lambda s: any(r.upper_bound for r in s.rows), "upper bound: may ask for every label"),
    ("†", lambda s: any(r.test_looks for r in s.rows), "looked at the test set while training"),
)


def _names(board: list[Standing], kind: str) -> list[str]:
    return sorted({standing.part(kind) for standing in board} - {"-"})


def _title(board: list[Standing], varying: list[str]) -> str:
    dataset, budget = board[0].combination[:2]
    constant = [
        name for kind in ("embedder", "clusterer", "trainer") if kind not in varying for name in _names(board, kind)
    ]
    return " · ".join([dataset, f"{budget} labels", *constant])


def _caption(board: list[Standing]) -> str:
    lines = ["test accuracy: mean ± half-width of its 95% interval over seeds"]
    several = sum(standing.tied for standing in board) > 1
    lines += [
        f"{mark} {meaning}"
        for mark, holds, meaning in MARKS
        if any(holds(standing) for standing in board) and (mark != "≈" or several)
    ]
    return "\n".join(lines)
