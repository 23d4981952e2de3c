from pslbench.contracts import Pool, PseudoLabels
from pslbench.contracts.arrays import Bools, Float64s, Ints
from pslbench.parts import strategy
from pslbench.strategies.selection import Selection, combine_labels, query_labels


@strategy(
    "confident",
    enabled=False,
    disabled_reason="it scores like centroid",
    uses=("clusters", "graph"),
    reference="Northcutt, Jiang & Chuang 2021, Confident Learning",
)
def confident(pool: Pool, *, select: Selection = "medoids") -> PseudoLabels:
    """Give each cluster the label of its labeled sample, and remove labels that the nearest neighbors contradict.

    The probabilities of a sample are the frequencies of its neighbors' labels. Its own label does not count, so they
    are out of sample. Time grows with the number of edges.

    Args:
        select: the samples to label: cluster medoids, the most typical samples (typiclust), or random ones. Clusters
            without a labeled sample take the label of the labeled sample nearest their center.
    """
    import numpy as np

    queried = query_labels(pool, select)
    labels = label_by_cluster(pool, queried)
    probabilities = np.eye(pool.n_classes)[labels[pool.graph.neighbors]].mean(axis=1)
    return combine_labels(queried, labels, ~find_label_errors(labels, probabilities))


def label_by_cluster(pool: Pool, queried: PseudoLabels) -> Ints:
    """Return the label of each sample's cluster, int64 (n,): that of its labeled sample nearest the center."""
    from sklearn.metrics import pairwise_distances_argmin

    clusters = pool.clusters
    nearest = pairwise_distances_argmin(clusters.centers, pool.features[queried.indices])
    cluster_labels: Ints = queried.hard_labels[nearest]
    farthest_first = (-clusters.distances[queried.indices]).argsort(kind="stable")  # the nearest overwrites the others
    cluster_labels[clusters.assignment[queried.indices[farthest_first]]] = queried.hard_labels[farthest_first]
    return cluster_labels[clusters.assignment]


def find_label_errors(labels: Ints, probabilities: Float64s) -> Bools:
    """Return which samples, bool (n,), the confident joint counts off its diagonal.

    A sample counts for class j if its probability of j is at least the mean of the samples labeled j. If there are
    several such classes, it counts for the most probable one (equations 1 and 2 of the paper).

    Args:
        labels: int64 (n,).
        probabilities: float (n, classes), out of sample.
    """
    import numpy as np

    n_classes = probabilities.shape[1]
    is_present = np.bincount(labels, minlength=n_classes) > 0
    thresholds = [probabilities[labels == j, j].mean() if is_present[j] else np.inf for j in range(n_classes)]
    above = np.where(probabilities >= np.array(thresholds) - 1e-12, probabilities, -1.0)
    return np.asarray((above.max(axis=1) > 0) & (above.argmax(axis=1) != labels))
