"""Runs the strategy and the trainer of a session in a worker process."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pslbench.contracts.arrays import Floats, Ints
from pslbench.errors import InputError
from pslbench.execution.cache import CacheSettings, Entry, StageCache
from pslbench.execution.messages import Message
from pslbench.execution.oracle import check_probabilities
from pslbench.execution.worker import WorkerConfig
from pslbench.execution.worker_process import WorkerDiedError, WorkerProcess
from pslbench.labeling.oracle import Ask, PersonOracle, RestartError
from pslbench.labeling.session import LOG, STAGES, Session
from pslbench.planning.cells import Cell
from pslbench.planning.stages import with_keys
from pslbench.plugins.catalog import Catalog, parse_dataset

UNLIMITED = sys.maxsize  # bytes of the stages of a session, which are kept until its folder is removed


@dataclass(frozen=True, eq=False)
class Labeling:
    """What the strategy and the trainer make of the answers.

    Attributes:
        asked: int64 (k,), the samples that the strategy asked for.
        indices, labels: int64 (m,), the samples with a pseudo-label, and their classes.
        probabilities: float32 (n, classes), what the trained classifier says about every sample.
        classes: the names of the classes.
    """

    asked: Ints
    indices: Ints
    labels: Ints
    probabilities: Floats
    classes: tuple[str, ...]


def run_session(session: Session, catalog: Catalog, ask: Ask | None) -> Labeling:
    """Run the strategy from its start with the answers so far, ask for those that are missing, and train.

    Args:
        session: its answers.
        catalog: the parts.
        ask: asks a person, as for `PersonOracle`; None to go without the missing answers.

    Raises:
        QuestionsOpenError: more answers are needed.
        InputError: the strategy or the trainer failed.
    """
    while True:
        cell = with_keys(catalog, make_cell(session, catalog, n_classes=max(2, len(session.classes))))
        try:
            return _run(session, cell, ask)
        except RestartError:
            continue


def make_cell(session: Session, catalog: Catalog, n_classes: int) -> Cell:
    """Return the cell of a session, which is that of a benchmark with the same settings, over the heap."""
    settings = session.settings
    strategy = catalog.parse("strategy", settings.strategy)[0]
    trainer = catalog.parse("trainer", settings.trainer)[0]
    embedder = catalog.parse("embedder", settings.embedder)[0]
    clusterer = catalog.parse("clusterer", settings.clusterer)[0]
    part = catalog.part_of(strategy)
    return Cell(
        parse_dataset(catalog, settings.data)[0],
        embedder,
        clusterer if "clusters" in part.uses else None,
        strategy,
        trainer,
        settings.strategy_budget,
        settings.seed,
        session.heap.checksum,
        with_graph="graph" in part.uses,
        heap_classes=n_classes,
    )


def _run(session: Session, cell: Cell, ask: Ask | None) -> Labeling:
    folder = session.folder.absolute()
    settings = CacheSettings(folder / STAGES, UNLIMITED, min_seconds=0)
    StageCache(settings).get(cell.stages["data"], session.heap.entry, always=True)  # where the worker finds it

    def features() -> Floats:
        stored: Floats = StageCache(settings).get(cell.stages["embed"], _missing).arrays["features"]
        return stored

    oracle = PersonOracle(session, cell.heap_classes, ask, session.heap.entry, features)
    plugin_files = tuple(str(Path(file).absolute()) for file in session.settings.plugin)
    module_folders = tuple(str(Path(each).absolute()) for each in sys.path)
    config = WorkerConfig(
        plugin_files, session.settings.no_plugin, settings, str(folder / LOG), str(Path.cwd()), module_folders
    )
    worker = WorkerProcess(config)
    try:
        output = worker.run(cell, oracle, lambda *_: None)
    except WorkerDiedError as error:
        raise InputError(f"{error}; see {folder / LOG}, and run again") from None
    finally:
        with suppress(Exception):
            worker.kill()
    return _labeling(session, cell, oracle, output)


def _missing() -> Entry:
    raise InputError("the features of the heap are gone from the folder of the session; run again")


def _labeling(session: Session, cell: Cell, oracle: PersonOracle, output: Message) -> Labeling:
    if output.facts["status"] != "ok":
        error = output.facts["error"]
        if error["type"] == "InputError":
            raise InputError(error["message"])
        with (session.folder / LOG).open("a", encoding="utf-8") as log:
            log.write(error["traceback"])
        raise InputError(
            f"{cell.strategy} failed ({error['type']}: {error['message']}); see {session.folder / LOG}, or use others"
        )
    arrays = output.arrays
    probabilities = check_probabilities(arrays["probabilities"], len(session.heap), cell.heap_classes)
    return Labeling(
        oracle.account.asked,
        arrays["indices"],
        arrays["labels"],
        probabilities.astype("float32"),
        tuple(session.classes),
    )
