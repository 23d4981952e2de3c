"""Random changes of images that leave their class as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from pslbench.contracts.arrays import Floats

TURN, SHEAR, SCALE, SHIFT = 0.2, 0.2, 0.15, 0.1  # radians, share, share, share of the image's side


def affine(images: Floats, rng: np.random.Generator) -> Floats:
    """Each image, float32 (n, height, width, channels), turned, sheared, scaled and shifted by chance; no flips.

    Angles up to 0.2 radians, shear up to 0.2, scale 0.85 to 1.15, shifts up to a tenth of the side, all uniform.
    Bilinear; what comes in from outside is 0.
    """
    return moved(images, changes(len(images), images.shape[1:], rng))


def changes(n: int, shape: tuple[int, ...], rng: np.random.Generator, strength: float = 1) -> Floats:
    """What `affine` does to n images of a shape, (height, width, channels), as `moved` takes it: float32 (n, 8).

    `strength` is a share of the largest angles, shear, shifts and change of scale.
    """
    import numpy as np

    sides = np.array(shape[1::-1], float)  # x before y
    most_turned, most_sheared, most_scaled, most_shifted = (strength * most for most in (TURN, SHEAR, SCALE, SHIFT))
    turn, shear = rng.uniform(-most_turned, most_turned, n), rng.uniform(-most_sheared, most_sheared, n)
    scale = rng.uniform(1 - most_scaled, 1 + most_scaled, (n, 2))
    shift = rng.uniform(-most_shifted, most_shifted, (n, 2)) * sides
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]).transpose(2, 0, 1)
    sheared = np.stack([np.ones(n), shear, np.zeros(n), np.ones(n)], axis=1).reshape(n, 2, 2)
    matrix = rotation @ sheared / scale[:, None, :]
    centre = (sides - 1) / 2
    offset = centre - matrix @ centre + shift
    rows = np.concatenate([matrix[:, 0], offset[:, :1], matrix[:, 1], offset[:, 1:], np.zeros((n, 2))], axis=1)
    return rows.astype(np.float32)


def moved(images: Floats, change: Floats) -> Floats:
    """The images, float32 (n, height, width, channels), each by its row of `change`, (n, 8), or all by one, (8,)."""
    import keras
    import numpy as np

    rows = np.broadcast_to(change, (len(images), change.shape[-1]))
    turned = keras.ops.image.affine_transform(images, rows, data_format="channels_last")
    return np.asarray(keras.ops.convert_to_numpy(turned))


def erase(images: Floats, rng: np.random.Generator) -> Floats:
    """Each image, float32 (n, height, width, channels), with a square of 0, a quarter of its side wide, somewhere."""
    import numpy as np

    n, height, width = images.shape[:3]
    half = max(1, min(height, width) // 8)
    rows, columns = rng.integers(height, size=(n, 1, 1)), rng.integers(width, size=(n, 1, 1))
    inside = (abs(np.arange(height)[:, None] - rows) <= half) & (abs(np.arange(width) - columns) <= half)
    return np.where(inside[..., None], np.float32(0), images)
