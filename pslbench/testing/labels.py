"""Checks that labels are queried, counted, and known from nowhere else; and that training is declared."""

import gc
import types
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pslbench.contracts.arrays import Ints
from pslbench.testing import pools
from pslbench.testing.subject import Skip, Subject, require

__tracebackhide__ = True


def check_budget(subject: Subject) -> None:
    """It never queries more labels than the budget allows; the smallest budget is 1."""
    if subject.part.needs_all_labels:
        raise Skip("it may query every label, so it has no budget; its rows are upper bounds")
    subject.first_run("budget")
    budgets, refusals = (1, 2, pools.N_CLASSES, 2 * pools.BUDGET), list[Skip]()
    for budget in budgets:
        try:
            subject.run_or_skip(pools.ordinary(budget=budget))
        except Skip as refusal:
            refusals.append(refusal)
        except AssertionError as error:
            raise AssertionError(f"with a budget of {budget} {error}") from error
    if len(refusals) == len(budgets):
        raise refusals[0]


def check_counted_labels(subject: Subject) -> str:
    """Its row counts all labels that it queried, and it queries them again in every run.

    Labels that a part remembers from an earlier run would not be counted in any row.
    """
    first = subject.deterministic_run()
    charged, charged_again = (set(run.entry.arrays["asked"]) for run in (first, subject.second_run))
    queried = first.calls.queried
    require(
        queried == charged,
        f"it queried {len(queried)} labels, but the record has {len(charged)}; do not change the record of queries",
    )
    require(
        charged == charged_again,
        f"it queried {len(charged)} labels in one run and {len(charged_again)} in a second run with the same seed; "
        "keep nothing between runs",
    )
    return f"{len(queried)} of {pools.N_SAMPLES if subject.part.needs_all_labels else pools.BUDGET} labels"


def check_declared_training(subject: Subject) -> None:
    """It calls pool.train only if it is registered with trains=True, because its output then depends on the trainer."""
    subject.first_run("declared_training")


def check_no_peeking(subject: Subject) -> None:
    """Its output does not depend on labels that it did not query, and it keeps no reference to true labels.

    For a trainer these are all true labels of the pool, and those of the test set unless its evaluations are counted.
    """
    before, original = subject.deterministic_run(), pools.ordinary()
    queried = before.calls.queried
    if len(queried) == len(original.data.y_train):
        raise Skip("it queries every label")
    y, y_test = original.data.y_train, original.data.y_test
    y_changed = np.where(np.isin(np.arange(len(y)), list(queried)), y, (y + 1) % pools.N_CLASSES)
    may_use_test_set = bool(before.entry.info.get("evaluations"))
    y_test_changed = y_test if may_use_test_set else (y_test + 1) % pools.N_CLASSES
    changed = replace(original, data=replace(original.data, y_train=y_changed, y_test=y_test_changed))
    after = subject.run_or_skip(changed)
    require(
        before.equals(after),
        "its output changes with labels that it did not query; get labels from pool.label alone",
    )
    require(
        not any(_can_reach(subject.part.function, tiny.data.y_train) for tiny in (original, changed)),
        "it keeps the true labels in its module, where its next run can find them; keep nothing between runs",
    )


def _can_reach(function: Callable[..., object], labels: Ints) -> bool:
    """Whether a function refers to an array that equals the labels, within its own module."""

    def is_outside(value: object) -> bool:
        is_definition = isinstance(value, (types.FunctionType, type))
        # the frames of a failed run belong to the kit
        is_opaque = isinstance(value, (types.ModuleType, types.TracebackType))
        return is_opaque or (is_definition and value.__module__ != function.__module__)

    visited, pending = dict[int, object](), list[object]([function])
    while pending:
        value = pending.pop()
        if id(value) in visited or is_outside(value):
            continue
        visited[id(value)] = value
        if isinstance(value, np.ndarray) and value.shape == labels.shape and np.array_equal(value, labels):
            return True
        pending += gc.get_referents(value)
    return False
