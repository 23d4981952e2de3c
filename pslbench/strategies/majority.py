from __future__ import annotations

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy


@strategy("majority", needs_all_labels=True)
def majority(pool: Pool) -> PseudoLabels:
    """Give each cluster its most frequent true label: the best any one label a cluster can do."""
    import numpy as np

    clusters = pool.clusters
    labels = pool.label(np.arange(len(pool)))
    votes = np.zeros((clusters.k, pool.n_classes))
    np.add.at(votes, (clusters.assignment, labels), 1)
    votes[np.arange(clusters.k), labels[clusters.medoids]] += (
        0.5  # breaks ties, and speaks for a cluster without members
    )
    label_of = votes.argmax(axis=1)
    return PseudoLabels(np.arange(len(pool)), label_of[clusters.assignment], cluster_labels=label_of)
