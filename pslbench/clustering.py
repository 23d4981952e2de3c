"""Build `Clusters` from an object with scikit-learn's interface."""

from typing import Any

from pslbench.contracts import Clusters
from pslbench.contracts.arrays import ArrayLike, Floats, Ints
from pslbench.errors import ContractError

BATCH_ROWS = 4096  # samples per batch, so that the features are never copied as a whole


def fit_clusters(fitter: Any, features: Floats, k: int, new: Floats | None = None) -> tuple[Clusters, Ints | None]:
    """Fit `fitter` to features, float32 (n, d), and return at most k clusters.

    The centers are `cluster_centers_` or `means_` of the fitted object. If it has neither, they are the means of the
    members, and clusters without members are removed. New samples are assigned by `predict`, or to the nearest center
    if the object has no such method or if clusters were removed.

    Returns:
        The clusters, and the cluster, int64 (m,), of each of the `new` samples, float32 (m, d).

    Raises:
        ContractError: labels or predictions are not one integer from 0 to k - 1 per sample.
    """
    import numpy as np
    from sklearn.metrics import pairwise_distances_argmin

    fitter.fit(features)
    labels = fitter.labels_ if hasattr(fitter, "labels_") else fitter.predict(features)
    assignment = _checked_labels(labels, len(features), k)
    centers = _fitted_centers(fitter, k)
    if centers is None:
        assignment = np.unique(assignment, return_inverse=True)[1]
        centers = _means(features, assignment)
    distances = np.concatenate(
        [
            np.linalg.norm(features[i : i + BATCH_ROWS] - centers[assignment[i : i + BATCH_ROWS]], axis=1)
            for i in range(0, len(features), BATCH_ROWS)
        ]
    )
    clusters = Clusters(assignment, centers, _medoids(features, assignment, centers, distances), distances)
    if new is None:
        return clusters, None
    if hasattr(fitter, "predict") and len(centers) == k:
        return clusters, _checked_labels(fitter.predict(new), len(new), k)
    return clusters, pairwise_distances_argmin(new, centers).astype(np.int64)


def _checked_labels(labels: ArrayLike, n: int, k: int) -> Ints:
    import numpy as np

    array = np.asarray(labels)
    if array.shape != (n,) or not np.issubdtype(array.dtype, np.integer) or ((array < 0) | (array >= k)).any():
        raise ContractError(
            f"the clusterer must give every sample one integer from 0 to {k - 1}: an integer array of shape ({n},)"
        )
    return array.astype(np.int64)


def _fitted_centers(fitter: Any, k: int) -> Floats | None:
    import numpy as np

    for attribute in ("cluster_centers_", "means_"):
        if len(centers := getattr(fitter, attribute, ())) == k:
            return np.asarray(centers, np.float32)
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
