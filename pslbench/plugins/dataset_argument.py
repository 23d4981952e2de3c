"""The text of a dataset that a user types: a name, or a path."""

from __future__ import annotations

import os
from pathlib import Path

from pslbench.errors import InputError, unknown
from pslbench.parts import PartConfig, configure
from pslbench.plugins.catalog import Catalog


def parse_dataset(catalog: Catalog, text: str) -> list[PartConfig]:
    """Parse a dataset: a name with parameters, an .npz file, or a folder of images. Raises InputError.

    The text of each configuration that is returned can be parsed again.
    """
    if not text:
        raise InputError("the dataset is empty; give a name, an .npz file or a folder of images to -d")
    known = catalog.parts("dataset")
    name = text.partition(":")[0]
    if name in known:
        return catalog.parse("dataset", text)
    if text.endswith(".npz"):
        reader = "npz"
    elif Path(text).is_dir() or os.sep in text:
        reader = "images"
    else:
        hint = unknown("dataset", name, known, "pslbench list dataset")
        raise InputError(f"{hint}; or give the path of an .npz file, or of a folder with train/ and test/")
    return [configure(catalog.resolve("dataset", reader)[1], reader, path=os.path.normpath(text))]
