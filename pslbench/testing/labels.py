"""Labels are bought, counted, and known from nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pslbench.testing import pools
from pslbench.testing.subject import Skip, Subject, require

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Ints
    from pslbench.testing.pools import Scene

__tracebackhide__ = True


def check_budget(subject: Subject) -> None:
    """It never asks for more labels than the budget allows, from 1 on."""
    if subject.part.needs_all_labels:
        raise Skip("its account is unlimited, and its rows are upper bounds")
    subject.sound("budget")
    budgets, refused = (1, 2, pools.CLASSES, 2 * pools.BUDGET), list[Skip]()
    for budget in budgets:
        try:
            subject.copes(pools.ordinary(budget=budget))
        except Skip as skip:
            refused.append(skip)
        except AssertionError as error:
            raise AssertionError(f"with a budget of {budget} {error}") from error
    if len(refused) == len(budgets):
        raise refused[0]


def check_counted_labels(subject: Subject) -> str:
    """The labels that its row says it spent are those that it asked for, and it asks for them in every run.

    What it remembered from an earlier run would be labels that no row counts.
    """
    first = subject.steady()
    spent = [set(run.entry.arrays["asked"]) for run in (first, subject.second)]
    asked = first.seen.asked
    require(
        asked == spent[0],
        f"it asked for {len(asked)} labels, but its account says {len(spent[0])}: leave the account alone",
    )
    require(
        spent[0] == spent[1],
        f"it asked for {len(spent[0])} labels in one run, for {len(spent[1])} in a later one of the same seed: "
        "keep nothing between runs",
    )
    return f"{len(asked)} of {pools.SAMPLES if subject.part.needs_all_labels else pools.BUDGET}"


def check_no_peeking(subject: Subject) -> None:
    """With every label changed that it did not ask for, it does the same; and nothing it holds leads to the labels.

    Of a trainer, that is every true label of the pool, and of the test set unless its looks there were counted.
    """
    before, scene = subject.steady(), pools.ordinary()
    asked = before.seen.asked
    if len(asked) == len(scene.data.y_train):
        raise Skip("it asks for every label")
    looked = bool(before.entry.info.get("looks"))
    other = _with_others_changed(scene, asked, looked)
    after = subject.copes(other)
    require(
        before.same(after),
        "what it gives changes with labels that it never asked for: it knows them from elsewhere than pool.label",
    )
    require(
        not any(_leads_to(subject.part.function, hidden.data.y_train) for hidden in (scene, other)),
        "it keeps the hidden labels where its next run will find them: keep nothing between runs",
    )


def _with_others_changed(scene: Scene, asked: set[int], looked: bool) -> Scene:
    import numpy as np

    y, y_test = scene.data.y_train, scene.data.y_test
    kept = np.isin(np.arange(len(y)), list(asked))
    others = np.where(kept, y, (y + 1) % pools.CLASSES)
    return scene.with_labels(others, y_test if looked else (y_test + 1) % pools.CLASSES)


def _leads_to(function: Any, labels: Ints) -> bool:
    """Whether an array equal to the labels can be reached from a function, within its own module."""
    import gc
    import types

    import numpy as np

    def elsewhere(thing: Any) -> bool:
        named = isinstance(thing, (types.FunctionType, type))
        apart = isinstance(thing, (types.ModuleType, types.TracebackType))  # a failed run's frames are the kit's
        return apart or (named and thing.__module__ != function.__module__)

    seen, todo = dict[int, Any](), [function]
    while todo:
        each = todo.pop()
        if id(each) in seen or elsewhere(each):
            continue
        seen[id(each)] = each
        if isinstance(each, np.ndarray) and each.shape == labels.shape and np.array_equal(each, labels):
            return True
        todo += gc.get_referents(each)
    return False
