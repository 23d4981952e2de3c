"""The leaderboard on the screen, and what other formats show of it: its columns, marks and legend."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isfinite, isnan
from typing import Literal

from rich.console import Group
from rich.text import Text

from pslbench.analysis.budget_curves import Curve
from pslbench.analysis.fairness import fairness_warnings, list_names
from pslbench.analysis.leaderboard import LeaderboardEntry, boards, column, leaderboard_row, sort_entries
from pslbench.analysis.significance import critical_t_value, pairwise_p_values
from pslbench.errors import pluralize
from pslbench.reporters.formats import (
    caption_table,
    create_table,
    few_seeds_note,
    format_mean,
    format_number,
    stack_tables,
)
from pslbench.results.records import UNUSED, Result

PART_COLUMNS = ("strategy", "clusterer", "embedder", "trainer")
NUMBERS = {"direct_accuracy": ("direct", 4), "pseudo_accuracy": ("pseudo", 4)}  # head and decimal places
NUMBERS |= {"labels_spent": ("labels", 0), "seconds_total": ("seconds", 1)}


Row = LeaderboardEntry | Curve
MARKS: dict[str, Callable[[Row], str]] = {  # what a mark says about a row; empty if the row does not have the mark
    "≈": lambda row: "not significantly different from the best" if row.gap.is_tied else "",
    "?": lambda row: f"cannot be judged against the best: {row.gap.obstacle}" if row.gap.obstacle else "",
    "∞": lambda row: "upper bound: may query every label" if any(r.upper_bound for r in row.rows) else "",
    "†": lambda row: "used the test set during training" if any(r.test_set_evaluations for r in row.rows) else "",
}


def build_leaderboard_tables(results: Sequence[Result], sort: str, group: str, top: int) -> Group:
    """Return a board for each dataset and budget, with the rows ordered by the column `sort`.

    Args:
        results: the rows.
        sort: a column of leaderboard.csv.
        group: a part; each of its values gets its own board. Empty for none.
        top: the number of competing rows to show; 0 for all.
    """
    by = column(sort, results)
    return stack_tables(_board(board, by, top) for board in boards(results, group))


@dataclass(frozen=True)
class Column:
    """A column of a board: its head, and the text of its cell for each entry."""

    head: str
    cell: Callable[[LeaderboardEntry], str]
    justify: Literal["left", "right"] = "right"
    min_width: int = 0


def _board(board: list[LeaderboardEntry], sort: str, top: int) -> Group:
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

    def show(name: str, digits: int = 4) -> Callable[[LeaderboardEntry], str]:
        return lambda entry: _format_value(rows[entry.combination][name], digits)

    numbers = {name: look for name, look in NUMBERS.items() if not all(isnan(row[name]) for row in rows.values())}
    shown = [
        Column("#", lambda entry: rank.get(entry.combination, ""), min_width=2),
        *(Column(kind, show(kind), "left") for kind in varying_parts(board)),
        Column("test accuracy", lambda entry: format_mean(entry.score("test_accuracy")), min_width=15),
        Column("", marks, "left", 1),
    ]
    if len({entry.gap.tie_groups for entry in competing}) > 1:
        shown.append(Column("group", show("tie_groups"), "left"))
    shown += [Column(head, show(name, digits)) for name, (head, digits) in numbers.items()]
    if len({len(entry.rows) for entry in board}) > 1 or any(entry.failed_cells for entry in board):
        shown.append(Column("seeds", _seeds))
    if sort not in ("test_accuracy", "tie_groups", "dataset", "budget", *numbers, *(col.head for col in shown)):
        shown.append(Column(sort, show(sort)))
    return shown


def varying_parts(rows: Sequence[Row]) -> list[str]:
    """Return the parts that get a column: the strategy, and the parts in which the rows differ."""
    return [kind for kind in PART_COLUMNS if kind == "strategy" or len(_names(rows, kind)) > 1]


def marks(row: Row) -> str:
    """Return the marks of a row."""
    return "".join(mark for mark, explain in MARKS.items() if explain(row))


def explain_marks(rows: Sequence[Row]) -> list[str]:
    """Return one line for each mark that a row has. If a mark has several meanings, each names its strategies."""
    lines = []
    for mark, explain in MARKS.items():
        strategies: dict[str, list[str]] = {}
        for row in rows:
            strategies.setdefault(explain(row), []).append(row.part("strategy"))
        strategies.pop("", None)
        for meaning, names in strategies.items():
            lines.append(f"{mark} {meaning}" + (f" ({list_names(names)})" if len(strategies) > 1 else ""))
    return lines


def _format_value(value: object, digits: int) -> str:
    return "-" if value is None else format_number(value, digits) if isinstance(value, float) else str(value)


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
    interval = f"mean ± half-width of the 95% interval over seeds{few_seeds_note(entry.rows for entry in board)}"
    lines = [f"test accuracy: {interval}" + (f"; {labels}: accuracy of labels" if labels else "")]
    lines += [*explain_marks(board), *_significance(competing)]
    if 0 < top < len(competing):
        lines.append(f"not shown: {pluralize(len(competing) - top, 'more row')}")
    return lines + [f"! {sentence}" for sentence in fairness_warnings(competing)]


def _significance(competing: list[LeaderboardEntry]) -> list[str]:
    """Return what the groups mean, or how large a difference must be if none is significant."""
    scores = [entry.by_seed() for entry in competing]
    p = pairwise_p_values(scores)
    pairs = [(i, j) for i, j in combinations(range(len(scores)), 2) if isfinite(p[i, j])]
    seeds = max((len(scores[i].keys() & scores[j].keys()) for i, j in pairs), default=0)
    tests = f"paired t tests, Holm-adjusted for {len(pairs)} pairs" if len(pairs) > 1 else "paired t test"
    if len({entry.gap.tie_groups for entry in competing}) > 1:
        name = "word" if competing[0].gap.tie_groups.startswith("aa") else "letter"
        lines = [f"group: rows that share a {name} are not significantly different ({tests})"]
    elif not pairs:
        return []
    else:
        errors = f"{critical_t_value(seeds, len(pairs)):.1f} times its standard error"
        limit = f"with {seeds} seeds, a mean paired difference must exceed {errors}"
        more_seeds = f"more seeds (for example -s {max(10, 2 * seeds)}) can show more differences"
        lines = [f"no significant differences ({tests}): {limit}; {more_seeds}"]
    if len(pairs) > 1:
        lines.append("pslbench compare tests each pair alone, without this adjustment, so its conclusion can differ")
    return lines
