"""Random changes of images that do not change their class.

This module imports NumPy and Keras at its top, so trainers import it inside their functions.
"""

import keras
import numpy as np
from numpy.typing import NDArray

MAX_ROTATION = 0.2  # radians
MAX_SHEAR = 0.2
MAX_SCALING = 0.15
MAX_SHIFT = 0.1  # as a share of the side of the image


def augment_images(images: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Rotate, shear, scale and shift each image, float32 (n, height, width, channels), at random. There are no flips.

    Rotations are up to 0.2 radians, shear up to 0.2, scale 0.85 to 1.15, and shifts up to a tenth of the side, all
    uniform. Interpolation is bilinear. Pixels from outside the image are 0.
    """
    return apply_transforms(images, draw_transforms(len(images), images.shape[1:], rng))


def draw_transforms(
    n: int, shape: tuple[int, ...], rng: np.random.Generator, strength: float = 1
) -> NDArray[np.float32]:
    """Draw n random transforms, float32 (n, 8), of images of shape (height, width, channels).

    `strength` scales the largest rotation, shear, scaling and shift.
    """
    sides = np.array(shape[1::-1], float)  # x before y
    rotation, shear, scaling, shift = (strength * limit for limit in (MAX_ROTATION, MAX_SHEAR, MAX_SCALING, MAX_SHIFT))
    angles, shears = rng.uniform(-rotation, rotation, n), rng.uniform(-shear, shear, n)
    scales = rng.uniform(1 - scaling, 1 + scaling, (n, 2))
    shifts = rng.uniform(-shift, shift, (n, 2)) * sides
    rotations = np.array([[np.cos(angles), -np.sin(angles)], [np.sin(angles), np.cos(angles)]]).transpose(2, 0, 1)
    sheared = np.stack([np.ones(n), shears, np.zeros(n), np.ones(n)], axis=1).reshape(n, 2, 2)
    matrices = rotations @ sheared / scales[:, None, :]
    center = (sides - 1) / 2
    offsets = center - matrices @ center + shifts
    rows = np.concatenate([matrices[:, 0], offsets[:, :1], matrices[:, 1], offsets[:, 1:], np.zeros((n, 2))], axis=1)
    return rows.astype(np.float32)


def apply_transforms(images: NDArray[np.float32], transforms: NDArray[np.float32]) -> NDArray[np.float32]:
    """Transform images, float32 (n, height, width, channels), each by its row of (n, 8), or all by the same (8,)."""
    rows = np.broadcast_to(transforms, (len(images), transforms.shape[-1]))
    transformed = keras.ops.image.affine_transform(images, rows, data_format="channels_last")
    return np.asarray(keras.ops.convert_to_numpy(transformed))


def cut_out(images: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Set a random square of each image, float32 (n, height, width, channels), to 0 (DeVries & Taylor 2017, Cutout).

    The square is about a quarter of the side wide.
    """
    n, height, width = images.shape[:3]
    half = max(1, min(height, width) // 8)
    rows, columns = rng.integers(height, size=(n, 1, 1)), rng.integers(width, size=(n, 1, 1))
    inside = (abs(np.arange(height)[:, None] - rows) <= half) & (abs(np.arange(width) - columns) <= half)
    return np.where(inside[..., None], np.float32(0), images)
