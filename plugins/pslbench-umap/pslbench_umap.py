"""UMAP, in a package of its own since umap-learn brings numba."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any, Literal

from annotated_types import Ge

from pslbench import Embedding, InputError, Part, embedder, hookimpl
from pslbench.embedders.pca import pca
from pslbench.embedders.pixels import pixels
from pslbench.embedders.upright import upright

FORMS = {"plain": (pixels,), "upright": (upright,), "both": (pixels, upright)}


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
    """Uniform manifold approximation and projection: neighbours stay together, classes draw apart.

    Args:
        x: the pool, float32 (n, ...).
        seed: of the layout; with a seed umap-learn works on one core.
        dims: of the space.
        neighbors: of each sample in the graph that is laid out.
        min_dist: how close samples may come.
        epochs: of the layout, which take most of the time; umap-learn's own if none: 200 for more than 10,000 samples,
            else 500.
        components: the principal components that are laid out instead of pixels, which takes less time; 0 for pixels.
        images: as they are, centred and sheared upright, or both: two spaces of `dims` side by side, in which only
            those are near who are so in the one and in the other.

    Raises:
        InputError: where samples that are no images are to be upright, or there are fewer samples or pixels than
            `components`.
    """
    import numpy as np

    if images != "plain" and x.ndim != 4:
        raise InputError(f"umap:images={images} takes images, not feature vectors; leave it out")
    if components > min(len(x), x[0].size):
        raise InputError(f"umap:components={components} must be at most {min(len(x), x[0].size)} for this data set")
    layout = partial(_layout, seed=seed, dims=dims, neighbors=neighbors, min_dist=min_dist, epochs=epochs)
    spaces = []
    for form in FORMS[images]:
        points = form(x)
        if components:
            points = _then(points, partial(pca, seed=seed, dims=components))
        spaces.append(_then(points, layout))
    return Embedding(
        np.hstack([space.features for space in spaces]),
        lambda new: np.hstack([space.transform(new) for space in spaces]),
    )


def _then(first: Embedding, embed: Callable[[Any], Embedding]) -> Any:
    """The features of `first`, embedded again."""
    second: Any = embed(first.features)
    place: Any = first.transform
    return Embedding(second.features, lambda new: second.transform(place(new)))


def _layout(x: Any, seed: int, dims: int, neighbors: int, min_dist: float, epochs: int | None) -> Embedding:
    """A layout, where new samples stand amid their nearest of the pool, as UMAP's own `transform` begins.

    What it does after that moves them little, and takes a minute to compile.
    """
    import warnings

    from sklearn.neighbors import KNeighborsRegressor
    from umap import UMAP

    near = min(neighbors, len(x) - 1)
    layout = UMAP(n_components=dims, n_neighbors=near, min_dist=min_dist, n_epochs=epochs, random_state=seed, n_jobs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        features = layout.fit_transform(x)
    amid = KNeighborsRegressor(near, weights="distance").fit(x, features)
    return Embedding(features, lambda new: amid.predict(new).astype(features.dtype))


@hookimpl
def pslbench_register() -> Iterator[Part]:
    yield umap
