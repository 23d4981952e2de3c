"""The comparison of strategies over datasets on the screen."""

from collections.abc import Sequence
from math import comb, isnan

from rich.console import Group

from pslbench.analysis.aggregate import (
    EQUIVALENCE_MARGIN,
    MIN_DATASETS,
    AggregateTable,
    aggregate_over_datasets,
)
from pslbench.analysis.leaderboard import leaderboard_entries
from pslbench.analysis.significance import ALPHA
from pslbench.analysis.statistics import MIN_BOOTSTRAP_SEEDS, MIN_SEEDS, IntervalEstimate
from pslbench.errors import pluralize
from pslbench.extras import install_command
from pslbench.reporters.formats import (
    FoldingTable,
    TextColumn,
    caption_table,
    dataset_title,
    format_p_value,
    parts_title,
    stack_tables,
)
from pslbench.results.records import Result


def build_overall_tables(results: Sequence[Result]) -> Group | None:
    """Return a table over datasets for each budget; None if there are not several datasets."""
    aggregates = aggregate_over_datasets(leaderboard_entries(results))
    return stack_tables(map(build_overall_table, aggregates)) if aggregates else None


def build_overall_table(aggregate: AggregateTable) -> Group:
    """Return a table of interquartile means, ranks, and the comparison of each strategy with the reference."""
    is_tested = len(aggregate.datasets) >= MIN_DATASETS
    budget = pluralize(aggregate.entries[0].combination[1], "label")
    parts = parts_title(aggregate.entries)
    heads = ("interquartile mean", "average rank", "better", "equal", "worse", *["p"] * is_tested)
    rows = []
    for row in aggregate.rows:
        cells = [_format_estimate(row.iqm, 4), _format_estimate(row.rank, 1)]
        cells += [f"{probability:.2f}" for probability in row.equivalence] if row.equivalence else ["-"] * 3
        rows.append([*cells, *[format_p_value(row.p)] * is_tested])
    columns = [TextColumn("strategy", [row.strategy for row in aggregate.rows], "left", identifies=True)]
    columns += [TextColumn(head, [row[i] for row in rows], min_width=4) for i, head in enumerate(heads)]
    styles = ["bold" if row.strategy == aggregate.reference else "" for row in aggregate.rows]
    title = f"over {len(aggregate.datasets)} datasets · {budget} · {parts}"
    return caption_table(title, FoldingTable(columns, styles), _build_legend(aggregate))


def _format_estimate(value: IntervalEstimate, digits: int) -> str:
    if isnan(value.low):
        return f"{value.estimate:.{digits}f}"
    return f"{value.estimate:.{digits}f} ({value.low:.{digits}f} to {value.high:.{digits}f})"


def _build_legend(aggregate: AggregateTable) -> list[str]:
    n, points = len(aggregate.datasets), 100 * EQUIVALENCE_MARGIN
    caution = "; too narrow with so few seeds, see docs/protocol.md" if aggregate.seeds < MIN_BOOTSTRAP_SEEDS else ""
    over_seeds = (
        f"no interval with fewer than {MIN_SEEDS} seeds in common on each dataset"
        if all(isnan(row.iqm.low) for row in aggregate.rows)
        else f"in parentheses its 95% interval over seeds (bootstrap{caution})"
    )
    is_missing = len(aggregate.rows) > 1 and all(row.equivalence is None for row in aggregate.rows)
    missing = f", which needs a library: {install_command('bayes')}" if is_missing else ""
    lines = [
        ", ".join(map(dataset_title, aggregate.datasets)),
        f"interquartile mean: all datasets have the same weight; {over_seeds}",
        f"average rank: {_explain_rank_interval(aggregate)}",
        f"better, equal, worse: probability that a strategy is better than {aggregate.reference}, within {points:g} "
        f"points of it, or worse (Bayesian signed-rank test{missing})",
    ]
    if n < MIN_DATASETS:
        lines.append(
            f"{n} datasets are too few for Wilcoxon's test, which needs {MIN_DATASETS}, and for reliable "
            "probabilities: 2 datasets that agree give 0.97"
        )
    else:
        lines.append(f"p: Wilcoxon's signed-rank test against {aggregate.reference}, adjusted for all pairs (Holm)")
        if (least := comb(len(aggregate.rows), 2) * 2 / 2**n) > ALPHA:
            lines[-1] += f"; with {n} datasets and this many pairs, p cannot be below {min(1, least):.2g}"
    if aggregate.left_out:
        lines.append(f"omitted strategies, incomplete over datasets and seeds: {', '.join(aggregate.left_out)}")
    if aggregate.datasets_left_out:
        lines.append(f"omitted datasets, incomplete over strategies: {', '.join(aggregate.datasets_left_out)}")
    return lines


def _explain_rank_interval(aggregate: AggregateTable) -> str:
    if len(aggregate.datasets) < MIN_SEEDS:
        return f"no interval with fewer than {MIN_SEEDS} datasets"
    if all(isnan(row.rank.low) for row in aggregate.rows):
        return "no interval, because each rank is the same on all datasets"
    return "in parentheses its 95% interval over datasets (Student's t); none if the rank is the same on all datasets"
