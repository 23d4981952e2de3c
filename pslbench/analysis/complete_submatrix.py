"""The part of a table with gaps that has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]


def complete(there: Bools) -> tuple[list[int], list[int]]:
    """The rows and columns that are left when, one by one, whichever lacks the largest share of its cells has gone.

    Of equal shares the last goes, and a column before a row; the last two columns stay. Greedy: there may be a larger
    part without gaps.

    Args:
        there: bool (rows, columns).
    """
    import numpy as np

    rows, columns = list(range(there.shape[0])), list(range(there.shape[1]))
    while (gaps := ~there[np.ix_(rows, columns)]).any():
        of_row, of_column = gaps.mean(axis=1)[::-1], gaps.mean(axis=0)[::-1]
        if len(columns) > 2 and of_column.max() >= of_row.max():
            columns.pop(-1 - int(of_column.argmax()))
        else:
            rows.pop(-1 - int(of_row.argmax()))
    return rows, columns
