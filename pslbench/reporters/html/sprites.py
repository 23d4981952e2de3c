"""Thumbnails of pool samples. All thumbnails of a dataset are in one image, the sprite sheet."""

import base64
from dataclasses import dataclass, field
from io import BytesIO
from math import ceil

import numpy as np
from markupsafe import Markup
from PIL import Image

from pslbench.contracts import Dataset
from pslbench.contracts.arrays import Floats

MAX_SIDE = 32  # pixels; larger images are scaled down
COLUMNS = 32  # sprites per row; style.css uses the same number


@dataclass(eq=False)
class SpriteSheet:
    """The thumbnails of one dataset that the report shows.

    Attributes:
        name: the CSS class of the thumbnails.
        dataset: the dataset whose pool they show.
        positions: the position of each sample in the sheet, in the order in which samples were rendered.
    """

    name: str
    dataset: Dataset
    positions: dict[int, int] = field(default_factory=dict)

    def render_sample(self, sample: int, description: str, is_wrong: bool = False) -> Markup:
        """Add a sample to the sheet and return the HTML of its thumbnail. The description is its tooltip."""
        position = self.positions.setdefault(int(sample), len(self.positions))
        row, column = divmod(position, COLUMNS)
        return Markup(
            '<span class="tile {}{}" role="img" aria-label="{}" title="{}" style="--x:{};--y:{}"></span>'
        ).format(self.name, " wrong" if is_wrong else "", description, description, column, row)

    def render_style(self) -> str:
        """Return the CSS with the sheet of all samples that were rendered; empty if there are none."""
        if not self.positions:
            return ""
        images = [_to_thumbnail(self.dataset.x_train[sample]) for sample in self.positions]
        (width, height), mode = images[0].size, images[0].mode
        sheet = Image.new(mode, (COLUMNS * width, ceil(len(images) / COLUMNS) * height))
        for position, image in enumerate(images):
            sheet.paste(image, (position % COLUMNS * width, position // COLUMNS * height))
        file_format, options = ("png", {}) if mode == "L" else ("webp", {"quality": 80})
        file = BytesIO()
        sheet.save(file, file_format, **options)
        content = base64.b64encode(file.getvalue()).decode()
        rule = f'--ratio: {height / width}; background-image: url("data:image/{file_format};base64,{content}");'
        return f".{self.name} {{ {rule} }}\n"


def _to_thumbnail(x: Floats) -> Image.Image:
    pixels = (np.clip(x, 0, 1) * 255).round().astype(np.uint8)
    image = Image.fromarray(pixels[..., :3] if pixels.shape[-1] >= 3 else pixels[..., 0])
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    return image
