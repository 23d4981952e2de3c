"""The rows that reporters are checked on. They come from a real run on a tiny pool."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pslbench.contracts import Dataset, Pool, PseudoLabels
from pslbench.parts import dataset, strategy
from pslbench.results.records import Outcome, Result, ResultsReader
from pslbench.testing import pools

if TYPE_CHECKING:
    from pslbench.plugins.catalog import Catalog


@dataset("tiny")
def tiny(*, variant: int = 0) -> Dataset:
    """Images of three classes that are easy to distinguish."""
    return replace(pools.ordinary(variant=variant).data, name=f"tiny-{variant}")


@strategy("broken", uses="x")
def broken(pool: Pool) -> PseudoLabels:
    """Fail, because reporters also receive rows of failed cells."""
    raise ValueError("this cell fails on purpose")


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
    """Compute the rows of two datasets, two budgets, two seeds and four strategies, one of which fails."""
    from pslbench.execution.cache import GIGABYTE, CacheSettings, StageCache
    from pslbench.execution.cell import CellRunner
    from pslbench.execution.oracle import OracleFactory
    from pslbench.execution.supervisor import make_outcome
    from pslbench.planning.grid import Grid
    from pslbench.planning.plan import make_plan

    catalog = _catalog()
    strategies = [catalog.parse("strategy", name)[0] for name in ("random", "centroid", "supervised", "broken")]
    data, embedder = catalog.parse("dataset", "tiny:variant=0|2"), catalog.parse("embedder", "pixels")
    clusterer, trainer = catalog.parse("clusterer", "kmeans"), catalog.parse("trainer", "logreg")
    grid = Grid(data, embedder, clusterer, strategies, trainer, [pools.BUDGET, 2 * pools.BUDGET], [0, 1])
    with tempfile.TemporaryDirectory() as folder:
        cache = StageCache(CacheSettings(Path(folder), GIGABYTE))
        oracles, computed = OracleFactory(catalog.call, cache), list[Outcome]()
        for cell in make_plan(catalog, grid, catalog.call).cells:
            oracle = oracles.create(cell)
            computed.append(make_outcome(cell, oracle, CellRunner(catalog, cache, oracle).run(cell)))
        return tuple(computed)


def failures() -> tuple[Outcome, ...]:
    """Return the outcomes of the failed cells."""
    return tuple(outcome for outcome in outcomes() if not outcome[0].ok)


def write_rows(folder: Path, outcomes: Sequence[Outcome]) -> tuple[list[Result], ResultsReader]:
    """Write outcomes into a folder of results, and return its rows and a reader."""
    from pslbench.results.folder import ResultsFolder

    results_folder, catalog = ResultsFolder.create(folder), _catalog()
    for outcome in outcomes:
        results_folder.write_cell(*outcome)
    results_folder.append_run({"command": "pslbench check", "cells": len(outcomes)})

    def load_dataset(result: Result) -> Dataset:
        data: Dataset = catalog.call(*catalog.parse("dataset", result.dataset))
        return data

    return results_folder.rows_of(result.key for result, _ in outcomes), ResultsReader(
        folder,
        tuple(results_folder.runs()),
        results_folder.probabilities,
        results_folder.labeling,
        load_dataset,
    )
