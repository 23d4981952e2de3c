"""An embedder that needs scikit-image: an example of a minimal plugin package."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from annotated_types import Ge

from pslbench import Embedding, Part, embedder, hookimpl


@embedder("hog", takes="images", reference="Dalal & Triggs 2005, Histograms of oriented gradients for human detection")
def hog(x: Any, *, orientations: Annotated[int, Ge(1)] = 9, cell: Annotated[int, Ge(1)] = 7) -> Embedding:
    """Compute histograms of oriented gradients, which change little if an image is shifted slightly.

    Args:
        x: images, float32 (n, height, width, channels).
        orientations: the number of bins of a histogram.
        cell: the side in pixels of the square that a histogram covers.
    """
    import numpy as np
    from skimage.feature import hog as histograms_of

    def features(images: Any) -> Any:
        side = min(cell, *images.shape[1:3])
        return np.stack(
            [
                histograms_of(image, orientations, (side, side), cells_per_block=(1, 1), channel_axis=-1)
                for image in images
            ]
        ).astype(np.float32)

    return Embedding(features(x), features)


@hookimpl
def pslbench_register() -> Iterator[Part]:
    yield hog
