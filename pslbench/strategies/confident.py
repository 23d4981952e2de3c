from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.diffusion import one_hot
from pslbench.strategies.selecting import Selection, bought, kept_and_bought

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pslbench.contracts.arrays import Ints


@strategy(
    "confident",
    enabled=False,
    uses=("clusters", "graph"),
    reference="Northcutt, Jiang & Chuang 2021, Confident Learning",
)
def confident(pool: Pool, *, select: Selection = "medoids") -> PseudoLabels:
    """Give each cluster the label of its sample, then drop what the labels of its nearest neighbours speak against.

    Each sample's probabilities are those of its neighbours' labels without its own, so they are out of sample.
    Time grows with the edges of the graph.

    Args:
        pool: with clusters and a graph.
        select: the samples that are labelled: those nearest cluster centres, the most typical of their cluster
            (typiclust), or random ones. Clusters without one take the label of the nearest cluster that has one.
    """
    chosen, labels = bought(pool, select)
    given = _by_cluster(pool, chosen, labels)
    probabilities = one_hot(given, pool.n_classes)[pool.graph.neighbors].mean(axis=1)
    return kept_and_bought(given, ~off_diagonal(given, probabilities), chosen, labels)


def _by_cluster(pool: Pool, chosen: Ints, labels: Ints) -> Ints:
    """The label of each sample's cluster, int64 (n,): that of its labelled sample nearest the centre, if it has one."""
    from sklearn.metrics import pairwise_distances_argmin

    clusters = pool.clusters
    label_of = labels[pairwise_distances_argmin(clusters.centers, pool.features[chosen])]
    for place in (-clusters.distances[chosen]).argsort(kind="stable"):  # the nearest comes last, and stays
        label_of[clusters.assignment[chosen[place]]] = labels[place]
    given: Ints = label_of[clusters.assignment]
    return given


def off_diagonal(labels: Ints, probabilities: NDArray[Any]) -> NDArray[np.bool_]:
    """Which samples, bool (n,), the confident joint counts off its diagonal.

    A sample counts for class j where its probability of j is at least the mean of those labelled j, for the most
    probable such j (equations 1 and 2 of the paper).

    Args:
        labels: int64 (n,).
        probabilities: float (n, classes), out of sample.
    """
    import numpy as np

    n_classes = probabilities.shape[1]
    present = np.bincount(labels, minlength=n_classes) > 0
    thresholds = [probabilities[labels == j, j].mean() if present[j] else np.inf for j in range(n_classes)]
    above = np.where(probabilities >= np.array(thresholds) - 1e-12, probabilities, -1.0)
    counted: NDArray[np.bool_] = (above.max(axis=1) > 0) & (above.argmax(axis=1) != labels)
    return counted
