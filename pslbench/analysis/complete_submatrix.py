"""A part of a table that has no gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Bools


def complete_submatrix(is_present: Bools) -> tuple[list[int], list[int]]:
    """Return rows and columns of a table, bool (rows, columns), such that all their cells are present.

    The row or column with the largest share of gaps is removed until there are none. Of equal shares, columns go
    before rows, and the last goes first. The last two columns stay. A larger part without gaps can exist, because the
    algorithm is greedy.
    """
    import numpy as np

    rows, columns = map(list, map(range, is_present.shape))
    while (gaps := ~is_present[np.ix_(rows, columns)]).any():
        of_row, of_column = gaps.mean(axis=1)[::-1], gaps.mean(axis=0)[::-1]
        if len(columns) > 2 and of_column.max() >= of_row.max():
            columns.pop(-1 - int(of_column.argmax()))
        else:
            rows.pop(-1 - int(of_row.argmax()))
    return rows, columns
