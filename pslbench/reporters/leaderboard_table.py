from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pslbench.analysis.fairness import fairness_warnings
from pslbench.analysis.leaderboard import (
    HasRows,
    LeaderboardEntry,
    boards,
    column,
    is_upper_bound,
    leaderboard_row,
    sort_entries,
    used_test_set,
)
from pslbench.analysis.significance import critical_t_value, pairwise_p_values
from pslbench.analysis.statistics import MIN_SEEDS
from pslbench.analysis.ties import GapToBest
from pslbench.parts import reporter
from pslbench.reporters.formats import (
    caption_table,
    create_table,
    few_seeds_note,
    format_mean,
    format_number,
    pluralize,
    stack_tables,
)
from pslbench.results.records import UNUSED, Combination, Result, ResultsReader

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

PART_COLUMNS = ("strategy", "clusterer", "embedder", "trainer")
NUMBERS = {"direct_accuracy": ("direct", 4), "pseudo_accuracy": ("pseudo", 4)}  # head and decimal places
NUMBERS |= {"labels_spent": ("labels", 0), "seconds_total": ("seconds", 1)}


class Row(HasRows, Protocol):
    """A row of a table: a leaderboard entry, or a curve over budgets."""

    @property
    def gap(self) -> GapToBest: ...
    def part(self, kind: str, /) -> str: ...


MARKS: tuple[tuple[str, Callable[[Row], bool], str], ...] = (
    ("≈", lambda row: row.gap.is_tied, "not significantly different from the best"),
    (
        "?",
        lambda row: row.gap.is_unclear,
        f"cannot be compared with the best: fewer than {MIN_SEEDS} shared seeds, or the same difference on every seed, "
        "or significantly better on the shared seeds",
    ),
    ("∞", is_upper_bound, "upper bound: may query every label"),
    ("†", used_test_set, "used the test set during training"),
)


@reporter("table")
def table(
    results: Sequence[Result], reader: ResultsReader, *, sort: str = "test_accuracy", group: str = "", top: int = 0
) -> RenderableType:
    """Show a leaderboard for each dataset and budget on the screen.

    Args:
        sort: the column of leaderboard.csv that orders the rows.
        group: a part, for example trainer; each of its values gets its own board.
        top: the number of competing rows to show; 0 for all.
    """
    return stack_tables(_board(board, column(sort), top) for board in boards(results, group))


@dataclass(frozen=True)
class Column:
    """A column of a board: its head, and the text of its cell for each entry."""

    head: str
    cell: Callable[[LeaderboardEntry], str]
    justify: Literal["left", "right"] = "right"
    min_width: int = 0


def _board(board: list[LeaderboardEntry], sort: str, top: int) -> Group:
    from rich.text import Text

    shown, rich_table = columns(board, sort), create_table()
    for col in shown:
        width, is_part = max(len(col.head), col.min_width), col.head in PART_COLUMNS
        rich_table.add_column(col.head, justify=col.justify, min_width=width, no_wrap=not is_part, overflow="fold")
    for ranked in (True, False):
        entries = sort_entries([entry for entry in board if entry.ranked == ranked], sort)
        for entry in entries[: top or None] if ranked else entries:
            style = "dim" if not ranked else "bold" if entry.gap.is_best else ""
            rich_table.add_row(*(Text(col.cell(entry)) for col in shown), style=style)
        rich_table.add_section()
    return caption_table(title(board, shown), rich_table, legend(board, shown, top))


def columns(board: list[LeaderboardEntry], sort: str = "test_accuracy") -> list[Column]:
    """Return the scores, the columns in which the rows differ, and the column that orders them."""
    competing = [entry for entry in board if entry.ranked]
    rank = {entry.combination: str(place) for place, entry in enumerate(competing, 1)}
    rows = {entry.combination: leaderboard_row(entry) for entry in board}
    numbers = {name: look for name, look in NUMBERS.items() if not all(isnan(row[name]) for row in rows.values())}
    shown = [
        Column("#", lambda entry: rank.get(entry.combination, ""), min_width=2),
        *map(_part_column, varying_parts(board)),
        Column("test accuracy", lambda entry: format_mean(entry.score("test_accuracy")), min_width=15),
        Column("", marks, "left", 1),
    ]
    if len({entry.gap.tie_groups for entry in competing}) > 1:
        shown.append(Column("group", lambda entry: entry.gap.tie_groups, "left"))
    shown += [_number_column(rows, name, *look) for name, look in numbers.items()]
    if len({len(entry.rows) for entry in board}) > 1 or any(entry.failed_cells for entry in board):
        shown.append(Column("seeds", _seeds))
    if sort not in ("test_accuracy", "tie_groups", "dataset", "budget", *numbers, *(col.head for col in shown)):
        shown.append(Column(sort, lambda entry: _text(rows[entry.combination][sort])))
    return shown


def varying_parts(rows: Iterable[Row]) -> list[str]:
    """Return the parts that get a column: the strategy, and the parts in which the rows differ."""
    rows = list(rows)
    return [kind for kind in PART_COLUMNS if kind == "strategy" or len(_names(rows, kind)) > 1]


def marks(row: Row) -> str:
    """Return the marks of a row."""
    return "".join(mark for mark, applies, _ in MARKS if applies(row))


def explain_marks(rows: Iterable[Row]) -> list[str]:
    """Return one line for each mark that a row has."""
    rows = list(rows)
    return [f"{mark} {meaning}" for mark, applies, meaning in MARKS if any(map(applies, rows))]


def _part_column(kind: str) -> Column:
    return Column(kind, lambda entry: entry.part(kind), "left")


def _number_column(rows: Mapping[Combination, Mapping[str, Any]], name: str, head: str, digits: int) -> Column:
    return Column(head, lambda entry: format_number(rows[entry.combination][name], digits))


def _text(value: object) -> str:
    return "-" if value is None else format_number(value) if isinstance(value, float) else str(value)


def _seeds(entry: LeaderboardEntry) -> str:
    return f"{len(entry.rows)}" + (f" ({entry.failed_cells} failed)" if entry.failed_cells else "")


def _names(rows: Sequence[Row], kind: str) -> list[str]:
    return sorted({row.part(kind) for row in rows} - {UNUSED})


def title(board: list[LeaderboardEntry], shown: list[Column]) -> str:
    """Return what all rows share and no column shows."""
    heads = {col.head for col in shown}
    dataset, budget = board[0].combination[:2]
    parts = [name for kind in ("embedder", "clusterer", "trainer") if kind not in heads for name in _names(board, kind)]
    seeds = [] if "seeds" in heads else [pluralize(len(board[0].rows), "seed")]
    return " · ".join([dataset, pluralize(budget, "label"), *parts, *seeds])


def legend(board: list[LeaderboardEntry], shown: list[Column], top: int = 0) -> list[str]:
    """Return the lines below a board: the meaning of numbers, marks and groups, and what makes it unfair."""
    heads, competing = {col.head for col in shown}, [entry for entry in board if entry.ranked]
    labels = ", ".join(head for head in ("direct", "pseudo") if head in heads)
    lines = [f"test accuracy: mean ± half-width of the 95% interval over seeds{few_seeds_note(board)}"]
    lines[0] += f"; {labels}: accuracy of labels" if labels else ""
    lines += [*explain_marks(board), *_significance(competing)]
    if 0 < top < len(competing):
        lines.append(f"{len(competing) - top} more are not shown")
    return lines + [f"! {sentence}" for sentence in fairness_warnings(competing)]


def _significance(competing: list[LeaderboardEntry]) -> list[str]:
    """Return one line: what the groups mean, or how large a difference must be if none is significant."""
    scores = [entry.by_seed() for entry in competing]
    p = pairwise_p_values(scores)
    pairs = [(i, j) for i, j in combinations(range(len(scores)), 2) if isfinite(p[i, j])]
    seeds = max((len(scores[i].keys() & scores[j].keys()) for i, j in pairs), default=0)
    tests = f"paired t tests, Holm-adjusted for {len(pairs)} pairs" if len(pairs) > 1 else "paired t test"
    if len({entry.gap.tie_groups for entry in competing}) > 1:
        name = "word" if competing[0].gap.tie_groups.startswith("aa") else "letter"
        return [f"group: rows that share a {name} are not significantly different ({tests})"]
    if seeds < MIN_SEEDS:
        return []
    limit = f"with {seeds} seeds, a difference must exceed {critical_t_value(seeds, len(pairs)):.1f} standard errors"
    more_seeds = f"more seeds (for example -s {max(10, 2 * seeds)}) can tell more rows apart"
    return [f"no significant differences ({tests}): {limit}; {more_seeds}"]
