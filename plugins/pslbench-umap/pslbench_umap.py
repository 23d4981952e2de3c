"""UMAP as an embedder. It is a separate package because umap-learn depends on numba."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any, Literal

from annotated_types import Ge

from pslbench import Embedding, InputError, Part, embedder, hookimpl
from pslbench.embedders.pca import pca
from pslbench.embedders.pixels import pixels
from pslbench.embedders.upright import upright

IMAGE_FORMS = {"plain": (pixels,), "upright": (upright,), "both": (pixels, upright)}


@embedder("umap", reference="McInnes, Healy & Melville 2018, UMAP")
def umap(
    x: Any,
    seed: int,
    *,
    dims: Annotated[int, Ge(2)] = 10,
    neighbors: Annotated[int, Ge(2)] = 10,
    min_dist: Annotated[float, Ge(0)] = 0.0,
    epochs: Annotated[int | None, Ge(1)] = None,
    components: Annotated[int, Ge(0)] = 0,
    images: Literal["plain", "upright", "both"] = "plain",
) -> Embedding:
    """Compute a uniform manifold approximation and projection, which keeps neighbors together.

    Args:
        x: the pool, float32 (n, ...).
        seed: of the layout; with a seed, umap-learn uses one core.
        dims: the number of dimensions.
        neighbors: the number of neighbors of each sample in the graph.
        min_dist: the minimum distance between samples in the layout.
        epochs: the number of epochs of the layout, which take most of the time; none for the default of umap-learn:
            200 for more than 10,000 samples, otherwise 500.
        components: the number of principal components to use instead of pixels, which is faster; 0 for pixels.
        images: `plain` for the images as they are, `upright` for centered and deskewed images, or `both` for the two
            layouts side by side, so that samples are near only if they are near in both.

    Raises:
        InputError: `images` is not `plain` but the samples are feature vectors, or there are fewer samples or pixels
            than `components`.
    """
    import numpy as np

    if images != "plain" and x.ndim != 4:
        raise InputError(f"umap:images={images} needs images, not feature vectors; omit it")
    if components > min(len(x), x[0].size):
        raise InputError(f"umap:components={components} must be at most {min(len(x), x[0].size)} for this dataset")
    layout = partial(_layout, seed=seed, dims=dims, neighbors=neighbors, min_dist=min_dist, epochs=epochs)
    spaces = []
    for embed_images in IMAGE_FORMS[images]:
        embedding = embed_images(x)
        if components:
            embedding = _embed_again(embedding, partial(pca, seed=seed, dims=components))
        spaces.append(_embed_again(embedding, layout))
    return Embedding(
        np.hstack([space.features for space in spaces]),
        lambda new: np.hstack([space.transform(new) for space in spaces]),
    )


def _embed_again(first: Embedding, embed: Callable[[Any], Embedding]) -> Any:
    """Embed the features of an embedding."""
    second: Any = embed(first.features)
    transform: Any = first.transform
    return Embedding(second.features, lambda new: second.transform(transform(new)))


def _layout(x: Any, seed: int, dims: int, neighbors: int, min_dist: float, epochs: int | None) -> Embedding:
    """Compute a layout. A new sample gets the weighted mean of its nearest neighbors in the pool.

    UMAP's own `transform` starts in the same way. Its further steps move samples little and take a minute to compile.
    """
    import warnings

    from sklearn.neighbors import KNeighborsRegressor
    from umap import UMAP

    n_neighbors = min(neighbors, len(x) - 1)
    layout = UMAP(
        n_components=dims, n_neighbors=n_neighbors, min_dist=min_dist, n_epochs=epochs, random_state=seed, n_jobs=1
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        features = layout.fit_transform(x)
    interpolate = KNeighborsRegressor(n_neighbors, weights="distance").fit(x, features).predict
    return Embedding(features, lambda new: interpolate(new).astype(features.dtype))


@hookimpl
def pslbench_register() -> Iterator[Part]:
    yield umap
