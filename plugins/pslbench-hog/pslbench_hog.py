"""An embedder with a dependency of its own: all a package needs to bring a part to pslbench."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from annotated_types import Ge

from pslbench import Embedding, Part, embedder, hookimpl


@embedder(
    "hog", images_only=True, reference="Dalal & Triggs 2005, Histograms of oriented gradients for human detection"
)
def hog(x: Any, *, orientations: Annotated[int, Ge(1)] = 9, cell: Annotated[int, Ge(1)] = 7) -> Embedding:
    """Histograms of oriented gradients: strokes by their direction, so that a small shift changes little.

    Args:
        x: images, float32 (n, height, width, channels).
        orientations: how many directions a histogram tells apart.
        cell: pixels a side of the square that a histogram is taken over.
    """
    import numpy as np
    from skimage.feature import hog as histogram

    def features(images: Any) -> Any:
        side = min(cell, *images.shape[1:3])
        return np.stack(
            [histogram(image, orientations, (side, side), cells_per_block=(1, 1), channel_axis=-1) for image in images]
        ).astype(np.float32)

    return Embedding(features(x), features)


@hookimpl
def pslbench_register() -> Iterator[Part]:
    yield hog
