from __future__ import annotations

from collections.abc import Sequence
from math import comb, isnan
from typing import TYPE_CHECKING

from pslbench.analysis.aggregate import MIN_DATASETS, ROPE, AggregateRow, AggregateTable, aggregate_over_datasets
from pslbench.analysis.bootstrap import MIN_BOOTSTRAP_SEEDS
from pslbench.analysis.comparable_groups import group_title
from pslbench.analysis.leaderboard import leaderboard_entries
from pslbench.analysis.significance import ALPHA
from pslbench.analysis.statistics import MIN_SEEDS, IntervalEstimate
from pslbench.parts import reporter
from pslbench.reporters.formats import caption_table, create_table, format_p_value, pluralize, stack_tables
from pslbench.results.records import Result, ResultsReader

if TYPE_CHECKING:
    from rich.console import Group, RenderableType


@reporter("overall")
def overall_table(results: Sequence[Result], records: ResultsReader) -> RenderableType | None:
    """Strategies over several data sets on the screen, where there are several."""
    found = aggregate_over_datasets(leaderboard_entries(results))
    return stack_tables(map(table_of, found)) if found else None


def table_of(found: AggregateTable) -> Group:
    """Interquartile means and ranks, and how each strategy stands against the reference."""
    from rich.text import Text

    tested = len(found.datasets) >= MIN_DATASETS
    budget = pluralize(found.entries[0].combination[1], "label")
    parts = group_title(found.entries, "embedder", "clusterer", "trainer")
    shown = create_table()
    heads = ("interquartile mean", "average rank", "better", "≈", "worse", *["p"] * tested)
    shown.add_column("strategy", overflow="fold")
    for head in heads:
        shown.add_column(head, justify="right", min_width=4, no_wrap=True)
    for row in found.rows:
        cells = [row.strategy, _estimate(row.iqm, 4), _estimate(row.rank, 1), *_chances(row)]
        cells += [format_p_value(row.p)] * tested
        shown.add_row(*map(Text, cells), style="bold" if row.strategy == found.reference else "")
    return caption_table(f"over {len(found.datasets)} data sets · {budget} · {parts}", shown, _legend(found))


def _estimate(value: IntervalEstimate, digits: int) -> str:
    if isnan(value.low):
        return f"{value.estimate:.{digits}f}"
    return f"{value.estimate:.{digits}f} ({value.low:.{digits}f} to {value.high:.{digits}f})"


def _chances(row: AggregateRow) -> list[str]:
    if row.equivalence is None:
        return ["-"] * 3
    return [f"{chance:.2f}" for chance in (row.equivalence.better, row.equivalence.equivalent, row.equivalence.worse)]


def _legend(found: AggregateTable) -> list[str]:
    n, points = len(found.datasets), 100 * ROPE
    narrow = "; too narrow with so few seeds, docs/protocol.md" if found.seeds < MIN_BOOTSTRAP_SEEDS else ""
    over_seeds = (
        f"no interval with fewer than {MIN_SEEDS} seeds in common on each data set"
        if all(isnan(row.iqm.low) for row in found.rows)
        else f"in brackets its 95% interval over seeds (bootstrap{narrow})"
    )
    lines = [
        f"{', '.join(found.datasets)}",
        f"interquartile mean: data sets weigh the same; {over_seeds}",
        f"average rank: {_over_data_sets(found)}",
        f"better, ≈, worse: probability of being better than {found.reference}, within {points:g} points of it, worse "
        "(Bayesian signed-rank test)",
    ]
    if n < MIN_DATASETS:
        lines.append(
            f"too few data sets for Wilcoxon's test ({n}; it takes {MIN_DATASETS}), and to trust those "
            "probabilities: 2 that agree make 0.97"
        )
    else:
        lines.append(f"p: Wilcoxon's signed-rank test against {found.reference}, corrected for all pairs (Holm)")
        if (least := comb(len(found.rows), 2) * 2 / 2**n) > ALPHA:
            lines[-1] += f"; with {n} data sets and so many pairs no p can be below {min(1, least):.2g}"
    if found.left_out:
        lines.append(f"left out, not run on all of them with these seeds: {', '.join(sorted(found.left_out))}")
    if found.datasets_left_out:
        lines.append(f"left out, data sets that strategies lack: {', '.join(sorted(found.datasets_left_out))}")
    return lines


def _over_data_sets(found: AggregateTable) -> str:
    if len(found.datasets) < MIN_SEEDS:
        return f"no interval below {MIN_SEEDS} data sets"
    if all(isnan(row.rank.low) for row in found.rows):
        return "no interval where it is the same on each data set"
    return "in brackets its 95% interval over data sets (Student's t); none where it is the same on each"
