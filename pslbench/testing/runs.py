"""Runs a part of any kind on a tiny pool, with the code that runs the stages of a cell."""

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
from pslbench.execution.oracle import CellOracle, TrueLabels, samples_of
from pslbench.parts import Kind, Part, PartConfig
from pslbench.testing import pools, rows
from pslbench.testing.pools import TinyPool

if TYPE_CHECKING:
    from pslbench.plugins.catalog import Catalog


def run_part(part: Part, config: PartConfig, tiny: TinyPool, seed: int) -> Entry:
    """Run a part once and return its arrays and facts."""
    return STAGES[part.kind](_catalog_of(part), config, tiny, seed)


def pool(n: int = pools.N_SAMPLES, budget: int = pools.BUDGET, seed: int = 0) -> Pool:
    """Return a pool for tests of a strategy: n images of 8 x 8 pixels, three classes that are easy to distinguish.

    It has features (the pixels), clusters and a graph. `label` charges the budget as in a run; `train` trains `logreg`.

    Example:
        assert len(my_idea(pool(), rounds=0).labels) == 60
    """
    from pslbench.trainers.logreg import logreg

    tiny = pools.ordinary(n, budget)
    context, inputs = _context(_catalog_of(logreg), tiny, seed), _inputs(tiny)
    queries = stages.RecordedQueries(context.oracle)
    train = partial(stages.train_within_strategy, context, inputs["data"], queries)
    return stages.make_pool(context, inputs, queries.label, train)


def _catalog_of(part: Part) -> Catalog:
    """Return a catalog with the part, and with a trainer for strategies that train."""
    import pluggy

    from pslbench.plugins.catalog import Catalog, Plugin
    from pslbench.trainers.logreg import logreg

    parts = (part,) if part.kind == "trainer" else (part, logreg)
    return Catalog((Plugin("kit", "pslbench.testing", parts=parts),), pluggy.PluginManager("pslbench"))


def _run_dataset(catalog: Catalog, config: PartConfig, tiny: TinyPool, seed: int) -> Entry:
    data = catalog.call(config)
    if not isinstance(data, Dataset):
        raise ContractError(f"a dataset must return Dataset(...), not {type(data).__name__}")
    arrays = {name: getattr(data, name) for name in ("x_train", "y_train", "x_test", "y_test")}
    return Entry(arrays, {"name": data.name, "classes": data.classes})


def _run_embedder(catalog: Catalog, config: PartConfig, tiny: TinyPool, seed: int) -> Entry:
    return stages.embed(_context(catalog, tiny, seed, config), _inputs(tiny))


def _run_clusterer(catalog: Catalog, config: PartConfig, tiny: TinyPool, seed: int) -> Entry:
    return stages.cluster(_context(catalog, tiny, seed, config), _inputs(tiny))


def _run_strategy(catalog: Catalog, config: PartConfig, tiny: TinyPool, seed: int) -> Entry:
    return stages.label(_context(catalog, tiny, seed, config), _inputs(tiny, catalog.part_of(config).uses))


def _run_trainer(catalog: Catalog, config: PartConfig, tiny: TinyPool, seed: int) -> Entry:
    labels = {name: array for name, array in vars(tiny.pseudo_labels).items() if array is not None}
    return stages.train(_context(catalog, tiny, seed, config), {**_inputs(tiny), "label": Entry(labels)})


def _context(catalog: Catalog, tiny: TinyPool, seed: int, config: PartConfig | None = None) -> stages.CellContext:
    """Return the context of a cell with this part, and with logistic regression if the part is not a trainer."""
    data, is_unlimited = tiny.data, config is not None and catalog.part_of(config).needs_all_labels
    truth = TrueLabels(data.y_train, data.y_test, data.n_classes)
    oracle = CellOracle(truth, len(data.y_train) if is_unlimited else tiny.budget, partial(samples_of, data))
    configs: dict[Kind, PartConfig | None] = {config.kind: config} if config else {}
    if "trainer" not in configs:
        configs["trainer"] = catalog.parse("trainer", "logreg")[0]
    return stages.CellContext(catalog, configs, tiny.budget, seed, oracle)


def _inputs(tiny: TinyPool, uses: tuple[str, ...] = ("clusters", "graph")) -> dict[str, Entry]:
    """Return the outputs of the stages that come before the part."""
    inputs = {"data": samples_of(tiny.data)}
    if uses != ("x",):
        inputs["embed"] = Entry({"features": tiny.features, "test_features": tiny.test_features})
    if "clusters" in uses:
        inputs["cluster"] = Entry(vars(tiny.clusters))
    if "graph" in uses:
        inputs["graph"] = Entry(vars(tiny.graph))
    return inputs


def used_test_set(entry: Entry) -> bool:
    """Whether the trainer evaluated itself on the test set."""
    return bool(entry.info.get("evaluations"))


def _run_reporter(catalog: Catalog, config: PartConfig, tiny: TinyPool, seed: int) -> Entry:
    """Return its `text`, the `files` that it wrote, and which rows and files of the folder it `changed`."""
    from rich.console import Console

    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as working_directory:
        folder, screen = Path(name), StringIO()
        results, reader = rows.write_rows(folder, rows.outcomes() if tiny.has_scores else rows.failures())
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


STAGES: dict[Kind, Callable[[Catalog, PartConfig, TinyPool, int], Entry]] = {
    "dataset": _run_dataset,
    "embedder": _run_embedder,
    "clusterer": _run_clusterer,
    "strategy": _run_strategy,
    "trainer": _run_trainer,
    "reporter": _run_reporter,
}
