"""Samples in the plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats


def project(x: Floats) -> Floats:
    """Samples, float (n, ...), as points, float32 (n, 2): t-SNE (van der Maaten & Hinton 2008) of 50 components of PCA.

    Takes time that grows with n log n: a few seconds for 1,500. Near points are alike; distances between groups, and
    their sizes, mean nothing. Fewer than five samples, and samples that are all the same, are all at (0, 0).
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
    start = "pca" if components > 1 else "random"
    plane = TSNE(2, init=start, perplexity=perplexity, max_iter=500, random_state=0)
    with threadpool_limits(1):  # where other work goes on, threads that wait for each other take minutes
        points: Floats = plane.fit_transform(PCA(components, random_state=0).fit_transform(flat))
    return points
