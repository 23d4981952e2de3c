"""The Pareto front of cost and value."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


def pareto_front(cost: ArrayLike, value: ArrayLike) -> NDArray[np.bool_]:
    """Return which points are on the Pareto front: no other point is as good in both, and better in one.

    Args:
        cost, value: float (n,) each.

    Returns:
        Bool (n,); False for points with a NaN.
    """
    import numpy as np

    costs, values = np.asarray(cost, dtype=float), np.asarray(value, dtype=float)
    no_worse = (costs[:, None] <= costs) & (values[:, None] >= values)
    better = (costs[:, None] < costs) | (values[:, None] > values)
    front: NDArray[np.bool_] = ~(no_worse & better).any(axis=0) & ~np.isnan(costs) & ~np.isnan(values)
    return front
