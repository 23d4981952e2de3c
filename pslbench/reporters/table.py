from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from math import isnan
from typing import TYPE_CHECKING

from pslbench.analysis.leaderboard import Standing, standings
from pslbench.analysis.statistics import Interval
from pslbench.contracts import Records, Result
from pslbench.parts import reporter

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table


@reporter("table")
def table(results: Sequence[Result], records: Records) -> RenderableType:
    """A leaderboard on the screen for each data set and budget."""
    from rich.console import Group

    boards = groupby(standings(results), key=lambda standing: standing.combination[:2])
    return Group(*(_board(list(board)) for _, board in boards))


def number(value: float, digits: int = 4) -> str:
    return "-" if isnan(value) else f"{value:,.{digits}f}"


def spread(value: Interval) -> str:
    """`mean ± half-width`; `± 0` where all seeds give the same, the mean alone where there is one."""
    if isnan(value.half_width):
        return f"{value.mean:.4f} ± 0" if value.n > 1 else number(value.mean)
    return f"{value.mean:.4f} ± {value.half_width:.4f}"


def signed(value: Interval) -> str:
    """A difference with its sign."""
    return f"{value.mean:+.4f}" if isnan(value.half_width) else f"{value.mean:+.4f} ± {value.half_width:.4f}"


def _board(board: list[Standing]) -> Table:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    varying = [kind for kind in ("clusterer", "embedder", "trainer") if len(_names(board, kind)) > 1]
    shown = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        title=escape(_title(board, varying)),
        title_justify="left",
        title_style="bold",
    )
    shown.add_column("#", justify="right", min_width=2)
    for kind in ("strategy", *varying):
        shown.add_column(kind, overflow="fold")
    shown.add_column("test accuracy", justify="right", min_width=15)
    shown.add_column("", min_width=1)
    direct = any(not isnan(standing.score("direct_accuracy").mean) for standing in board)
    for head in (*["direct"] * direct, "pseudo", "labels", "seconds", "seeds"):
        shown.add_column(head, justify="right", min_width=len(head))
    competing = [standing for standing in board if standing.ranked]
    for rank, standing in enumerate(competing, 1):
        shown.add_row(*_cells(standing, str(rank), varying, direct), style="bold" if rank == 1 else "")
    shown.add_section()
    for standing in board[len(competing) :]:
        shown.add_row(*_cells(standing, "", varying, direct), style="dim")
    shown.caption, shown.caption_justify = _caption(board), "left"
    return shown


def _cells(standing: Standing, rank: str, varying: list[str], direct: bool) -> list[str]:
    from rich.markup import escape

    marks = "".join(mark for mark, holds, _ in MARKS if holds(standing))
    failed = f" ({standing.failed} failed)" if standing.failed else ""
    return [
        rank,
        *(escape(standing.part(kind)) for kind in ("strategy", *varying)),
        spread(standing.score("test_accuracy")),
        marks,
        *[number(standing.score("direct_accuracy").mean)] * direct,
        number(standing.score("pseudo_accuracy").mean),
        number(standing.mean("labels_spent"), 0),
        number(standing.mean("seconds", "total"), 1),
        f"{len(standing.rows)}{failed}",
    ]


MARKS: tuple[tuple[str, Callable[[Standing], bool], str], ...] = (
    ("≈", lambda s: s.tied, "cannot be told apart from the best: the paired difference may be 0"),
    ("?", lambda s: s.unclear, "cannot be judged against the best: too few seeds in common, or seeds change nothing"),
    ("∞", lambda s: s.is_bound, "upper bound: may ask for every label"),
    ("†", lambda s: s.looked, "looked at the test set while training"),
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
    lines = ["test accuracy: mean ± half-width of its 95% interval over seeds; direct, pseudo: accuracy of labels"]
    lines += [f"{mark} {meaning}" for mark, holds, meaning in MARKS if any(holds(standing) for standing in board)]
    return "\n".join(lines)
