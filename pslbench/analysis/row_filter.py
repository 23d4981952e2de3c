"""Selection of rows by the values of their columns."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from pslbench.analysis.leaderboard import COMBINATION_COLUMNS, current_name
from pslbench.errors import InputError, unknown
from pslbench.results.records import Result

COLUMNS = (*COMBINATION_COLUMNS, "seed", "status", "compute_dtype")


def filter_rows(results: Sequence[Result], conditions: Sequence[str]) -> list[Result]:
    """Return the rows that match `column=value` conditions: any condition of a column, in every column that has one.

    A value can be a pattern, for example `strategy=centroid*`.

    Raises:
        InputError: a condition is malformed, a column or value is unknown, or no row matches.
    """
    patterns: dict[str, list[str]] = {}
    for condition in conditions:
        name, equals, value = condition.partition("=")
        if not equals:
            raise InputError(f"'{condition}' is not column=value; write for example strategy=random")
        if (column := current_name(name)) not in COLUMNS:
            raise unknown("column", column, COLUMNS)
        known = {str(getattr(row, column)) for row in results}
        if not any(_matches(text, [value]) for text in known):
            raise unknown(column, value, sorted(known))
        patterns.setdefault(column, []).append(value)
    matching = [row for row in results if all(_matches(str(getattr(row, c)), p) for c, p in patterns.items())]
    if not matching:
        raise InputError(f"no row matches {' and '.join(conditions)} together; leave out a condition")
    return matching


def _matches(value: str, patterns: Sequence[str]) -> bool:
    # A value can itself contain the special characters of patterns, as in [a].npz.
    return any(value == pattern or fnmatchcase(value, pattern) for pattern in patterns)
