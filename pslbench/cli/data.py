from typing import Annotated

import typer
from rich.markup import escape

from pslbench.cli import options
from pslbench.cli.console import new_table, note, stdout_console, warn
from pslbench.contracts.samples import describe_samples
from pslbench.datasets.dataset_warnings import dataset_warnings
from pslbench.datasets.mnist import FASHION, MNIST
from pslbench.errors import InputError, join_names, pluralize
from pslbench.planning.plan import load_dataset
from pslbench.plugins.catalog import parse_dataset, with_values

app = typer.Typer(no_args_is_help=True, help="List, download and check datasets.", rich_markup_mode="rich")

MAX_CLASSES = 100  # that `data check` lists
Name = Annotated[
    str,
    typer.Argument(
        metavar="DATASET",
        help="The name of a dataset, a file or a folder.",
        autocompletion=options.complete_parts("dataset"),
    ),
]


@app.command("list")
@options.expand_options
def list_data(*, plugins: options.PluginOptions) -> None:
    """List the datasets, and where they are on this machine."""
    catalog = plugins.load_catalog()
    folders = {known.name: next((str(f) for f, _ in known.find()), "not downloaded yet") for known in (MNIST, FASHION)}
    table = new_table("dataset", "where", "description")
    for name, part in catalog.parts("dataset").items():
        others = "your own files" if "path" in part.parameters else f"pslbench show {name}"
        default = others if part.parameters else "included"
        table.add_row(name, escape(folders.get(name, default)), escape(part.summary))
    stdout_console().print(table)


@app.command()
@options.expand_options
def fetch(name: Name, *, plugins: options.PluginOptions) -> None:
    """Download a dataset into the cache, unless it is on this machine.

    Example:
      pslbench data fetch fashion-mnist
    """
    _load_and_describe(name, plugins)


@app.command()
@options.expand_options
def check(
    name: Name,
    *,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help=options.SKIP_BAD_HELP)] = False,
    plugins: options.PluginOptions,
) -> None:
    """Load a dataset, and print what it contains or what is wrong with it.

    Example:
      pslbench data check mine.npz
    """
    _load_and_describe(name, plugins, skip_bad)


def _load_and_describe(name: str, plugins: options.PluginOptions, skip_bad: bool = False) -> None:
    import numpy as np

    catalog = plugins.load_catalog()
    configs = parse_dataset(catalog, name)
    if len(configs) != 1:
        raise InputError(f"'{name}' stands for {len(configs)} datasets; name one")
    config = with_values(catalog, configs[0], skip_bad=True) if skip_bad else configs[0]
    data, console = load_dataset(catalog.call, config), stdout_console()
    sizes = f"{pluralize(len(data.x_train), 'sample')} in the pool, {pluralize(len(data.x_test), 'test sample')}"
    console.print(f"{data.name}: {sizes}", markup=False)
    console.print(describe_samples(data.x_train), markup=False)
    if data.features_train is not None:
        console.print(f"with {data.features_train.shape[1]:,} features of their own for the embedder given")
    counts = np.bincount(data.y_train, minlength=data.n_classes)
    classes = join_names([f"{name} ({n:,})" for name, n in zip(data.classes, counts, strict=True) if n], MAX_CLASSES)
    console.print(f"{data.n_classes:,} classes: {classes}", soft_wrap=True, markup=False)
    console.print(f"checksum {data.checksum}", soft_wrap=True)
    for line in data.notes:
        note(line)
    for message in dataset_warnings(data):
        warn(message)
