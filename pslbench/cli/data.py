from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pslbench.cli import options
from pslbench.cli.console import stdout_console, warn
from pslbench.errors import InputError
from pslbench.plugins.dataset_argument import parse_dataset

if TYPE_CHECKING:
    from pslbench.contracts import Dataset

app = typer.Typer(no_args_is_help=True, help="Find, fetch and check data sets.", rich_markup_mode="rich")

Name = Annotated[str, typer.Argument(metavar="DATASET", help="A data set's name, an .npz file or a folder of images.")]


@app.command("list")
@options.expand_options
def list_data(*, plugins: options.PluginOptions) -> None:
    """List the data sets, and where those that have to be fetched are."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from pslbench.datasets.mnist import FASHION, MNIST

    catalog = plugins.load_catalog()
    places = {source.name: next((str(f) for f, _ in source.found()), "to be fetched") for source in (MNIST, FASHION)}
    table = Table(box=box.SIMPLE_HEAD)
    for head in ("data set", "where", "what it is"):
        table.add_column(head, overflow="fold")
    for name, part in catalog.parts("dataset").items():
        ready = "your own path" if part.parameters else "comes along"
        table.add_row(name, escape(places.get(name, ready)), escape(part.summary))
    stdout_console().print(table)


@app.command()
@options.expand_options
def fetch(name: Name, *, plugins: options.PluginOptions) -> None:
    """Download a data set into the cache, unless this machine has it.

    Example:

      pslbench data fetch fashion-mnist
    """
    _describe(_load(name, plugins))


@app.command()
@options.expand_options
def check(name: Name, *, plugins: options.PluginOptions) -> None:
    """Load a data set and say what is in it, or what is wrong with it.

    Example:

      pslbench data check mine.npz
    """
    _describe(_load(name, plugins))


def _load(name: str, plugins: options.PluginOptions) -> Dataset:
    from pslbench.planning.plan import load_dataset

    catalog = plugins.load_catalog()
    chosen = parse_dataset(catalog, name)
    if len(chosen) != 1:
        raise InputError(f"'{name}' stands for {len(chosen)} data sets; name one")
    return load_dataset(catalog.call, chosen[0])


def _describe(data: Dataset) -> None:
    import numpy as np

    from pslbench.datasets.dataset_warnings import doubts

    console = stdout_console()
    console.print(f"{data.name}: {len(data.x_train):,} in the pool, {len(data.x_test):,} to test on", markup=False)
    console.print(f"samples of shape {data.x_train.shape[1:]}, from {data.x_train.min():g} to {data.x_train.max():g}")
    counts = np.bincount(data.y_train, minlength=data.n_classes)
    each = ", ".join(f"{name} ({count:,})" for name, count in zip(data.classes, counts, strict=True))
    console.print(f"{data.n_classes} classes: {each}", soft_wrap=True, markup=False)
    console.print(f"checksum {data.checksum}", soft_wrap=True)
    for doubt in doubts(data):
        warn(doubt)
