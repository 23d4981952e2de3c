"""Which checks a part of each kind goes through.

A check takes a `Subject` and returns, with a word of what it saw if there is one, or raises: AssertionError says in a
sentence what is wrong and what to do, `Skip` why nothing can be said. The first line of its docstring is its promise.
"""

from __future__ import annotations

from collections.abc import Callable

from pslbench.parts import Kind
from pslbench.testing import awkward, behaviour, every, labels
from pslbench.testing.subject import Subject

CheckFunction = Callable[[Subject], str | None]
EVERY: tuple[CheckFunction, ...] = (
    every.check_metadata,
    every.check_light_import,
    every.check_default_construction,
    every.check_parameter_types,
    every.check_output,
    every.check_admitted_values,
    every.check_inputs_unchanged,
    every.check_global_random_state,
    every.check_determinism,
)
POOLS: tuple[CheckFunction, ...] = (
    awkward.check_few_distinct_samples,
    awkward.check_duplicates,
    awkward.check_constant_features,
)
LABELLED: tuple[CheckFunction, ...] = (
    awkward.check_one_class,
    awkward.check_everything_labelled,
    awkward.check_vectors,
)
BOUGHT: tuple[CheckFunction, ...] = (labels.check_budget, labels.check_counted_labels)
LAST: tuple[CheckFunction, ...] = (labels.check_no_peeking, behaviour.check_sample_order, behaviour.check_time)
TRAINED: tuple[CheckFunction, ...] = (awkward.check_weights, behaviour.check_predictions_last)
CHECKS: dict[Kind, tuple[CheckFunction, ...]] = {
    "dataset": EVERY,
    "embedder": (*EVERY, *POOLS, awkward.check_vectors, *LAST),
    "clusterer": (*EVERY, *POOLS, awkward.check_everything_labelled, *LAST),
    "strategy": (*EVERY, *BOUGHT, *POOLS, *LABELLED, *LAST),
    "trainer": (*EVERY, *POOLS, *LABELLED, *TRAINED, *LAST),
    "reporter": (*EVERY, awkward.check_only_failures),
}
