from __future__ import annotations

from typing import TYPE_CHECKING

from pslbench.contracts import Embedding
from pslbench.embedders.pixels import flat
from pslbench.parts import embedder

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats

SMALLEST = 1e-30  # that is divided by
STEEPEST = 2.0  # pixels to the side a row: what lies flatter is no slant


@embedder("upright", images_only=True, reference="Hu 1962, moment invariants; LeCun et al. 1998, deslanted digits")
def upright(x: Floats) -> Embedding:
    """Pixels of the images, each centred and sheared upright.

    Args:
        x: images with a background of 0, float32 (n, height, width, channels).
    """
    return Embedding(flat(upright_images(x)), lambda new: flat(upright_images(new)))


def upright_images(x: Floats) -> Floats:
    """Each image, float32 (n, height, width, channels), centred and sheared upright, bilinear; 0 comes in from outside.

    The centre of mass goes to the image's middle. Rows are shifted in proportion to their height so that
    the covariance of a pixel's row and column, with values as weights, is 0 after it. Empty images stay as they are.
    """
    import numpy as np
    from scipy.ndimage import affine_transform

    mass = abs(x).sum(axis=3)
    height, width = mass.shape[1:]
    shares = mass / np.maximum(mass.sum(axis=(1, 2), keepdims=True), SMALLEST)
    row, column = np.arange(height)[:, None], np.arange(width)
    centre = np.stack([(shares * row).sum(axis=(1, 2)), (shares * column).sum(axis=(1, 2))], axis=1)
    down, aside = row - centre[:, :1, None], column - centre[:, 1:, None]
    slant = (shares * down * aside).sum(axis=(1, 2)) / np.maximum((shares * down**2).sum(axis=(1, 2)), SMALLEST)
    slant, middle = np.clip(slant, -STEEPEST, STEEPEST), np.array([height - 1, width - 1]) / 2
    moved = np.zeros_like(x)
    for i in np.flatnonzero(mass.any(axis=(1, 2))):
        shear = np.array([[1, 0, 0], [slant[i], 1, 0], [0, 0, 1]])
        offset = centre[i] - shear[:2, :2] @ middle
        affine_transform(x[i], shear, (*offset, 0), output=moved[i], order=1)
    return moved
