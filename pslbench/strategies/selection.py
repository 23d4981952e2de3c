"""Query labels of selected samples, and combine them with predicted labels."""

from typing import Literal

from pslbench.contracts import Pool, PseudoLabels
from pslbench.contracts.arrays import Bools, Ints
from pslbench.strategies.typiclust import select_typical

Selection = Literal["medoids", "typical", "random"]


def query_labels(pool: Pool, selection: Selection) -> PseudoLabels:
    """Query the labels of cluster medoids, of the most typical samples, or of random samples."""
    import numpy as np

    if selection == "medoids":
        selected = np.unique(pool.clusters.medoids)
    elif selection == "typical":
        selected = select_typical(pool, pool.budget)
    else:
        selected = pool.rng.choice(len(pool), pool.budget, replace=False)
    return PseudoLabels(selected, pool.label(selected))


def query_more(pool: Pool, queried: PseudoLabels, selected: Ints) -> PseudoLabels:
    """Query the labels of further samples, int64 (m,), and append them to those that were queried before."""
    import numpy as np

    labels = np.append(queried.hard_labels, pool.label(selected))
    return PseudoLabels(np.append(queried.indices, selected), labels)


def combine_labels(queried: PseudoLabels, predicted: Ints, is_kept: Bools) -> PseudoLabels:
    """Return the queried labels, and the predicted labels, int64 (n,), of the samples that are kept, bool (n,)."""
    labels, is_labeled = predicted.copy(), is_kept.copy()
    labels[queried.indices], is_labeled[queried.indices] = queried.hard_labels, True
    return PseudoLabels(is_labeled.nonzero()[0], labels[is_labeled])
