"""The checks and the kinds of parts that they apply to.

A check takes a `Subject` and returns None or a remark. It raises AssertionError with a sentence that says what is wrong
and what to do, or `Skip` with the reason why it does not apply. The first line of its docstring says what it verifies.
"""

from __future__ import annotations

from collections.abc import Callable

from pslbench.parts import KINDS, Kind
from pslbench.testing import behavior, common_checks, edge_cases, labels
from pslbench.testing.subject import Subject

CheckFunction = Callable[[Subject], str | None]
COMPUTING: tuple[Kind, ...] = ("embedder", "clusterer", "strategy", "trainer")
KINDS_OF_CHECK: dict[CheckFunction, tuple[Kind, ...]] = {
    common_checks.check_metadata: KINDS,
    common_checks.check_light_import: KINDS,
    common_checks.check_default_construction: KINDS,
    common_checks.check_parameter_types: KINDS,
    common_checks.check_output: KINDS,
    common_checks.check_admitted_values: KINDS,
    common_checks.check_inputs_unchanged: KINDS,
    common_checks.check_global_random_state: KINDS,
    common_checks.check_determinism: KINDS,
    labels.check_budget: ("strategy",),
    labels.check_counted_labels: ("strategy",),
    labels.check_declared_training: ("strategy",),
    edge_cases.check_few_distinct_samples: COMPUTING,
    edge_cases.check_duplicates: COMPUTING,
    edge_cases.check_constant_features: COMPUTING,
    edge_cases.check_one_class: ("strategy", "trainer"),
    edge_cases.check_everything_labeled: ("clusterer", "strategy", "trainer"),
    edge_cases.check_vectors: ("embedder", "strategy", "trainer"),
    edge_cases.check_weights: ("trainer",),
    edge_cases.check_soft_labels: ("trainer",),
    behavior.check_independent_predictions: ("trainer",),
    labels.check_no_peeking: COMPUTING,
    behavior.check_sample_order: COMPUTING,
    behavior.check_time: COMPUTING,
    edge_cases.check_only_failures: ("reporter",),
}
CHECKS: dict[Kind, tuple[CheckFunction, ...]] = {
    kind: tuple(check for check, kinds in KINDS_OF_CHECK.items() if kind in kinds) for kind in KINDS
}
