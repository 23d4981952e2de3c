"""Projection of samples to the plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats


def project_to_plane(x: Floats) -> Floats:
    """Return samples, float (n, ...), as points, float32 (n, 2), by t-SNE of 50 PCA components.

    Source: van der Maaten & Hinton 2008. The time grows with n log n: a few seconds for 1,500 samples. Near points are
    similar; the sizes of groups and the distances between them have no meaning. Fewer than five samples, or samples
    that are all equal, are at (0, 0).
    """
    import numpy as np
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    flat = x.reshape(len(x), -1)
    if len(flat) < 5 or (flat == flat[0]).all():
        return np.zeros((len(flat), 2), np.float32)
    components = min(50, *flat.shape)
    perplexity = min(30, (len(flat) - 1) / 3)
    init = "pca" if components > 1 else "random"
    tsne = TSNE(2, init=init, perplexity=perplexity, max_iter=500, random_state=0)
    with threadpool_limits(1):  # threads that wait for each other take minutes if the machine is busy
        points: Floats = tsne.fit_transform(PCA(components, random_state=0).fit_transform(flat))
    return points
