"""How a part of each kind is run on a pool: by the stages of the engine that a cell goes through."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import chdir
from copy import deepcopy
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from pslbench.contracts import Dataset, Pool
from pslbench.errors import ContractError
from pslbench.execution import stages
from pslbench.execution.cache import Entry
from pslbench.parts import Kind, Part, PartConfig
from pslbench.testing import pools, rows
from pslbench.testing.pools import Scene

if TYPE_CHECKING:
    from pslbench.plugins.catalog import Catalog


def catalog_of(part: Part) -> Catalog:
    """The part, and a trainer for strategies that train on their way."""
    import pluggy

    from pslbench.plugins.catalog import Catalog, Plugin
    from pslbench.trainers.logreg import logreg

    parts = (part,) if part.kind == "trainer" else (part, logreg)
    return Catalog((Plugin("kit", "pslbench.testing", parts=parts),), pluggy.PluginManager("pslbench"))


def _dataset(catalog: Catalog, chosen: PartConfig, scene: Scene, seed: int) -> Entry:
    data = catalog.call(chosen)
    if not isinstance(data, Dataset):
        raise ContractError(f"a data set must give a Dataset, not {type(data).__name__}")
    return stages.as_entry(data)


def _embedder(catalog: Catalog, chosen: PartConfig, scene: Scene, seed: int) -> Entry:
    return stages.embed(catalog, chosen, scene.data, seed)


def _clusterer(catalog: Catalog, chosen: PartConfig, scene: Scene, seed: int) -> Entry:
    return stages.cluster(catalog, chosen, scene.embedding, scene.budget, seed)


def pool(n: int = pools.SAMPLES, budget: int = pools.BUDGET, seed: int = 0) -> Pool:
    """A pool to try a strategy on: n images of 8 x 8 pixels, of three classes that are easily told apart.

    It has features (the pixels), clusters and a graph. `label` counts as in a run, `train` trains `logreg`.

    Example:
        assert len(my_idea(pool(), rounds=0).labels) == 60
    """
    from pslbench.execution.oracle import LabelAccount
    from pslbench.trainers.logreg import logreg

    scene = pools.ordinary(n, budget)
    bench = _bench(catalog_of(logreg), scene, seed)
    space = stages.PoolViews(scene.embedding, scene.clusters, scene.graph)
    train = partial(stages.taught, bench, look=bench.exam().look, seed=seed)
    return stages.as_pool(bench, budget, space, LabelAccount(scene.data.y_train, budget).label, train)


def _bench(catalog: Catalog, scene: Scene, seed: int) -> stages.TrainingContext:
    return stages.TrainingContext(catalog, scene.data, catalog.parse("trainer", "logreg")[0], seed)


def _strategy(catalog: Catalog, chosen: PartConfig, scene: Scene, seed: int) -> Entry:
    uses = catalog.resolve("strategy", chosen.name)[1].uses
    space = stages.PoolViews(
        scene.embedding if uses != ("x",) else None,
        scene.clusters if "clusters" in uses else None,
        scene.graph if "graph" in uses else None,
    )
    return stages.label(_bench(catalog, scene, seed), chosen, scene.budget, space)


def _trainer(catalog: Catalog, chosen: PartConfig, scene: Scene, seed: int) -> Entry:
    return stages.train(stages.TrainingContext(catalog, scene.data, chosen, seed), scene.taught)


def _reporter(catalog: Catalog, chosen: PartConfig, scene: Scene, seed: int) -> Entry:
    """What it shows, as `text`, and the `files` it leaves; what of the folder, and of the rows, it `changed`."""
    from rich.console import Console

    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as elsewhere:
        folder, screen = Path(name), StringIO()
        results, records = rows.records(folder, rows.outcomes() if scene.has_scores else rows.failures())
        as_given, before = deepcopy(results), _contents(folder)
        with chdir(elsewhere):
            shown = catalog.call(chosen, results, records)
        if shown is not None:
            Console(file=screen, width=120).print(shown)
        after = _contents(folder)
        changed = ["results"] * (results != as_given) + [file for file in before if after.get(file) != before[file]]
        files = {file: content.replace(name.encode(), b".") for file, content in after.items() if file not in before}
        text = screen.getvalue().replace(name, ".").replace(elsewhere, ".")
        return Entry({}, {"text": text, "files": files, "changed": changed})


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


STAGES: dict[Kind, Callable[[Catalog, PartConfig, Scene, int], Entry]] = {
    "dataset": _dataset,
    "embedder": _embedder,
    "clusterer": _clusterer,
    "strategy": _strategy,
    "trainer": _trainer,
    "reporter": _reporter,
}
