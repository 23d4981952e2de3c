"""How comparisons of strategies look on the screen."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from rich.text import Text

from pslbench.analysis.bootstrap import TRUSTED
from pslbench.analysis.leaderboard import ALPHA
from pslbench.analysis.settings import title
from pslbench.analysis.statistics import MIN_SEEDS
from pslbench.cli.console import stdout_console
from pslbench.reporters.formats import apart, between, counted, number, p_value, ruled_table, signed, spread, titled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Group
    from rich.table import Table

    from pslbench.analysis.comparison import Comparison, Matrix
    from pslbench.analysis.leaderboard import LeaderboardEntry

CELL = 9  # columns that a cell of a matrix takes
SPREAD = 15  # those of a mean with its half-width


def show(comparisons: Sequence[Comparison]) -> None:
    """Of each all scores side by side, what can be said of the test accuracies, and the verdict."""
    console, rivals = stdout_console(), len({comparison.b.part("strategy") for comparison in comparisons})
    for place, comparison in enumerate(comparisons):
        console.print(_scores(comparison), "", _evidence(comparison, explained=place == 0), "", sep="\n")
        clear = rivals > 1 and not comparison.differences["test_accuracy"].holds_zero
        verdict = comparison.verdict + f" Not corrected for being one of {rivals} comparisons." * clear
        for sentence in (verdict, *(f"! {caveat}" for caveat in comparison.caveats)):
            console.print(sentence, style="bold", markup=False)
        console.print()


def _setting(entries: Sequence[LeaderboardEntry]) -> str:
    dataset, budget = entries[0].combination[:2]
    return " · ".join([dataset, counted(budget, "label"), title(entries, "embedder", "clusterer", "trainer")])


def _scores(comparison: Comparison) -> Group:
    a, b = comparison.a, comparison.b
    table = ruled_table()
    table.add_column("", no_wrap=True)
    for name in (a.part("strategy"), b.part("strategy")):
        table.add_column(Text(name), justify="right", min_width=SPREAD, overflow="fold")
    table.add_column("difference", justify="right", no_wrap=True)
    for name, difference in comparison.differences.items():
        style = "" if difference.holds_zero else "bold"
        shown = "-" if isnan(difference.mean) else signed(difference)
        table.add_row(name, spread(a.score(name)), spread(b.score(name)), Text(shown, style))
    table.add_section()
    table.add_row("labels spent", number(a.mean("labels_spent"), 0), number(b.mean("labels_spent"), 0), "")
    table.add_row("seconds", number(a.mean("seconds", "total"), 1), number(b.mean("seconds", "total"), 1), "")
    table.add_row("same class given", spread(comparison.agreement), "", "")
    few = f"; none below {MIN_SEEDS} seeds" if comparison.seeds < MIN_SEEDS else ""
    legend = (
        f"mean ± half-width of its 95% interval over seeds{few}; differences in pairs, bold where zero is ruled out"
    )
    return titled(f"{_setting((a, b))} · {counted(comparison.seeds, 'seed')}", table, [legend])


def _evidence(comparison: Comparison, explained: bool) -> Group:
    a, b = comparison.a.part("strategy"), comparison.b.part("strategy")
    d, bca = comparison.differences["test_accuracy"], comparison.bca
    pooled, wins = comparison.mcnemar, comparison.superiority
    table = ruled_table()
    for head in ("", "estimate", "95% interval", "p"):
        table.add_column(head, justify="right" if head else "left")
    table.add_row("paired t test", _signed(d.mean), between(d, "+.4f"), p_value(comparison.t_test))
    table.add_row("bootstrap (BCa)", _signed(bca.estimate), between(bca, "+.4f"), "")
    table.add_row("sign-flip test", "", "", p_value(comparison.sign_flip))
    table.add_row("McNemar's test", f"{pooled.only_a:,} : {pooled.only_b:,}", "", p_value(pooled.p))
    table.add_row("chance to win", number(wins.estimate, 2), between(wins, ".2f"), "")
    return titled(f"test accuracy of {a} minus {b}", table, _notes(comparison.seeds) if explained else [])


def _signed(value: float) -> str:
    return "-" if isnan(value) else f"{value:+.4f}"


def _notes(seeds: int) -> list[str]:
    notes = []
    if MIN_SEEDS <= seeds < TRUSTED:
        notes.append("bootstrap: too narrow with so few seeds (docs/protocol.md)")
    if seeds >= MIN_SEEDS and 2 / 2**seeds > ALPHA:
        notes.append(f"sign-flip test: p cannot be below {2 / 2**seeds:g} with {seeds} seeds")
    return [
        *notes,
        "McNemar's test: test samples that the first or the second alone gets right, pooled over seeds; p is of these "
        "trained classifiers, not of the strategies",
        "chance to win: that a run of the first scores above a run of the second; a tie counts half",
    ]


def show_all(matrix: Matrix) -> None:
    """All pairs, in as many tables as the screen's width asks for."""
    console = stdout_console()
    names = [entry.part("strategy") for entry in matrix.entries]
    width = min(max(map(len, names)), console.width - CELL - 2)
    room = max(1, (console.width - width) // (CELL + 2))
    columns = [range(start, min(start + room, len(names))) for start in range(1, len(names), room)]
    tables = [_matrix(matrix, names, width, each) for each in columns]
    legend = (
        "upper line: row minus column; lower line: p of the paired t test, corrected for all "
        f"{sum(not isnan(p) for _, p in matrix.pairs.values())} pairs (Holm); bold where told apart"
    )
    console.print(
        titled(f"{_setting(matrix.entries)} · all pairs in test accuracy", apart(tables), [legend]), "", sep="\n"
    )


def _matrix(matrix: Matrix, names: Sequence[str], width: int, columns: Sequence[int]) -> Table:
    table = ruled_table()
    table.add_column("minus", min_width=width, overflow="fold")
    for j in columns:
        table.add_column(Text(names[j]), justify="right", width=CELL, overflow="fold")
    for i in range(max(columns)):
        table.add_row(Text(names[i]), *(_pair(matrix, i, j) for j in columns))
    return table


def _pair(matrix: Matrix, i: int, j: int) -> Text:
    if i >= j:
        return Text("")
    difference, p = matrix.pairs[i, j]
    return Text(f"{_signed(difference.mean)}\n{p_value(p)}", "bold" if matrix.apart(i, j) else "")
