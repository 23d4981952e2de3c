"""Rows that cannot be told apart, as letters that they share."""

from __future__ import annotations

from string import ascii_letters
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
        The letters of each row; the first group has `a`. Empty words where there are more than 52 groups.
    """
    found = groups(apart)
    if len(found) > len(ascii_letters):
        return [""] * len(apart)
    return ["".join(letter for letter, group in zip(ascii_letters, found, strict=False) if row in group)
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
