from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy


@strategy("majority", needs_all_labels=True)
def majority(pool: Pool) -> PseudoLabels:
    """Give each cluster the most frequent true label of its members: the upper bound of one label per cluster."""
    import numpy as np

    clusters, indices = pool.clusters, np.arange(len(pool))
    labels = pool.label(indices)
    votes = np.zeros((clusters.k, pool.n_classes))
    np.add.at(votes, (clusters.assignment, labels), 1)
    votes[np.arange(clusters.k), labels[clusters.medoids]] += 0.5  # breaks ties, and labels clusters without members
    cluster_labels = votes.argmax(axis=1)
    return PseudoLabels(indices, cluster_labels[clusters.assignment], cluster_labels=cluster_labels)
