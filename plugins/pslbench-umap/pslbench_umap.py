"""UMAP, in a package of its own since umap-learn brings numba."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from annotated_types import Ge

from pslbench import Embedding, InputError, Part, embedder, hookimpl, upright_images


@embedder("umap", reference="McInnes, Healy & Melville 2018, UMAP")
def umap(
    x: Any,
    seed: int,
    *,
    dims: Annotated[int, Ge(2)] = 10,
    neighbors: Annotated[int, Ge(2)] = 10,
    min_dist: Annotated[float, Ge(0)] = 0.0,
    upright: bool = False,
) -> Embedding:
    """Uniform manifold approximation and projection: neighbours stay together, classes draw apart.

    Args:
        x: the pool, float32 (n, ...).
        seed: of the layout; with a seed umap-learn works on one core.
        dims: of the space.
        neighbors: of each sample in the graph that is laid out.
        min_dist: how close samples may come.
        upright: whether images are centred and sheared upright first.

    Raises:
        InputError: where vectors are to be sheared upright.
    """
    import warnings

    from umap import UMAP

    if upright and x.ndim != 4:
        raise InputError("umap:upright=true needs images; this data set has vectors: leave it out")

    def flat(samples: Any) -> Any:
        return (upright_images(samples) if upright else samples).reshape(len(samples), -1)

    fitted = UMAP(
        n_components=dims, n_neighbors=min(neighbors, len(x) - 1), min_dist=min_dist, random_state=seed, n_jobs=1
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        features = fitted.fit_transform(flat(x))
    return Embedding(features, lambda new: fitted.transform(flat(new)))


@hookimpl
def pslbench_register() -> Iterator[Part]:
    yield umap
