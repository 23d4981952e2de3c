"""What is beaten by nothing in two respects at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


def pareto_front(cost: ArrayLike, value: ArrayLike) -> NDArray[np.bool_]:
    """Of points with a cost and a value, float (n,) each, those that no other is as good as in both, and better in one.

    Returns:
        Bool (n,); False where one of the two is NaN.
    """
    import numpy as np

    costs, values = np.asarray(cost, dtype=float), np.asarray(value, dtype=float)
    no_worse = (costs[:, None] <= costs) & (values[:, None] >= values)
    better = (costs[:, None] < costs) | (values[:, None] > values)
    front: NDArray[np.bool_] = ~(no_worse & better).any(axis=0) & ~np.isnan(costs) & ~np.isnan(values)
    return front
