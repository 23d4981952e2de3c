from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pslbench.cli import options
from pslbench.cli.screen import complain, output
from pslbench.errors import InputError

if TYPE_CHECKING:
    from pslbench.contracts import Dataset, Ints

app = typer.Typer(no_args_is_help=True, help="Find, fetch and check data sets.", rich_markup_mode="rich")

Name = Annotated[str, typer.Argument(metavar="DATASET", help="A data set's name, an .npz file or a folder of images.")]


@app.command("list")
@options.spread
def list_data(*, plugins: options.Plugins) -> None:
    """List the data sets, and where those that have to be fetched are."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from pslbench.datasets.mnist import FASHION, MNIST

    catalog = plugins.find()
    places = {source.name: next((str(f) for f, _ in source.found()), "to be fetched") for source in (MNIST, FASHION)}
    table = Table(box=box.SIMPLE_HEAD)
    for head in ("data set", "where", "what it is"):
        table.add_column(head, overflow="fold")
    for name, part in catalog.parts("dataset").items():
        ready = "your own path" if part.parameters else "comes along"
        table.add_row(name, escape(places.get(name, ready)), escape(part.summary))
    output().print(table)


@app.command()
@options.spread
def fetch(name: Name, *, plugins: options.Plugins) -> None:
    """Download a data set into the cache, unless this machine has it.

    Example:

      pslbench data fetch fashion-mnist
    """
    _describe(_load(name, plugins))


@app.command()
@options.spread
def check(name: Name, *, plugins: options.Plugins) -> None:
    """Load a data set and say what is in it, or what is wrong with it.

    Example:

      pslbench data check mine.npz
    """
    _describe(_load(name, plugins))


def _load(name: str, plugins: options.Plugins) -> Dataset:
    from pslbench.engine.plan import load_data

    catalog = plugins.find()
    chosen = options.choose_dataset(catalog, name)
    if len(chosen) != 1:
        raise InputError(f"'{name}' stands for {len(chosen)} data sets; name one")
    return load_data(catalog.call, chosen[0])


def _describe(data: Dataset) -> None:
    import numpy as np

    console = output()
    console.print(f"{data.name}: {len(data.x_train):,} in the pool, {len(data.x_test):,} to test on", markup=False)
    console.print(f"samples of shape {data.x_train.shape[1:]}, from {data.x_train.min():g} to {data.x_train.max():g}")
    counts = np.bincount(data.y_train, minlength=data.n_classes)
    each = ", ".join(f"{name} ({count:,})" for name, count in zip(data.classes, counts, strict=True))
    console.print(f"{data.n_classes} classes: {each}", soft_wrap=True, markup=False)
    console.print(f"checksum {data.checksum}", soft_wrap=True)
    for doubt in _doubts(data, counts):
        complain(doubt)


def _doubts(data: Dataset, counts: Ints) -> Iterator[str]:
    """What is allowed and yet may not be meant; `counts`, int (classes,), is how many of the pool each class has."""
    import numpy as np

    absent = [name for name, count in zip(data.classes, counts, strict=True) if not count]
    if absent:
        yield f"no sample of the pool is of class {', '.join(absent)}"
    if unseen := sorted(set(range(data.n_classes)) - set(np.unique(data.y_test)) - set(np.flatnonzero(counts == 0))):
        yield f"the test set has no sample of class {', '.join(data.classes[c] for c in unseen)}"
    shape = data.x_train.shape[1:]
    if data.is_images and shape[0] in (1, 3) and shape[2] not in (1, 3, 4):
        yield f"samples of shape {shape} look like (channels, height, width); height, width, channels are wanted"
