"""The rows that reporters are examined on: real ones, of a run on a tiny pool."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pslbench.contracts import Dataset, Pool, PseudoLabels
from pslbench.parts import dataset, strategy
from pslbench.results.records import Result, ResultsReader
from pslbench.testing import pools

if TYPE_CHECKING:
    from pslbench.execution.cell import Outcome
    from pslbench.plugins.catalog import Catalog


@dataset("tiny")
def tiny(*, draw: int = 0) -> Dataset:
    """Images of three classes that are easily told apart."""
    return replace(pools.ordinary(draw=draw).data, name=f"tiny-{draw}")


@strategy("broken", uses="x")
def broken(pool: Pool) -> PseudoLabels:
    """Fails: reporters get rows of cells that failed, too."""
    raise ValueError("this cell is meant to fail")


def _catalog() -> Catalog:
    import pluggy

    from pslbench.clusterers.kmeans import kmeans
    from pslbench.embedders.pixels import pixels
    from pslbench.plugins.catalog import Catalog, Plugin
    from pslbench.strategies.centroid import centroid
    from pslbench.strategies.random import random
    from pslbench.strategies.supervised import supervised
    from pslbench.trainers.logreg import logreg

    parts = (tiny, pixels, kmeans, random, centroid, supervised, broken, logreg)
    return Catalog((Plugin("kit", "pslbench.testing", parts=parts),), pluggy.PluginManager("pslbench"))


@lru_cache(maxsize=1)
def outcomes() -> tuple[Outcome, ...]:
    """Rows, and what is kept beside them, of three strategies that end well and one that fails.

    There are two data sets, two budgets and two seeds.
    """
    from pslbench.execution.cache import GIGABYTE, Settings, StageCache
    from pslbench.execution.cell import run_cell
    from pslbench.planning.plan import Grid, plan

    catalog = _catalog()
    strategies = [catalog.parse("strategy", name)[0] for name in ("random", "centroid", "supervised", "broken")]
    data, embedder = catalog.parse("dataset", "tiny:draw=0|2"), catalog.parse("embedder", "pixels")
    clusterer, trainer = catalog.parse("clusterer", "kmeans"), catalog.parse("trainer", "logreg")
    grid = Grid(data, embedder, clusterer, strategies, trainer, [pools.BUDGET, 2 * pools.BUDGET], [0, 1])
    with tempfile.TemporaryDirectory() as folder:
        cache = StageCache(Settings(Path(folder), GIGABYTE))
        return tuple(
            run_cell(catalog, cell, cache, lambda _: None, set()) for cell in plan(catalog, grid, catalog.call).cells
        )


def failures() -> tuple[Outcome, ...]:
    """Those that failed."""
    return tuple(outcome for outcome in outcomes() if not outcome[0].ok)


def records(folder: Path, kept: Sequence[Outcome]) -> tuple[list[Result], ResultsReader]:
    """The results of a folder that these outcomes are written to, and what can be looked up there."""
    from pslbench.results.folder import ResultsFolder

    store = ResultsFolder.create(folder)
    for outcome in kept:
        store.save(*outcome)
    store.note_run({"command": "pslbench check", "cells": len(kept)})
    results, catalog = store.results([result.key for result, _ in kept]), _catalog()

    def dataset(result: Result) -> Dataset:
        data: Dataset = catalog.call(*catalog.parse("dataset", result.dataset))
        return data

    return results, ResultsReader(folder, tuple(store.runs()), store.probabilities, store.labeling, dataset)
