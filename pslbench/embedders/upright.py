from pslbench.contracts import Embedding
from pslbench.contracts.arrays import Floats
from pslbench.embedders.pixels import flatten
from pslbench.parts import embedder

MIN_DIVISOR = 1e-30
MAX_SLANT = 2.0  # pixels to the side per row


@embedder(
    "upright",
    takes="images",
    keeps_size=True,
    reference="Hu 1962, moment invariants; LeCun et al. 1998, deslanted digits",
)
def upright(x: Floats) -> Embedding:
    """Use the pixels of images that are centered and sheared upright.

    Args:
        x: images with a background of 0, float32 (n, height, width, channels).
    """
    return Embedding(flatten(deslant(x)), lambda new: flatten(deslant(new)))


def deslant(x: Floats) -> Floats:
    """Center each image, float32 (n, height, width, channels), and shear it upright.

    The center of mass moves to the middle of the image. Rows shift in proportion to their height, so that the
    covariance of row and column, weighted by pixel values, becomes 0. Interpolation is bilinear. Pixels from outside
    the image are 0. Empty images do not change.
    """
    import numpy as np
    from scipy.ndimage import affine_transform

    mass = abs(x).sum(axis=3)
    height, width = mass.shape[1:]
    shares = mass / np.maximum(mass.sum(axis=(1, 2), keepdims=True), MIN_DIVISOR)
    row, column = np.arange(height)[:, None], np.arange(width)
    center = np.stack([(shares * row).sum(axis=(1, 2)), (shares * column).sum(axis=(1, 2))], axis=1)
    dy, dx = row - center[:, :1, None], column - center[:, 1:, None]
    slant = (shares * dy * dx).sum(axis=(1, 2)) / np.maximum((shares * dy**2).sum(axis=(1, 2)), MIN_DIVISOR)
    slant, middle = np.clip(slant, -MAX_SLANT, MAX_SLANT), np.array([height - 1, width - 1]) / 2
    upright_images = np.zeros_like(x)
    for i in np.flatnonzero(mass.any(axis=(1, 2))):
        shear = np.array([[1, 0, 0], [slant[i], 1, 0], [0, 0, 1]])
        offset = center[i] - shear[:2, :2] @ middle
        affine_transform(x[i], shear, (*offset, 0), output=upright_images[i], order=1)
    return upright_images
