"""Strategies and trainers that try to get labels for free, to hang their worker, or to spoil the rows of others."""

from __future__ import annotations

import pytest
from helpers import command, rows

TINY = ("-d", "digits", "-t", "logreg", "-b", "30", "-j", "1")
ATTACKS = '''"""Attacks."""

import dataclasses
import gc
import os
from pathlib import Path

import numpy as np

from pslbench import PseudoLabels, TrainingData, hookimpl, strategy, trainer
from pslbench.execution import cell
from pslbench.execution.cache import StageCache
from pslbench.execution.worker import RemoteOracle


def first(kind):
    return next(each for each in gc.get_objects() if isinstance(each, kind))


def first_samples(pool, indices=None):
    indices = np.arange(pool.budget) if indices is None else indices
    return PseudoLabels(indices, pool.label(indices))


@strategy("scavenger", uses="x")
def scavenger(pool):
    """Search the cache of the worker for the labels of another strategy."""
    for entry in first(StageCache)._memory.values():
        if "labels" in entry.arrays and len(entry.arrays["indices"]) == len(pool):
            return PseudoLabels(np.array(entry.arrays["indices"]), np.array(entry.arrays["labels"]))
    return first_samples(pool)


@strategy("twice", uses="x")
def twice(pool):
    """Spend the budget, die, and spend it again."""
    path = Path("labels.npy")
    if path.exists():
        return first_samples(pool, np.arange(pool.budget, 2 * pool.budget))
    np.save(path, pool.label(np.arange(pool.budget)))
    os._exit(1)


@strategy("forks", uses="x")
def forks(pool):
    """Let a child query while the parent does."""
    labels = pool.label(np.arange(pool.budget))
    child = os.fork()
    if child == 0:
        try:
            pool.label([0])
        except Exception:
            os._exit(3)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    assert pool.label([5]) == labels[5]
    return PseudoLabels(np.arange(pool.budget), labels)


@strategy("loops", uses="x")
def loops(pool):
    """Query for ever."""
    while True:
        pool.label([0])


@strategy("nested", uses="x")
def nested(pool):
    """Send JSON that is nested too deeply."""
    head = b"[" * 200_000
    first(RemoteOracle)._pipe.send_bytes(len(head).to_bytes(8, "big") + head)
    return first_samples(pool)


def forge(change):
    """Change the facts and arrays of this cell after they were checked."""
    original = cell.collect_output

    def forged(outputs):
        cell.collect_output = original
        return change(*original(outputs))

    cell.collect_output = forged


@strategy("forges", uses="x")
def forges(pool):
    """Return labels that are no classes."""
    forge(lambda facts, arrays: (facts, {**arrays, "labels": arrays["labels"] + 99}))
    return first_samples(pool)


@strategy("impersonates", uses="x")
def impersonates(pool):
    """Return a row of another strategy, under a key that leaves the folder."""
    stolen = {"key": "../../stray", "strategy": "random", "labels_spent": 0}
    forge(lambda facts, arrays: ({**facts, **stolen}, arrays))
    return first_samples(pool)


@strategy("wins", uses="x")
def wins(pool):
    """Return a status that does not exist."""
    forge(lambda facts, arrays: ({"status": "won"}, {}))
    return first_samples(pool)


@strategy("floods", uses="x")
def floods(pool):
    """Announce a message of two gigabytes."""
    os.write(first(RemoteOracle)._pipe.fileno(), (2**31 - 1).to_bytes(4, "big"))
    return first_samples(pool)


@trainer("spends")
def spends(data: TrainingData):
    """Query labels."""
    first(RemoteOracle).label(data.unlabeled[:20])


@hookimpl
def pslbench_register():
    yield from (scavenger, twice, forks, loops, nested, forges, impersonates, wins, floods, spends)
'''


@pytest.fixture
def attack(plugin, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        command("run", *TINY, *arguments, "-o", tmp_path / "r", "--plugin", plugin(ATTACKS))
        return rows(tmp_path / "r").set_index("strategy")

    return run


def test_a_worker_that_has_seen_all_labels_runs_no_other_strategy(attack):
    found = attack("supervised", "scavenger", "-s", "1")
    assert found.labels_spent["scavenger"] == 30
    assert found.coverage["scavenger"] < 0.05


def test_the_label_account_survives_the_worker(attack):
    assert attack("twice", "-s", "1").error["twice"].startswith("BudgetExceeded")


def test_a_child_of_the_worker_cannot_take_the_answers_of_its_parent(attack):
    assert attack("forks", "-s", "1").labels_spent["forks"] == 30


def test_a_strategy_that_never_stops_querying_ends_at_the_timeout(attack):
    assert attack("loops", "-s", "1", "--timeout", "1").error["loops"].startswith("Timeout")


def test_a_message_that_cannot_be_read_costs_no_other_row(attack):
    found = attack("nested", "random", "-s", "1")
    assert found.error["nested"].startswith("WorkerDied")
    assert found.test_accuracy["random"] == attack("random", "-s", "1", "--fresh").test_accuracy["random"]


def test_output_that_does_not_fit_the_data_is_an_error(attack):
    error = attack("forges", "-s", "1").error["forges"]
    assert error == "ContractError: the worker returned labels that are not integers (m,) from 0 to 9"


def test_a_worker_cannot_write_rows_of_other_cells_or_outside_the_folder(attack, tmp_path):
    found = attack("impersonates", "wins", "random", "-s", "1")
    assert found.status.to_dict() == {"impersonates": "ok", "random": "ok", "wins": "failed"}
    assert found.labels_spent["impersonates"] == 30
    assert not list(tmp_path.glob("stray*"))


def test_a_message_of_any_size_is_not_read(attack):
    assert "WorkerDied" in attack("floods", "-s", "1").error["floods"]


def test_a_trainer_cannot_query_labels(attack):
    found = attack("random", "-t", "spends", "-s", "1").set_index("trainer")
    assert found.error["spends"] == "ContractError: a trainer must not query labels; only the strategy may"
    assert found.labels_spent["logreg"] == 30
