"""Opens image files as a person sees them: turned as their EXIF tag says, and over a background if transparent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import TYPE_CHECKING, Any

from pslbench.errors import InputError
from pslbench.extras import requires_extra

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST_16_BIT = 65_535


def parse_color(color: str) -> tuple[int, int, int]:
    """Return red, green and blue, 0 to 255, of a name or of #rrggbb. Raises InputError."""
    with requires_extra("images"):
        from PIL import ImageColor

    try:
        red, green, blue = ImageColor.getrgb(color)[:3]
    except ValueError:
        raise InputError(f"background={color} is no color; write a name, or #rrggbb") from None
    return red, green, blue


def open_picture(path: str | PathLike[str], background: str = "white") -> Image:
    """Return an image file in the mode RGB. Errors are those of Pillow."""
    with decoded(path, background) as image:
        return _to_8_bits(image).convert("RGB")


@contextmanager
def opened(picture: Any) -> Iterator[Image]:
    """Open a path, a binary file or an image of Pillow. Nothing is decoded yet."""
    from PIL import Image

    if picture is None:
        raise ValueError("there is no image")
    if isinstance(picture, Image.Image):
        yield picture
    else:
        with Image.open(picture) as image:
            yield image


@contextmanager
def decoded(picture: Any, background: str, least: int | None = None) -> Iterator[Image]:
    """Decode a path, a binary file or an image of Pillow. The mode is L, RGB, I, F or one of Pillow's modes of 16 bits.

    `least` is the smallest width and height that is needed. A larger JPEG is decoded at a fraction of its size.
    """
    from PIL import Image, ImageOps

    with opened(picture) as source:
        if least:
            source.draft(source.mode, (2 * least, 2 * least))
        image = ImageOps.exif_transpose(source)
        if has_transparency(image):
            layer = image.convert("RGBA")
            ground = Image.new("RGBA", layer.size, (*parse_color(background), 255))
            image = Image.alpha_composite(ground, layer).convert("RGB")
        elif image.mode in ("1", "L"):
            image = image.convert("L")
        elif image.mode[0] not in "IF":
            image = image.convert("RGB")
        yield image


def has_transparency(image: Image) -> bool:
    bands = image.getbands()
    return "A" in bands or "a" in bands or "transparency" in image.info


def largest_value(image: Image) -> int:
    """Return the largest value of an image of integers with more than 8 bits, or of floats."""
    return LARGEST_16_BIT if image.mode[0] == "I" else 1


def _to_8_bits(image: Image) -> Image:
    if image.mode[0] not in "IF":
        return image
    import numpy as np
    from PIL import Image

    shares = np.asarray(image, np.float32) / largest_value(image)
    return Image.fromarray(np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8))
