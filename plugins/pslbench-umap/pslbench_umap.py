"""UMAP, in a package of its own since umap-learn brings numba."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from annotated_types import Ge

from pslbench import Embedding, Part, embedder, hookimpl


@embedder("umap", reference="McInnes, Healy & Melville 2018, UMAP")
def umap(
    x: Any,
    seed: int,
    *,
    dims: Annotated[int, Ge(2)] = 10,
    neighbors: Annotated[int, Ge(2)] = 10,
    min_dist: Annotated[float, Ge(0)] = 0.0,
) -> Embedding:
    """Uniform manifold approximation and projection: neighbours stay together, classes draw apart.

    Args:
        x: the pool, float32 (n, ...).
        seed: of the layout; with a seed umap-learn works on one core.
        dims: of the space.
        neighbors: of each sample in the graph that is laid out.
        min_dist: how close samples may come.
    """
    import warnings

    from umap import UMAP

    fitted = UMAP(
        n_components=dims, n_neighbors=min(neighbors, len(x) - 1), min_dist=min_dist, random_state=seed, n_jobs=1
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        features = fitted.fit_transform(x.reshape(len(x), -1))
    return Embedding(features, lambda new: fitted.transform(new.reshape(len(new), -1)))


@hookimpl
def pslbench_register() -> Iterator[Part]:
    yield umap
