"""Which checks a part of each kind goes through.

A check takes a `Subject` and returns, with a word of what it saw if there is one, or raises: AssertionError says in a
sentence what is wrong and what to do, `Skip` why nothing can be said. The first line of its docstring is its promise.
"""

from __future__ import annotations

from collections.abc import Callable

from pslbench.parts import Kind
from pslbench.testing import behaviour, common_checks, edge_cases, labels
from pslbench.testing.subject import Subject

CheckFunction = Callable[[Subject], str | None]
EVERY: tuple[CheckFunction, ...] = (
    common_checks.check_metadata,
    common_checks.check_light_import,
    common_checks.check_default_construction,
    common_checks.check_parameter_types,
    common_checks.check_output,
    common_checks.check_admitted_values,
    common_checks.check_inputs_unchanged,
    common_checks.check_global_random_state,
    common_checks.check_determinism,
)
POOLS: tuple[CheckFunction, ...] = (
    edge_cases.check_few_distinct_samples,
    edge_cases.check_duplicates,
    edge_cases.check_constant_features,
)
LABELLED: tuple[CheckFunction, ...] = (
    edge_cases.check_one_class,
    edge_cases.check_everything_labelled,
    edge_cases.check_vectors,
)
BOUGHT: tuple[CheckFunction, ...] = (labels.check_budget, labels.check_counted_labels)
LAST: tuple[CheckFunction, ...] = (labels.check_no_peeking, behaviour.check_sample_order, behaviour.check_time)
TRAINED: tuple[CheckFunction, ...] = (edge_cases.check_weights, behaviour.check_predictions_last)
CHECKS: dict[Kind, tuple[CheckFunction, ...]] = {
    "dataset": EVERY,
    "embedder": (*EVERY, *POOLS, edge_cases.check_vectors, *LAST),
    "clusterer": (*EVERY, *POOLS, edge_cases.check_everything_labelled, *LAST),
    "strategy": (*EVERY, *BOUGHT, *POOLS, *LABELLED, *LAST),
    "trainer": (*EVERY, *POOLS, *LABELLED, *TRAINED, *LAST),
    "reporter": (*EVERY, edge_cases.check_only_failures),
}
