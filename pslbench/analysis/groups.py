"""Rows that cannot be told apart, as letters that they share."""

from __future__ import annotations

from itertools import product
from string import ascii_letters, ascii_lowercase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]


def letters(apart: Bools) -> list[str]:
    """A compact letter display (Piepho 2004): two rows share a letter if and only if they are not told apart.

    Args:
        apart: symmetric, bool (rows, rows): which pairs are told apart.

    Returns:
        The letters of each row; the first group has `a`. Where there are more than 52 groups they are words of as few
        letters as will do, the first `aa`, with spaces between.
    """
    found = groups(apart)
    names, length = list(ascii_letters), 1
    while len(names) < len(found):
        length += 1
        names = list(map("".join, product(ascii_lowercase, repeat=length)))
    between = "" if length == 1 else " "
    return [between.join(name for name, group in zip(names, found, strict=False) if row in group)
            for row in range(len(apart))]  # fmt: skip


def groups(apart: Bools) -> list[set[int]]:
    """Sets of rows, none told apart from another of its set, that hold every pair which is not told apart.

    Greedy: each pair that no set holds yet is widened, from the first row to the last, as far as it goes. There may be
    fewer sets (finding the fewest is NP-hard), never wrong ones.
    """
    import numpy as np

    together = ~apart
    held = np.zeros_like(together)
    found = []
    for pair in np.argwhere(np.triu(together)):
        if held[tuple(pair)]:
            continue
        group = list(dict.fromkeys(pair.tolist()))
        for row in range(len(apart)):
            if row not in group and together[row, group].all():
                group.append(row)
        held[np.ix_(group, group)] = True
        found.append(set(group))
    return found
