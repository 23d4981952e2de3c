"""Tables that show comparisons of strategies on the screen."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import isnan

from rich.console import Group, RenderableType
from rich.text import Text

from pslbench.analysis.comparable_groups import group_title
from pslbench.analysis.comparison import Comparison
from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.analysis.significance import ALPHA, pairwise_p_values
from pslbench.analysis.statistics import MIN_BOOTSTRAP_SEEDS, MIN_SEEDS, paired_difference
from pslbench.errors import pluralize
from pslbench.reporters.formats import (
    caption_table,
    create_table,
    few_seeds_note,
    format_difference,
    format_mean,
    format_number,
    format_p_value,
    format_range,
    format_signed,
    stack_tables,
)

CELL_WIDTH = 9  # of a matrix, in characters
MEAN_WIDTH = 15  # of a mean with its half-width
ONE_PAIR = (
    "of this pair alone decides here, without adjustment; the leaderboard tests all pairs of a board over seeds, "
    "adjusted by Holm's method, so its conclusion can differ"
)


def comparison_tables(comparisons: Sequence[Comparison]) -> Iterator[RenderableType]:
    """Yield for each comparison all scores side by side, the tests of the test accuracies, and the verdict."""
    rivals = len({comparison.b.part("strategy") for comparison in comparisons})
    kinds = [bool(comparison.mcnemar) for comparison in comparisons]
    for i, comparison in enumerate(comparisons):
        notes = _notes(comparison) if kinds.index(kinds[i]) == i else []
        yield from (_scores(comparison), "", _tests(comparison, notes), "")
        is_unadjusted = rivals > 1 and comparison.is_significant
        verdict = comparison.verdict + f" Not adjusted for {rivals} comparisons." * is_unadjusted
        for sentence in (verdict, *(f"! {caveat}" for caveat in comparison.caveats)):
            yield Text(sentence, style="bold")
        yield ""


def _group_title(entries: Sequence[LeaderboardEntry]) -> str:
    dataset, budget = entries[0].combination[:2]
    return " · ".join([dataset, pluralize(budget, "label"), group_title(entries, "embedder", "clusterer", "trainer")])


def _scores(comparison: Comparison) -> Group:
    a, b = comparison.a, comparison.b
    table = create_table()
    table.add_column("", no_wrap=True)
    for name in (a.part("strategy"), b.part("strategy")):
        table.add_column(Text(name), justify="right", min_width=MEAN_WIDTH, overflow="fold")
    table.add_column("difference", justify="right", no_wrap=True)
    for name, difference in comparison.differences.items():
        text = Text(format_difference(difference), "" if difference.contains_zero else "bold")
        table.add_row(name, format_mean(a.score(name)), format_mean(b.score(name)), text)
    table.add_section()
    table.add_row("labels spent", *(format_number(entry.mean("labels_spent"), 0) for entry in (a, b)), "")
    table.add_row("seconds", *(format_number(entry.mean("seconds", "total"), 1) for entry in (a, b)), "")
    table.add_row("same prediction", format_mean(comparison.agreement), "", "")
    intervals = f"mean ± half-width of the 95% interval over seeds{few_seeds_note([a.rows])}"
    legend = f"{intervals}; differences are paired, bold if they exclude zero"
    return caption_table(f"{_group_title((a, b))} · {pluralize(comparison.seeds, 'seed')}", table, [legend])


def _tests(comparison: Comparison, notes: Sequence[str]) -> Group:
    a, b = comparison.a.part("strategy"), comparison.b.part("strategy")
    d, bca, mcnemar = comparison.difference, comparison.bca, comparison.mcnemar
    table = create_table()
    for head in ("", "estimate", "95% interval", "p"):
        table.add_column(head, justify="right" if head else "left")
    if mcnemar:
        table.add_row("exact McNemar test", f"{mcnemar.only_a:,} : {mcnemar.only_b:,}", "", format_p_value(mcnemar.p))
    else:
        table.add_row("paired t test", format_signed(d.mean), format_range(d), format_p_value(comparison.t_test_p))
        table.add_row("bootstrap (BCa)", format_signed(bca.estimate), format_range(bca), "")
        table.add_row("sign-flip test", "", "", format_p_value(comparison.sign_flip_p))
    return caption_table(f"test accuracy of {a} minus {b}", table, notes)


def _notes(comparison: Comparison) -> list[str]:
    if comparison.mcnemar:
        images = "exact McNemar test: test images that only the first, or only the second, classifies correctly"
        return [images, f"the exact McNemar test {ONE_PAIR}"]
    if (seeds := comparison.seeds) < MIN_SEEDS:
        return []
    notes = [f"the paired t test {ONE_PAIR}"]
    if seeds < MIN_BOOTSTRAP_SEEDS:
        notes.append("bootstrap: too narrow with so few seeds (docs/protocol.md)")
    if 2 / 2**seeds > ALPHA:
        notes.append(f"sign-flip test: p cannot be below {2 / 2**seeds:g} with {seeds} seeds")
    return notes


def difference_matrix(entries: Sequence[LeaderboardEntry], screen_width: int) -> Group:
    """Return the differences between all entries, in as many tables as the width of the screen requires."""
    p = pairwise_p_values([entry.by_seed() for entry in entries])
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
            cells = (_cell(entries[i], entries[j], float(p[i, j])) if i < j else "" for j in range(start, end))
            table.add_row(Text(names[i]), *cells)
        tables.append(table)
    n_tested = sum(not isnan(p[pair]) for pair in combinations(range(len(names)), 2))
    legend = (
        "upper line: row minus column; lower line: p value of the paired t test, Holm-adjusted for "
        f"{pluralize(n_tested, 'pair')}; bold if significant"
    )
    title = f"{_group_title(entries)} · all pairs in test accuracy"
    return caption_table(title, stack_tables(tables), [legend])


def _cell(row: LeaderboardEntry, column: LeaderboardEntry, p: float) -> Text:
    difference = paired_difference(row.by_seed(), column.by_seed()).mean
    return Text(f"{format_signed(difference)}\n{format_p_value(p)}", "bold" if p < ALPHA else "")
