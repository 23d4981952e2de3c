"""The leaderboard on the screen, and what other formats show of it: its columns, marks and legend."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Any, Literal

from rich.console import Group

from pslbench.analysis.budget_curves import Curve
from pslbench.analysis.fairness import fairness_warnings, list_names
from pslbench.analysis.leaderboard import (
    LeaderboardEntry,
    boards,
    column,
    leaderboard_row,
    sort_entries,
)
from pslbench.errors import pluralize
from pslbench.reporters.formats import (
    IDENTITY,
    FoldingTable,
    TextColumn,
    caption_table,
    dataset_title,
    few_seeds_note,
    format_mean,
    format_number,
    stack_tables,
)
from pslbench.results.records import UNUSED, Result, ResultsReader

GLOSSARY = "docs/glossary.md explains all terms"
MEANINGS = {
    "direct": "test accuracy of the label of each sample's cluster, without a classifier",
    "pseudo": "accuracy of the pseudo-labels; - if all of them are true labels",
}
PART_COLUMNS = ("strategy", "clusterer", "embedder", "trainer")
NUMBERS = {"direct_accuracy": ("direct", 4), "pseudo_accuracy": ("pseudo", 4)}  # head and decimal places
NUMBERS |= {"labels_spent": ("labels", 0), "seconds_total": ("seconds", 1)}


Row = LeaderboardEntry | Curve
MARKS: dict[str, Callable[[Row], str]] = {  # what a mark says about a row; empty if the row does not have the mark
    "≈": lambda row: "cannot be told apart from the best: the difference can be chance" if row.gap.is_tied else "",
    "?": lambda row: f"cannot be compared with the best: {row.gap.obstacle}" if row.gap.obstacle else "",
    "∞": lambda row: "upper bound: may query every label" if any(r.upper_bound for r in row.rows) else "",
    "⊥": lambda row: "baseline: predicts the same class for every sample" if any(r.baseline for r in row.rows) else "",
    "†": lambda row: "used the test set during training" if any(r.test_set_evaluations for r in row.rows) else "",
}


def build_leaderboard_tables(
    results: Sequence[Result], reader: ResultsReader, sort: str, group: str, top: int
) -> Group:
    """Return a board for each dataset and budget, with the rows ordered by the column `sort`.

    Args:
        results: the rows.
        reader: gives access to the predictions of the rows.
        sort: a column of leaderboard.csv.
        group: a part; each of its values gets its own board. Empty for none.
        top: the number of competing rows to show; 0 for all.
    """
    by = column(sort, results)
    return stack_tables(_board(board, by, top) for board in boards(results, group, reader))


@dataclass(frozen=True)
class Column:
    """A column of a board: its head, and the text of its cell for each entry."""

    head: str
    cell: Callable[[LeaderboardEntry], str]
    justify: Literal["left", "right"] = "right"
    min_width: int = 0


def _board(board: list[LeaderboardEntry], sort: str, top: int) -> Group:
    shown = columns(board, sort)
    competing, others = ([e for e in board if e.ranked == ranked] for ranked in (True, False))
    ranked = sort_entries(competing, sort)[: top or None]
    entries = [*ranked, *sort_entries(others, sort)]
    styles = ["dim" if not entry.ranked else "bold" if entry.gap.is_best else "" for entry in entries]
    texts = [
        TextColumn(
            c.head, list(map(c.cell, entries)), c.justify, c.min_width, identifies=c.head in ("#", *PART_COLUMNS)
        )
        for c in shown
    ]
    rich_table = FoldingTable(texts, styles, [len(ranked) - 1])
    return caption_table(title(board, shown), rich_table, [*legend(board, shown, top), GLOSSARY])


def columns(board: list[LeaderboardEntry], sort: str = "test_accuracy") -> list[Column]:
    """Return the scores, the columns in which the rows differ, and the column that orders them."""
    competing = [entry for entry in board if entry.ranked]
    rank = {entry.combination: str(place) for place, entry in enumerate(competing, 1)}
    rows = {entry.combination: shown_values(entry) for entry in board}

    def show(name: str, digits: int = 4) -> Callable[[LeaderboardEntry], str]:
        return lambda entry: _format_value(rows[entry.combination][name], digits)

    numbers = {name: look for name, look in NUMBERS.items() if not all(isnan(row[name]) for row in rows.values())}
    shown = [
        Column("#", lambda entry: rank.get(entry.combination, ""), min_width=2),
        *(Column(kind, show(kind), "left") for kind in varying_parts(board)),
        Column("test accuracy", lambda entry: format_mean(entry.score("test_accuracy")), min_width=15),
        Column("", marks, "left", 1),
    ]
    shown += [Column(head, show(name, digits)) for name, (head, digits) in numbers.items()]
    if len({len(entry.rows) for entry in board}) > 1 or any(entry.failed_cells for entry in board):
        shown.append(Column("seeds", _seeds))
    if sort not in ("test_accuracy", "dataset", "budget", *numbers, *(col.head for col in shown)):
        shown.append(Column(sort, show(sort)))
    return shown


def shown_values(entry: LeaderboardEntry) -> dict[str, Any]:
    """Return the columns of `leaderboard.csv` as boards show them: without the accuracy of labels that are all true."""
    values = leaderboard_row(entry)
    return values | {"pseudo_accuracy": nan} if values["pseudo_accuracy"] == 1 else values


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
    kinds = [kind for kind in ("embedder", "clusterer", "trainer") if kind not in heads]
    parts = [name for kind in kinds for name in _names(board, kind) if name != IDENTITY]
    seeds = [] if "seeds" in heads else [pluralize(len(board[0].rows), "seed")]
    return " · ".join([dataset_title(dataset), pluralize(budget, "label"), *parts, *seeds])


def legend(board: list[LeaderboardEntry], shown: list[Column], top: int = 0) -> list[str]:
    """Return the lines below a board: the meaning of numbers and marks, and what makes it unfair."""
    heads, competing = {col.head for col in shown}, [entry for entry in board if entry.ranked]
    lines = [f"± half-width of the 95% interval over seeds{few_seeds_note(entry.rows for entry in board)}"]
    if any(entry.score("test_accuracy").is_constant and len(entry.rows) > 1 for entry in board):
        lines.append("without ±: every seed gives the same")
    lines += [f"{head}: {meaning}" for head, meaning in MEANINGS.items() if head in heads]
    lines += explain_marks(board)
    if competing and (pairs := competing[0].tests.pairs) > 1:
        lines.append(
            f"rows are compared seed by seed; among {pairs} comparisons some look large by chance, so a difference "
            "must be larger to count"
        )
    is_tied = [entry.gap.is_tied for entry in competing[1:]]
    if is_tied != sorted(is_tied, reverse=True):
        lines.append("≈ can be missing above a row that has it: scores that vary less from seed to seed show more")
    if 0 < top < len(competing):
        lines.append(f"not shown: {pluralize(len(competing) - top, 'more row')}")
    return [*lines, *(f"! {sentence}" for sentence in fairness_warnings(competing))]
