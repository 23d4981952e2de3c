"""Small images of the pool, each kept once, in one picture a data set."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from io import BytesIO
from math import ceil
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from PIL.Image import Image

    from pslbench.contracts import Dataset
    from pslbench.contracts.arrays import Floats

SIDE = 32  # pixels; larger images are made smaller
COLUMNS = 32  # of the picture; the style sheet knows it too


@dataclass(eq=False)
class Sprites:
    """The images of one data set that the report shows.

    Attributes:
        name: of the CSS class that shows its picture.
        data: whose pool they are taken from.
        places: the place of each sample in the picture, in the order they were asked for.
    """

    name: str
    data: Dataset
    places: dict[int, int] = field(default_factory=dict)

    def image(self, sample: int, said: str, marked: bool = False) -> Markup:
        """The HTML of a sample's image; `said` is for those who do not see it."""
        place = self.places.setdefault(int(sample), len(self.places))
        return Markup(
            '<span class="tile {}{}" role="img" aria-label="{}" title="{}" style="--x:{};--y:{}"></span>'
        ).format(self.name, " wrong" if marked else "", said, said, place % COLUMNS, place // COLUMNS)

    @property
    def style(self) -> str:
        """The CSS that shows them; once all are asked for."""
        from PIL import Image

        images = [_image(self.data.x_train[sample]) for sample in self.places]
        (width, height), mode = images[0].size, images[0].mode
        whole = Image.new(mode, (COLUMNS * width, ceil(len(images) / COLUMNS) * height))
        for place, image in enumerate(images):
            whole.paste(image, (place % COLUMNS * width, place // COLUMNS * height))
        kind, how = ("png", {"optimize": True}) if mode == "L" else ("webp", {"quality": 80})
        file = BytesIO()
        whole.save(file, kind, **how)
        picture = base64.b64encode(file.getvalue()).decode()
        rule = f'--ratio: {height / width}; background-image: url("data:image/{kind};base64,{picture}");'
        return f".{self.name} {{ {rule} }}\n"


def _image(x: Floats) -> Image:
    import numpy as np
    from PIL.Image import fromarray

    pixels = (np.clip(x, 0, 1) * 255).round().astype(np.uint8)
    image = fromarray(pixels[..., :3] if pixels.shape[-1] >= 3 else pixels[..., 0])
    image.thumbnail((SIDE, SIDE))
    return image
