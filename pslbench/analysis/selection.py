"""Rows picked by what stands in their columns."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from pslbench.analysis.leaderboard import PARTS
from pslbench.errors import InputError, unknown
from pslbench.results.records import Result

COLUMNS = (*PARTS, "seed", "status", "compute_dtype")


def select(results: Sequence[Result], conditions: Sequence[str]) -> list[Result]:
    """The rows that hold `column=value` conditions: for each column named, any of its conditions.

    A value may be a pattern, as in `strategy=centroid*`. Raises InputError, naming the nearest column or value.
    """
    wanted: dict[str, list[str]] = {}
    for condition in conditions:
        column, equals, value = condition.partition("=")
        if not equals:
            raise InputError(f"'{condition}' is no column=value; write for example strategy=random")
        if column not in COLUMNS:
            raise unknown("column", column, COLUMNS)
        known = {str(getattr(row, column)) for row in results}
        if not any(_holds(each, value) for each in known):
            raise unknown(column, value, known)
        wanted.setdefault(column, []).append(value)
    kept = [row for row in results if all(_any(str(getattr(row, c)), values) for c, values in wanted.items())]
    if not kept:
        raise InputError(f"no row has {' and '.join(conditions)} at once")
    return kept


def _any(value: str, patterns: Sequence[str]) -> bool:
    return any(_holds(value, pattern) for pattern in patterns)


def _holds(value: str, pattern: str) -> bool:
    return value == pattern or fnmatchcase(value, pattern)  # a value may itself hold a pattern's signs, as in [a].npz
