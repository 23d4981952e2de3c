from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pslbench.analysis.fairness import fairness_warnings
from pslbench.analysis.leaderboard import LeaderboardEntry, accuracies, boards, in_order, leaderboard_row
from pslbench.analysis.significance import count_pairs, paired_t_tests
from pslbench.analysis.statistics import MIN_SEEDS
from pslbench.parts import reporter
from pslbench.reporters.formats import apart, counted, few, number, ruled_table, spread, titled
from pslbench.results.records import Result, ResultsReader

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

    Combination = tuple[str, int, str, str, str, str]

PARTS = ("strategy", "clusterer", "embedder", "trainer")
NUMBERS = {"direct_accuracy": ("direct", 4), "pseudo_accuracy": ("pseudo", 4), "labels_spent": ("labels", 0)}
NUMBERS |= {"seconds_total": ("seconds", 1)}


class Row(Protocol):
    """What a table shows a line of: a standing, or a curve over budgets."""

    @property
    def tied(self) -> bool: ...
    @property
    def unclear(self) -> bool: ...
    @property
    def is_bound(self) -> bool: ...
    @property
    def looked(self) -> bool: ...
    def part(self, kind: str, /) -> str: ...


MARKS: tuple[tuple[str, Callable[[Row], bool], str], ...] = (
    ("≈", lambda s: s.tied, "cannot be told apart from the best: the paired difference may be 0"),
    (
        "?",
        lambda s: s.unclear,
        f"cannot be judged against the best: fewer than {MIN_SEEDS} seeds in common, or seeds change nothing, or "
        "better over the seeds in common",
    ),
    ("∞", lambda s: s.is_bound, "upper bound: may ask for every label"),
    ("†", lambda s: s.looked, "looked at the test set while training"),
)


@reporter("table")
def table(
    results: Sequence[Result], records: ResultsReader, *, sort: str = "test_accuracy", group: str = "", top: int = 0
) -> RenderableType:
    """A leaderboard on the screen for each data set and budget.

    Args:
        sort: the column of leaderboard.csv that rows are ordered by.
        group: a part, such as trainer; each of its values gets a board of its own.
        top: how many of the competing rows are shown, the first ones; 0 for all.
    """
    return apart(_board(board, sort, top) for board in boards(results, group))


@dataclass(frozen=True)
class Column:
    """What a column of a board says of each standing."""

    head: str
    cell: Callable[[LeaderboardEntry], str]
    justify: Literal["left", "right"] = "right"
    min_width: int = 0


def _board(board: list[LeaderboardEntry], sort: str, top: int) -> Group:
    from rich.text import Text

    chosen, shown = columns(board, sort), ruled_table()
    for column in chosen:
        width, words = max(len(column.head), column.min_width), column.head in PARTS
        shown.add_column(column.head, justify=column.justify, min_width=width, no_wrap=not words, overflow="fold")
    for ranked in (True, False):
        part = in_order([entry for entry in board if entry.ranked == ranked], sort)
        for entry in part[: top or None] if ranked else part:
            style = "dim" if not ranked else "" if entry.behind else "bold"
            shown.add_row(*(Text(column.cell(entry)) for column in chosen), style=style)
        shown.add_section()
    return titled(title(board, chosen), shown, legend(board, chosen, top))


def columns(board: list[LeaderboardEntry], sort: str = "test_accuracy") -> list[Column]:
    """Those in which rows differ, or that say how good they are; and the one that they are ordered by."""
    competing = [entry.combination for entry in board if entry.ranked]
    rank = {combination: str(place) for place, combination in enumerate(competing, 1)}
    rows = {entry.combination: leaderboard_row(entry) for entry in board}
    numbers = {name: said for name, said in NUMBERS.items() if not all(isnan(row[name]) for row in rows.values())}
    found = [
        Column("#", lambda s: rank.get(s.combination, ""), min_width=2),
        *map(_words, differing(board)),
        Column("test accuracy", lambda s: spread(s.score("test_accuracy")), min_width=15),
        Column("", marks, "left", 1),
    ]
    if len({entry.groups for entry in board if entry.ranked}) > 1:
        found.append(Column("group", lambda s: s.groups, "left"))
    found += [_number(rows, name, *said) for name, said in numbers.items()]
    if len({len(entry.rows) for entry in board}) > 1 or any(entry.failed for entry in board):
        found.append(Column("seeds", _seeds))
    if sort not in ("test_accuracy", "groups", "dataset", "budget", *numbers, *(column.head for column in found)):
        found.append(Column(sort, lambda s: _said(rows[s.combination][sort])))
    return found


def differing(rows: Iterable[Row]) -> list[str]:
    """The parts that a table has columns of: the strategy, and those that rows do not have in common."""
    given = list(rows)
    return [kind for kind in PARTS if kind == "strategy" or len(_names(given, kind)) > 1]


def marks(row: Row) -> str:
    return "".join(mark for mark, holds, _ in MARKS if holds(row))


def meanings(rows: Iterable[Row]) -> list[str]:
    """A line for each mark that a row has."""
    given = list(rows)
    return [f"{mark} {meaning}" for mark, holds, meaning in MARKS if any(map(holds, given))]


def _words(kind: str) -> Column:
    return Column(kind, lambda s: s.part(kind), "left")


def _number(rows: Mapping[Combination, Mapping[str, Any]], name: str, head: str, digits: int) -> Column:
    return Column(head, lambda s: number(rows[s.combination][name], digits))


def _said(value: object) -> str:
    return "-" if value is None else number(value) if isinstance(value, float) else str(value)


def _seeds(entry: LeaderboardEntry) -> str:
    return f"{len(entry.rows)}" + (f" ({entry.failed} failed)" if entry.failed else "")


def _names(rows: Sequence[Row], kind: str) -> list[str]:
    return sorted({row.part(kind) for row in rows} - {"-"})


def title(board: list[LeaderboardEntry], shown: list[Column]) -> str:
    """What all rows have in common, as far as no column says it."""
    heads = {column.head for column in shown}
    dataset, budget = board[0].combination[:2]
    parts = [name for kind in ("embedder", "clusterer", "trainer") if kind not in heads for name in _names(board, kind)]
    seeds = [] if "seeds" in heads else [counted(len(board[0].rows), "seed")]
    return " · ".join([dataset, counted(budget, "label"), *parts, *seeds])


def legend(board: list[LeaderboardEntry], shown: list[Column], top: int = 0) -> list[str]:
    """What marks and columns mean, where there are any, and what is unfair; line by line."""
    heads, competing = {column.head for column in shown}, [entry for entry in board if entry.ranked]
    labels = ", ".join(head for head in ("direct", "pseudo") if head in heads)
    lines = [f"test accuracy: mean ± half-width of its 95% interval over seeds{few(board)}"]
    lines[0] += f"; {labels}: accuracy of labels" if labels else ""
    lines += meanings(board)
    if "group" in heads:
        name = "word" if competing[0].groups.startswith("aa") else "letter"  # words: more groups than letters
        lines.append(f"group: rows that share a {name} cannot be told apart by {_tests(competing)}")
    elif len(competing) > 2 and not few(board):
        lines.append(f"no two rows can be told apart by {_tests(competing)}")
    if 0 < top < len(competing):
        lines.append(f"{len(competing) - top} more are not shown")
    return lines + [f"! {sentence}" for sentence in fairness_warnings(competing)]


def _tests(competing: list[LeaderboardEntry]) -> str:
    """What tells rows apart, with the number of pairs that can be judged."""
    judged = count_pairs(paired_t_tests(accuracies(competing)))
    return f"paired t tests, corrected for all {judged} pairs (Holm)" if judged > 1 else "a paired t test"
