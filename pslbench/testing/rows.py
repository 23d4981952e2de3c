"""The rows that reporters are checked on. They come from a real run on a tiny pool."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pluggy

from pslbench.clusterers.kmeans import kmeans
from pslbench.contracts import Dataset, Pool, PseudoLabels
from pslbench.embedders.pixels import pixels
from pslbench.execution.cache import GIGABYTE, CacheSettings, StageCache
from pslbench.execution.cell import CellRunner
from pslbench.execution.oracle import OracleFactory
from pslbench.execution.supervisor import make_outcome
from pslbench.parts import Part, dataset, strategy
from pslbench.planning.grid import Grid
from pslbench.planning.plan import make_plan
from pslbench.plugins.catalog import Catalog, Plugin
from pslbench.results.folder import ResultsFolder
from pslbench.results.records import Outcome, Result, ResultsReader
from pslbench.strategies.centroid import centroid
from pslbench.strategies.random import random
from pslbench.strategies.supervised import supervised
from pslbench.testing import pools
from pslbench.trainers.logreg import logreg


@dataset("tiny")
def tiny(*, variant: int = 0) -> Dataset:
    """Images of three classes that are easy to distinguish."""
    return replace(pools.ordinary(variant=variant).data, name=f"tiny-{variant}")


@strategy("broken", uses="x")
def broken(pool: Pool) -> PseudoLabels:
    """Fail, because reporters also receive rows of failed cells."""
    raise ValueError("this cell fails on purpose")


def make_catalog(*parts: Part) -> Catalog:
    """Return a catalog of these parts alone."""
    return Catalog((Plugin("kit", "pslbench.testing", parts=parts),), pluggy.PluginManager("pslbench"))


@lru_cache(maxsize=1)
def _compute_outcomes() -> tuple[Outcome, ...]:
    """Compute the rows of two datasets, two budgets, two seeds and four strategies, one of which fails."""
    catalog = make_catalog(tiny, pixels, kmeans, random, centroid, supervised, broken, logreg)
    grid = Grid(
        catalog.parse("dataset", "tiny:variant=0|2"),
        catalog.parse("embedder", "all"),
        catalog.parse("clusterer", "all"),
        catalog.parse("strategy", "all"),
        catalog.parse("trainer", "all"),
        [pools.BUDGET, 2 * pools.BUDGET],
        [0, 1],
    )
    with tempfile.TemporaryDirectory() as folder:
        cache = StageCache(CacheSettings(Path(folder), GIGABYTE))
        oracles, computed = OracleFactory(catalog.call, cache), list[Outcome]()
        for cell in make_plan(catalog, grid, catalog.call).cells:
            oracle = oracles.create(cell)
            computed.append(make_outcome(cell, oracle, CellRunner(catalog, cache, oracle).run(cell)))
        return tuple(computed)


def write_rows(path: Path, has_scores: bool) -> tuple[list[Result], ResultsReader]:
    """Write the rows into a folder of results, those of failed cells alone if there must be no scores.

    Returns:
        The rows, and the reader that a reporter receives.
    """
    folder, catalog = ResultsFolder.create(path), make_catalog(tiny)
    outcomes = [outcome for outcome in _compute_outcomes() if has_scores or not outcome[0].ok]
    for outcome in outcomes:
        folder.write_cell(*outcome)
    folder.append_run({"command": "pslbench check", "cells": len(outcomes)})

    def load_dataset(result: Result) -> Dataset:
        data: Dataset = catalog.call(*catalog.parse("dataset", result.dataset))
        return data

    reader = ResultsReader(path, tuple(folder.runs()), folder.probabilities, folder.labeling, load_dataset)
    return folder.rows_of(result.key for result, _ in outcomes), reader
