"""The parts that come with pslbench: one plugin among others, through the same door."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from pslbench.parts import Part
from pslbench.plugins.spec import hookimpl

MODULES = (
    "datasets.mnist_5k datasets.digits datasets.mnist datasets.npz datasets.images "
    "embedders.pixels embedders.pca "
    "clusterers.minibatch_kmeans clusterers.kmeans clusterers.gmm clusterers.birch clusterers.agglomerative "
    "strategies.centroid strategies.centroid_only strategies.random strategies.majority strategies.supervised "
    "trainers.cnn trainers.logreg "
    "reporters.table reporters.csv"
).split()


@hookimpl
def pslbench_register() -> Iterator[Part]:
    for name in MODULES:
        for member in vars(import_module(f"pslbench.{name}")).values():
            if isinstance(member, Part):
                yield member
