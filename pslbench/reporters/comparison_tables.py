"""Tables that show comparisons of strategies on the screen."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from pslbench.analysis.comparison import Comparison
from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.analysis.significance import ALPHA
from pslbench.analysis.statistics import MIN_BOOTSTRAP_SEEDS, MIN_SEEDS, paired_difference
from pslbench.errors import pluralize
from pslbench.reporters.formats import (
    FoldingTable,
    TextColumn,
    caption_table,
    create_table,
    dataset_title,
    few_seeds_note,
    format_difference,
    format_mean,
    format_number,
    format_p_value,
    format_range,
    format_signed,
    parts_title,
    stack_tables,
)

CELL_WIDTH = 9  # of a matrix, in characters
MEAN_WIDTH = 15  # of a mean with its half-width
MAX_NAME_WIDTH = 19  # of a longer name, which is folded


def comparison_tables(comparisons: Sequence[Comparison], verbose: bool = False) -> Iterator[RenderableType]:
    """Yield for each comparison all scores side by side, and the verdict; if verbose, further tests of the pair."""
    for comparison in comparisons:
        yield from (_scores(comparison), "")
        if verbose:
            yield from (_further_tests(comparison), "")
        for sentence in (comparison.sentence, *(f"! {caveat}" for caveat in comparison.caveats)):
            yield Text(sentence, style="bold")
        yield ""


def _group_title(entries: Sequence[LeaderboardEntry]) -> str:
    dataset, budget = entries[0].combination[:2]
    return " · ".join(filter(None, (dataset_title(dataset), pluralize(budget, "label"), parts_title(entries))))


def _scores(comparison: Comparison) -> Group:
    a, b = comparison.a, comparison.b
    rows: list[tuple[str, ...]] = [
        (name, format_mean(a.score(name)), format_mean(b.score(name)), format_difference(difference))
        for name, difference in comparison.differences.items()
    ]
    scores = len(rows)
    rows.append(("labels spent", *(format_number(entry.mean("labels_spent"), 0) for entry in (a, b)), ""))
    rows.append(("seconds", *(format_number(entry.mean("seconds", "total"), 1) for entry in (a, b)), ""))
    rows.append(("same prediction", format_mean(comparison.agreement), "", ""))
    names, of_a, of_b, differences = zip(*rows, strict=True)
    columns = [
        TextColumn("", names, "left", identifies=True),
        TextColumn(a.part("strategy"), of_a, min_width=MEAN_WIDTH, max_width=MAX_NAME_WIDTH),
        TextColumn(b.part("strategy"), of_b, min_width=MEAN_WIDTH, max_width=MAX_NAME_WIDTH),
        TextColumn("difference", differences),
    ]
    table = FoldingTable(columns, [""] * len(rows), [scores - 1])
    intervals = f"± half-width of the 95% interval over seeds{few_seeds_note([a.rows])}; differences are paired"
    return caption_table(f"{_group_title((a, b))} · {pluralize(comparison.seeds, 'seed')}", table, [intervals])


def _further_tests(comparison: Comparison) -> Group:
    """Return tests of this pair alone. They are not corrected for the number of comparisons, so they do not decide."""
    a, b = comparison.a.part("strategy"), comparison.b.part("strategy")
    d, bootstrap = comparison.verdict.difference, comparison.bootstrap
    table = create_table()
    for head in ("", "estimate", "95% interval", "p"):
        table.add_column(head, justify="right" if head else "left")
    table.add_row("paired t test", format_signed(d.mean), format_range(d), format_p_value(comparison.t_test_p))
    table.add_row("bootstrap (BCa)", format_signed(bootstrap.estimate), format_range(bootstrap), "")
    table.add_row("sign-flip test", "", "", format_p_value(comparison.sign_flip_p))
    notes = ["tests of this pair alone, without correction; the sentence below decides"]
    if MIN_SEEDS <= comparison.seeds < MIN_BOOTSTRAP_SEEDS:
        notes.append("bootstrap: too narrow with so few seeds (docs/protocol.md)")
    if comparison.seeds >= MIN_SEEDS and 2 / 2**comparison.seeds > ALPHA:
        notes.append(f"sign-flip test: p cannot be below {2 / 2**comparison.seeds:g} with {comparison.seeds} seeds")
    return caption_table(f"test accuracy of {a} minus {b}", table, notes)


def difference_matrix(entries: Sequence[LeaderboardEntry], screen_width: int) -> Group:
    """Return the differences between all entries, in as many tables as the width of the screen requires."""
    names = [entry.part("strategy") for entry in entries]
    width = min(max(map(len, names)), screen_width - CELL_WIDTH - 2)
    columns_per_table = max(1, (screen_width - width) // (CELL_WIDTH + 2))
    tables = []
    for start in range(1, len(names), columns_per_table):
        table, end = create_table(), min(start + columns_per_table, len(names))
        table.add_column("minus", min_width=width, overflow="fold")
        for name in names[start:end]:
            table.add_column(Text(name), justify="right", width=CELL_WIDTH, overflow="fold")
        for i in range(end - 1):
            cells = (_cell(entries[i], entries[j]) if i < j else "" for j in range(start, end))
            table.add_row(Text(names[i]), *cells)
        tables.append(table)
    pairs = pluralize(entries[0].tests.pairs, "comparison")
    legend = f"upper line: row minus column; lower line: p value, corrected for {pairs}; bold: can be told apart"
    title = f"{_group_title(entries)} · all pairs in test accuracy"
    return caption_table(title, stack_tables(tables), [legend])


def _cell(row: LeaderboardEntry, column: LeaderboardEntry) -> Text:
    difference = paired_difference(row.by_seed(), column.by_seed()).mean
    p = row.tests.p_value(row.combination, column.combination)
    return Text(f"{format_signed(difference)}\n{format_p_value(p)}", "bold" if p < ALPHA else "")
