"""Which samples to have labelled, for strategies whose point is what comes after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pslbench.contracts import Pool
from pslbench.strategies.typiclust import most_typical

if TYPE_CHECKING:
    from pslbench.contracts import Ints

Selection = Literal["medoids", "typical", "random"]


def selected(pool: Pool, how: Selection) -> Ints:
    """Samples to label, int64, distinct, as many as the budget allows or fewer."""
    import numpy as np

    if how == "medoids":
        return np.unique(pool.clusters.medoids)
    if how == "typical":
        return most_typical(pool, pool.budget)
    return pool.rng.choice(len(pool), pool.budget, replace=False)
