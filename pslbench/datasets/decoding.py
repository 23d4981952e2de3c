"""Decodes pictures one by one into arrays of one size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pslbench.contracts.arrays import AnyArray, Bools, Floats
from pslbench.contracts.pictures import decoded, has_transparency, largest_value, opened, parse_color
from pslbench.errors import InputError, message_of, pluralize
from pslbench.progress import ProgressLines

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_SIDE = 128  # pixels; larger images are scaled if no size is set
USUAL_SIDE = 64  # pixels
MAX_NAMED = 10  # pictures in one message
GRAY_MODES = {"1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"}

Bad = dict[int, str]  # the positions of pictures that cannot be read, with the reasons


@dataclass(frozen=True)
class Form:
    """What all pictures are decoded to: height, width and channels, uint8 or float32, and the background color."""

    shape: tuple[int, int, int]
    has_bytes: bool
    background: str


@dataclass(frozen=True)
class Header:
    """What is known of a picture before it is decoded; width and height are those as it is shown."""

    size: tuple[int, int]
    is_gray: bool
    is_transparent: bool
    has_bytes: bool


def read_images(
    name: str, pictures: Sequence[Any], *, size: int | None = None, background: str = "white", skip_bad: bool = False
) -> tuple[Floats, Bools, tuple[str, ...]]:
    """Decode images one by one into an array, scaled to one size and turned as their EXIF tag says.

    Args:
        name: of the dataset, for error messages.
        pictures: a path, a binary file or an image of Pillow each. It is taken from the sequence when it is needed, and
            once more after the sizes of all are known.
        size: the width and height in pixels. If none, images are scaled to 64 if they differ in size or are larger than
            128.
        background: the color behind transparent parts, by name or as #rrggbb.
        skip_bad: whether pictures that cannot be read are left out instead of refused.

    Returns:
        The images, float32 in [0, 1], (m, height, width, channels); whether each picture is among them, bool (n,); and
        one line about each conversion. The notes name the parameters of this function, so a dataset should have them.

    Raises:
        InputError: pictures cannot be read; the message lists them.
    """
    import numpy as np

    parse_color(background)
    if not len(pictures):
        raise InputError(f"{name} has no images")
    form, bad, notes = survey(pictures, size, background)
    array = decode_all(pictures, range(len(pictures)), form, bad)
    notes = (*notes, *check_bad(name, pictures, bad, skip_bad))
    return array, np.array([i not in bad for i in range(len(pictures))], bool), notes


def survey(pictures: Sequence[Any], size: int | None, background: str) -> tuple[Form, Bad, tuple[str, ...]]:
    """Read the headers of pictures.

    Returns:
        The form that all pictures are decoded to; those that cannot be read; and one line about each conversion.
    """
    headers, bad, progress = Counter[Header](), Bad(), ProgressLines(len(pictures), "images are measured")
    for i in range(len(pictures)):
        progress.advance()
        try:
            headers[_read_header(pictures[i])] += 1
        except Exception as error:  # Pillow has no common type for what is wrong with a file
            bad[i] = _reason(error)
    (width, height), notes = _common_size({header.size for header in headers}, size)
    if n := sum(count for header, count in headers.items() if header.is_transparent):
        notes = (*notes, f"{pluralize(n, 'image')} with transparency over {background}; background= changes it")
    channels = 1 if all(header.is_gray for header in headers) else 3
    return Form((height, width, channels), all(header.has_bytes for header in headers), background), bad, notes


def decode_all(pictures: Sequence[Any], selected: Sequence[int], form: Form, bad: Bad) -> Floats:
    """Return the selected pictures that can be read, float32 in [0, 1], (m, height, width, channels)."""
    import numpy as np

    array, n = np.empty((len(selected), *form.shape), np.float32), 0
    for image in decode_each(pictures, selected, form, bad):
        array[n] = np.divide(image, 255, dtype=np.float32) if image.dtype == np.uint8 else image
        n += 1
    return array[:n]


def decode_each(pictures: Sequence[Any], selected: Sequence[int], form: Form, bad: Bad) -> Iterator[AnyArray]:
    """Yield each selected picture that can be read, (height, width, channels): uint8, or float32 in [0, 1].

    Pictures that are known to be bad are passed over. Others that cannot be read are added to these.
    """
    progress = ProgressLines(len(selected), "images are decoded")
    for i in selected:
        progress.advance()
        if i in bad:
            continue
        try:
            image = _decode(pictures[i], form)
        except Exception as error:
            bad[i] = _reason(error)
        else:
            yield image


def check_bad(name: str, pictures: Sequence[Any], bad: Bad, skip_bad: bool) -> tuple[str, ...]:
    """Return a line about pictures that are left out. Raises InputError if they are to be refused, or are all."""
    if not bad:
        return ()
    titles = [str(pictures[i]) if isinstance(pictures[i], Path) else f"image {i + 1:,}" for i in sorted(bad)]
    if skip_bad and len(bad) < len(pictures):
        verb = "is" if len(bad) == 1 else "are"
        return (f"{pluralize(len(bad), 'image')} cannot be read and {verb} left out, such as {titles[0]}",)
    reasons = [bad[i] for i in sorted(bad)]
    listed = "; ".join(f"{title} ({reason})" for title, reason in list(zip(titles, reasons, strict=True))[:MAX_NAMED])
    others = f"; and {len(bad) - MAX_NAMED:,} more" if len(bad) > MAX_NAMED else ""
    problem = f"{pluralize(len(bad), 'image')} of {name} cannot be read: {listed}{others}"
    raise InputError(f"{problem}; repair or remove them, or go on without them: --skip-bad")


def _read_header(picture: Any) -> Header:
    with opened(picture) as image:
        turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)  # the tag Orientation: width and height change places
        has_gray_palette = image.mode == "P" and _is_gray_palette(image)
        size = image.size[::-1] if turned else image.size
        is_gray = image.mode in GRAY_MODES or has_gray_palette
        return Header(size, is_gray, has_transparency(image), image.mode[0] not in "IF")


def _is_gray_palette(image: Image) -> bool:
    palette = image.getpalette() or []
    return palette[::3] == palette[1::3] == palette[2::3]


def _common_size(sizes: set[tuple[int, int]], size: int | None) -> tuple[tuple[int, int], tuple[str, ...]]:
    """Return the width and height of all images, and a note if that is a guess."""
    if size is not None or not sizes:
        return (size or 1, size or 1), ()
    first = next(iter(sizes))
    if len(sizes) == 1 and max(first) <= MAX_SIDE:
        return first, ()
    which = f"images of {len(sizes):,} sizes" if len(sizes) > 1 else f"images of {first[0]} x {first[1]} pixels"
    return (USUAL_SIDE, USUAL_SIDE), (f"{which} are scaled to {USUAL_SIDE} x {USUAL_SIDE} pixels; size= changes it",)


def _decode(picture: Any, form: Form) -> AnyArray:
    import numpy as np
    from PIL import Image

    height, width, channels = form.shape
    with decoded(picture, form.background, max(width, height)) as image:
        if image.mode[0] in "IF":
            scale = largest_value(image)
            values = np.asarray(image, np.float32) / scale
            if values.min() < 0 or values.max() > 1:
                raise ValueError(f"its values range from {values.min() * scale:g} to {values.max() * scale:g}")
            resized = np.asarray(Image.fromarray(values).resize((width, height)))
            resized = np.clip(resized, 0, 1)  # resizing overshoots at edges
            return np.repeat(resized[..., None], channels, axis=2)
        image = image.convert("L" if channels == 1 else "RGB")
        array = np.asarray(image if image.size == (width, height) else image.resize((width, height)), np.uint8)
        pixels = array.reshape(form.shape)
        return pixels if form.has_bytes else np.divide(pixels, 255, dtype=np.float32)


def _reason(error: Exception) -> str:
    if type(error).__name__ == "UnidentifiedImageError":  # its message may contain an address in memory
        return "no image of a known format"
    return " ".join(message_of(error).split()).removesuffix(".") or type(error).__name__
