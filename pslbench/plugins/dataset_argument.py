"""The text of a data set that a user types: a name, or a path."""

from __future__ import annotations

import os
from pathlib import Path

from pslbench.errors import InputError, unknown
from pslbench.parts import PartConfig, configure
from pslbench.plugins.catalog import Catalog


def parse_dataset(catalog: Catalog, text: str) -> list[PartConfig]:
    """Parse the name of a data set, with parameters if it has any, or the path of an .npz file or of a folder.

    The text of each configuration that is returned can be parsed again.

    Raises:
        InputError: the text is neither.
    """
    if not text:
        raise InputError("the data set is empty; give a name, an .npz file or a folder of images to -d")
    known = catalog.parts("dataset")
    name = text.partition(":")[0]
    if name in known:
        return catalog.parse("dataset", text)
    path = os.path.normpath(os.path.expanduser(text))  # noqa: PTH111 - never raises
    if text.endswith(".npz"):
        return [configure(catalog.resolve("dataset", "npz")[1], "npz", path=path)]
    if Path(path).is_dir() or os.sep in text:
        return [configure(catalog.resolve("dataset", "images")[1], "images", path=path)]
    hint = unknown("dataset", name, known)
    raise InputError(f"{hint}; or give the path of an .npz file, or of a folder with train/ and test/")
