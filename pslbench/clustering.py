"""From a fitted scikit-learn object to `Clusters`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pslbench.contracts import Clusters
from pslbench.errors import ContractError

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats, Ints

ROWS = 4096  # at a time, so that no second copy of the features is made


def fit_clusters(fitter: Any, features: Floats, k: int, new: Floats | None = None) -> tuple[Clusters, Ints | None]:
    """Fit `fitter` to features, float32 (n, d), and describe the k clusters it finds.

    Returns:
        The clusters, and the cluster, int64 (m,), that each of the `new` samples, float32 (m, d), falls into.

    Centres are the object's own `cluster_centers_` or `means_`, else the means of the members, with clusters that have
    none left out. New samples go where its `predict` says, else to the nearest centre.

    Raises:
        ContractError: where it gives no cluster for each sample, or more than k.
    """
    import numpy as np
    from sklearn.metrics import pairwise_distances_argmin

    fitter.fit(features)
    found = fitter.labels_ if hasattr(fitter, "labels_") else fitter.predict(features)
    assignment = np.asarray(found).astype(np.int64)
    if assignment.shape != (len(features),) or assignment.min() < 0 or assignment.max() >= k:
        raise ContractError(f"the clusterer must give every sample a cluster from 0 to {k - 1}")
    centers = _own_centres(fitter, k)
    if centers is None:
        assignment = np.unique(assignment, return_inverse=True)[1]
        centers = _means(features, assignment)
    distances = np.concatenate(
        [
            np.linalg.norm(features[i : i + ROWS] - centers[assignment[i : i + ROWS]], axis=1)
            for i in range(0, len(features), ROWS)
        ]
    )
    medoids = _medoids(features, assignment, centers, distances)
    clusters = Clusters(assignment, centers, medoids, distances)
    if new is None:
        return clusters, None
    by_itself = hasattr(fitter, "predict") and len(centers) == k
    falls = fitter.predict(new) if by_itself else pairwise_distances_argmin(new, centers)
    return clusters, np.asarray(falls).astype(np.int64)


def _own_centres(fitter: Any, k: int) -> Floats | None:
    import numpy as np

    for attribute in ("cluster_centers_", "means_"):
        if len(own := getattr(fitter, attribute, ())) == k:
            return np.asarray(own, np.float32)
    return None


def _means(features: Floats, assignment: Ints) -> Floats:
    import numpy as np
    from scipy.sparse import csr_matrix

    n, sizes = len(features), np.bincount(assignment)
    members = csr_matrix((np.ones(n, np.float32), (assignment, np.arange(n))), shape=(len(sizes), n))
    return np.asarray(members @ features / sizes[:, None], np.float32)


def _medoids(features: Floats, assignment: Ints, centers: Floats, distances: Floats) -> Ints:
    import numpy as np
    from sklearn.metrics import pairwise_distances_argmin

    order = np.lexsort((distances, assignment))
    present, first = np.unique(assignment[order], return_index=True)
    medoids = np.empty(len(centers), np.int64)
    medoids[present] = order[first]
    if len(empty := np.setdiff1d(np.arange(len(centers)), present)):
        medoids[empty] = pairwise_distances_argmin(centers[empty], features)
    return medoids
