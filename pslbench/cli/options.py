"""Options that several commands share, and what they mean."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pslbench.cli.screen import complain
from pslbench.errors import InputError, unknown

if TYPE_CHECKING:
    from pslbench.parts import Choice
    from pslbench.plugins.manager import Catalog

Datasets = Annotated[list[str], typer.Option("-d", "--dataset", help="Data set, .npz file or folder of images.")]
Embedders = Annotated[list[str], typer.Option("-e", "--embedder", help="Embedder, or 'all'.")]
Clusterers = Annotated[list[str], typer.Option("-c", "--clusterer", help="Clusterer, or 'all'.")]
Trainers = Annotated[list[str], typer.Option("-t", "--trainer", help="Trainer, or 'all'.")]
Budgets = Annotated[list[str], typer.Option("-b", "--budget", help="How many labels may be asked for; 60,120 for two.")]
Seeds = Annotated[str, typer.Option("-s", "--seeds", help="5 for seeds 0 to 4; 3,7 for just those.")]
Jobs = Annotated[int, typer.Option("-j", "--jobs", min=0, help="Worker processes; 0 for one a core.")]
Output = Annotated[Path, typer.Option("-o", "--output", help="Folder of results; what it has is not run again.")]
PluginFiles = Annotated[list[str], typer.Option("--plugin", help="Python file with a plugin. May be repeated.")]
PluginsOff = Annotated[list[str], typer.Option("--no-plugin", help="Plugin to leave out. May be repeated.")]

RESULTS = Path("results/latest")


def find_plugins(files: list[str], off: list[str]) -> Catalog:
    """The catalog; a plugin that failed costs one line on standard error."""
    from pslbench.plugins.manager import discover

    catalog = discover(files, off)
    for plugin in catalog.plugins:
        if plugin.status == "failed":
            complain(f"plugin '{plugin.name}' is left out: {plugin.problem}")
    return catalog


def choose_dataset(catalog: Catalog, text: str) -> list[Choice]:
    """A data set by name, or an .npz file or folder by its path. Raises InputError."""
    from pslbench.parts import choice

    if not text:
        raise InputError("-d wants a data set's name, an .npz file or a folder of images, not an empty word")
    known = catalog.parts("dataset")
    if text.partition(":")[0] in known:
        return catalog.choose("dataset", text)
    for name, is_meant in (("npz", text.endswith(".npz")), ("images", Path(text).is_dir() or os.sep in text)):
        if is_meant:
            return [choice(catalog.part("dataset", name)[1], name, path=text)]
    nearest = unknown("dataset", text.partition(":")[0], known)
    raise InputError(f"{nearest}; or give the path of an .npz file, or of a folder with train/ and test/")
