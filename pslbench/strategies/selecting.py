"""Which samples to have labelled, and which to train on, for strategies whose point is what comes between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pslbench.contracts import Pool, PseudoLabels
from pslbench.strategies.typiclust import most_typical

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pslbench.contracts.arrays import Ints

Selection = Literal["medoids", "typical", "random"]


def bought(pool: Pool, how: Selection) -> tuple[Ints, Ints]:
    """Samples that are labelled, int64 (m,), distinct, and their labels, int64 (m,)."""
    chosen = _selected(pool, how)
    return chosen, pool.label(chosen)


def kept_and_bought(predicted: Ints, kept: NDArray[np.bool_], chosen: Ints, labels: Ints) -> PseudoLabels:
    """Of samples `kept`, bool (n,), what is `predicted`, int64 (n,); of the `chosen`, int64 (m,), their own labels."""
    import numpy as np

    given, own = predicted.copy(), kept.copy()
    given[chosen], own[chosen] = labels, True
    return PseudoLabels(np.flatnonzero(own), given[own])


def _selected(pool: Pool, how: Selection) -> Ints:
    """Samples to label, int64, distinct, as many as the budget allows or fewer."""
    import numpy as np

    if how == "medoids":
        return np.unique(pool.clusters.medoids)
    if how == "typical":
        return most_typical(pool, pool.budget)
    return pool.rng.choice(len(pool), pool.budget, replace=False)
