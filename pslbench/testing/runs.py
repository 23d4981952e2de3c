"""Runs a part of any kind on a tiny pool, with the code that runs the stages of a cell."""

from __future__ import annotations

import tempfile
from contextlib import chdir
from copy import deepcopy
from dataclasses import replace
from functools import lru_cache, partial
from io import StringIO
from pathlib import Path

import pluggy

from pslbench.clusterers.kmeans import kmeans
from pslbench.contracts import Dataset, Pool, PseudoLabels
from pslbench.embedders.pixels import pixels
from pslbench.errors import ContractError
from pslbench.execution import stages
from pslbench.execution.cache import GIGABYTE, CacheSettings, Entry, StageCache
from pslbench.execution.cell import CellRunner
from pslbench.execution.oracle import CellOracle, OracleFactory, TrueLabels, samples_of
from pslbench.execution.supervisor import make_outcome
from pslbench.parts import Kind, Part, PartConfig, PoolInput, configure, dataset, strategy
from pslbench.planning.grid import Grid
from pslbench.planning.plan import make_plan
from pslbench.plugins.catalog import Catalog, Plugin
from pslbench.results.folder import ResultsFolder
from pslbench.results.records import Outcome, Result, ResultsReader
from pslbench.strategies.centroid import centroid
from pslbench.strategies.random import random
from pslbench.strategies.supervised import supervised
from pslbench.testing import pools
from pslbench.testing.pools import TinyPool
from pslbench.trainers.logreg import logreg
from pslbench.trainers.probe import probe


def run_part(part: Part, config: PartConfig, tiny: TinyPool, seed: int) -> Entry:
    """Run a part once and return its arrays and facts."""
    catalog = _make_catalog(part) if part.kind == "trainer" else _make_catalog(part, probe)
    if part.kind == "dataset":
        return _run_dataset(catalog, config)
    if part.kind == "reporter":
        return _run_reporter(catalog, config, tiny)
    budget = len(tiny.data.y_train) if part.needs_all_labels else tiny.budget
    uses = ("features",) if part.needs_features else part.uses
    context, inputs = _context(catalog, tiny, seed, budget, config), _inputs(tiny, uses)
    if part.kind == "embedder":
        return stages.embed(context, inputs)
    if part.kind == "clusterer":
        return stages.cluster(context, inputs)
    if part.kind == "strategy":
        return stages.label(context, inputs)
    labels = {name: array for name, array in vars(tiny.pseudo_labels).items() if array is not None}
    labels["asked"] = tiny.pseudo_labels.indices
    return stages.train(context, {**inputs, "label": Entry(labels)})


def pool(n: int = pools.N_SAMPLES, budget: int = pools.BUDGET, seed: int = 0) -> Pool:
    """Return a pool for tests of a strategy: n images of 8 x 8 pixels, three classes that are easy to distinguish.

    It has features (the pixels), clusters and a graph. `label` charges the budget as in a run; `train` trains `logreg`.

    Example:
        assert len(my_idea(pool(), rounds=0).labels) == 60
    """
    tiny = pools.ordinary(n, budget)
    context = _context(_make_catalog(logreg), tiny, seed, budget)
    inputs = _inputs(tiny, ("clusters", "graph"))
    queries = stages.RecordedQueries(context.oracle, inputs["data"])
    train = partial(stages.train_within_strategy, context, inputs, queries)
    return stages.make_pool(context, inputs, queries.label, train)


def _make_catalog(*parts: Part) -> Catalog:
    return Catalog((Plugin("kit", "pslbench.testing", parts=parts),), pluggy.PluginManager("pslbench"))


def _context(
    catalog: Catalog, tiny: TinyPool, seed: int, limit: int, config: PartConfig | None = None
) -> stages.CellContext:
    """Return the context of a cell with this part. A strategy trains `probe`, and `logreg` if there is no part."""
    truth = TrueLabels(tiny.data.y_train, tiny.data.y_test, tiny.data.n_classes)
    trainer = logreg if config is None else probe
    configs: dict[Kind, PartConfig | None] = {"trainer": configure(trainer, trainer.name)}
    if config:
        configs[config.kind] = config
    oracle = CellOracle(truth, limit, partial(samples_of, tiny.data))
    return stages.CellContext(catalog, configs, tiny.budget, seed, oracle)


def _inputs(tiny: TinyPool, uses: tuple[PoolInput, ...]) -> dict[str, Entry]:
    inputs = {"data": samples_of(tiny.data)}
    if uses != ("x",):
        inputs["embed"] = Entry({"features": tiny.features, "test_features": tiny.test_features})
    if "clusters" in uses:
        inputs["cluster"] = Entry(vars(tiny.clusters))
    if "graph" in uses:
        inputs["graph"] = Entry(vars(tiny.graph))
    return inputs


def _run_dataset(catalog: Catalog, config: PartConfig) -> Entry:
    data = catalog.call(config)
    if not isinstance(data, Dataset):
        raise ContractError(f"a dataset must return Dataset(...), not {type(data).__name__}")
    return Entry(data.arrays(), {"name": data.name, "classes": data.classes})


def _run_reporter(catalog: Catalog, config: PartConfig, tiny: TinyPool) -> Entry:
    """Return its `text`, the `files` that it wrote, and which rows and files of the folder it `changed`."""
    from rich.console import Console

    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as working_directory:
        folder, screen = Path(name), StringIO()
        results, reader = _write_rows(folder, tiny.has_scores)
        results_before, files_before = deepcopy(results), _read_files(folder)
        with chdir(working_directory):
            shown = catalog.call(config, results, reader)
        if shown is not None:
            Console(file=screen, width=120).print(shown)
        files = _read_files(folder)
        changed = ["results"] * (results != results_before)
        changed += [file for file, content in files_before.items() if files.get(file) != content]
        written = {file: text.replace(name.encode(), b".") for file, text in files.items() if file not in files_before}
        text = screen.getvalue().replace(name, ".").replace(working_directory, ".")
        return Entry({}, {"text": text, "files": written, "changed": changed})


def _read_files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@dataset("tiny")
def tiny(*, variant: int = 0) -> Dataset:
    """Images of three classes that are easy to distinguish."""
    return replace(pools.ordinary(variant=variant).data, name=f"tiny-{variant}")


@strategy("broken", uses="x")
def broken(pool: Pool) -> PseudoLabels:
    """Fail, because reporters also receive rows of failed cells."""
    raise ValueError("this cell fails on purpose")


@lru_cache(maxsize=1)
def _compute_outcomes() -> tuple[Outcome, ...]:
    """Compute the rows of two datasets, two budgets, two seeds and four strategies, one of which fails."""
    catalog = _make_catalog(tiny, pixels, kmeans, random, centroid, supervised, broken, logreg)
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


def _write_rows(path: Path, has_scores: bool) -> tuple[list[Result], ResultsReader]:
    """Write the rows, or those of failed cells alone, into a folder; return them and the reader of a reporter."""
    folder, catalog = ResultsFolder.create(path), _make_catalog(tiny)
    outcomes = [outcome for outcome in _compute_outcomes() if has_scores or not outcome[0].ok]
    for outcome in outcomes:
        folder.write_cell(*outcome)
    folder.append_run({"command": "pslbench check", "cells": len(outcomes)})

    def load_dataset(result: Result) -> Dataset:
        data: Dataset = catalog.call(*catalog.parse("dataset", result.dataset))
        return data

    reader = ResultsReader(path, tuple(folder.runs()), folder.probabilities, folder.labeling, load_dataset)
    return folder.rows_of(result.key for result, _ in outcomes), reader
