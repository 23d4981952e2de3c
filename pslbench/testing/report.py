"""Runs the checks of a part and reports their outcomes.

A check takes a `Subject` and returns None or a remark. It raises AssertionError with a sentence that says what is wrong
and what to do, or `Skip` with the reason why it does not apply. The first line of its docstring says what it verifies.
"""

from __future__ import annotations

import os
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from pslbench.errors import InputError, deprecated, one_line, unknown
from pslbench.parts import KINDS, Kind, Part, Value
from pslbench.testing import behavior, common_checks, edge_cases, labels
from pslbench.testing.subject import Skip, Subject

if TYPE_CHECKING:
    import pytest

__tracebackhide__ = True  # pytest then shows the sentence of a failed check without the frames of the kit

Status = Literal["passed", "expected failure", "skipped", "failed"]
STATUSES: tuple[Status, ...] = get_args(Status)
Reasons = Mapping[str, str]
Values = Mapping[str, Value]
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
    edge_cases.check_kinds: ("embedder", "strategy", "trainer"),
    edge_cases.check_weights: ("trainer",),
    edge_cases.check_soft_labels: ("trainer",),
    behavior.check_independent_predictions: ("trainer",),
    labels.check_no_peeking: COMPUTING,
    behavior.check_sample_order: COMPUTING,
    behavior.check_time: COMPUTING,
    edge_cases.check_only_failures: ("reporter",),
}


@dataclass(frozen=True)
class Check:
    """One check of one part. Call it to run it.

    Attributes:
        name: the name of the check in `known_failures` and `skips`.
    """

    name: str
    _subject: Subject = field(repr=False)
    _function: CheckFunction = field(repr=False)

    def __call__(self) -> str | None:
        """Run the check and return a remark, or None.

        Raises:
            AssertionError: the check failed. The message says what is wrong and what to do.
            Skip: the check does not apply. Test runners treat it as a skipped test.
        """
        from threadpoolctl import threadpool_limits

        try:
            with threadpool_limits(1), warnings.catch_warnings():  # one thread, as in a worker: sums are reproducible
                warnings.simplefilter("ignore")
                return self._function(self._subject)
        except Skip as skip:
            if not str(skip):
                raise AssertionError("it was skipped without a reason; give Skip a reason") from None
            raise

    @property
    def meaning(self) -> str:
        return (self._function.__doc__ or "").partition("\n")[0]


@dataclass(frozen=True)
class Outcome:
    """The outcome of one check.

    Attributes:
        check: the name of the check.
        meaning: what the check verifies.
        status: `passed`, `expected failure`, `skipped` or `failed`.
        reason: why the check failed or was skipped, or a remark.
        seconds: wall-clock time.
        error: the exception of a failed check.
    """

    check: str
    meaning: str
    status: Status
    reason: str
    seconds: float
    error: BaseException | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Report:
    """The outcomes of all checks of one part.

    Attributes:
        kind: the kind of the part.
        name: the name of the part with the values of its parameters.
        outcomes: one per check.
    """

    kind: str
    name: str
    outcomes: tuple[Outcome, ...]

    @property
    def counts(self) -> dict[Status, int]:
        """The number of checks with each status."""
        counted = Counter(outcome.status for outcome in self.outcomes)
        return {status: counted[status] for status in STATUSES}

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """The checks that failed, and those that passed although they are declared as known failures."""
        return tuple(outcome for outcome in self.outcomes if outcome.status == "failed")

    @property
    def ok(self) -> bool:
        return not self.failures

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {status}" for status, count in self.counts.items())
        failures = (f"  {outcome.check}: {outcome.reason}" for outcome in self.failures)
        return "\n".join((f"{self.kind} {self.name}: {counts}", *failures))


def checks(part: Part, /, *, values: Values | None = None, **old_values: Value) -> tuple[Check, ...]:
    """Return the checks of a part.

    Args:
        part: the object that a decorator such as `strategy` returned.
        values: values for parameters of the part; the others have their defaults.
        old_values: deprecated; use `values`.

    Raises:
        InputError: `values` names an unknown parameter or contains a value that is not allowed.
    """
    if old_values:
        deprecated("checks(part, name=value)", "checks(part, values={'name': value})")
    subject = Subject(part, {**(values or {}), **old_values})
    functions = (function for function, kinds in KINDS_OF_CHECK.items() if part.kind in kinds)
    return tuple(Check(each.__name__.removeprefix("check_"), subject, each) for each in functions)


def check(
    part: Part,
    /,
    known_failures: Reasons | None = None,
    skips: Reasons | None = None,
    *,
    values: Values | None = None,
    **old_values: Value,
) -> Report:
    """Run every check of a part on tiny pools and report the outcomes.

    Args:
        part: the object that a decorator such as `strategy` returned.
        known_failures: maps the name of a check to the reason why the part fails it. The check must then fail.
        skips: maps the name of a check to the reason why it is not run.
        values: values for parameters of the part, such as `{"epochs": 1}` for a slow one; the others have their
            defaults.
        old_values: deprecated; use `values`.

    Example:
        assert check(my_idea, known_failures={"sample_order": "it starts at the first sample"}).ok

    Raises:
        InputError: the name of a check or of a parameter is unknown, a value is not allowed, or a reason is missing.
    """
    if old_values:
        deprecated("check(part, name=value)", "check(part, values={'name': value})")
    if common_checks.IMPORT_ONLY in os.environ:
        raise InputError(
            "the file of the part calls check when it is imported; call it under if __name__ == '__main__':"
        )
    known_failures, skips = known_failures or {}, skips or {}
    all_checks = _declared_checks(part, {**known_failures, **skips}, {**(values or {}), **old_values})
    outcomes = (_outcome_of(each, known_failures.get(each.name), skips.get(each.name)) for each in all_checks)
    return Report(part.kind, all_checks[0]._subject.config.text, tuple(outcomes))


def parametrize(
    part: Part,
    /,
    known_failures: Reasons | None = None,
    skips: Reasons | None = None,
    *,
    values: Values | None = None,
    **old_values: Value,
) -> pytest.MarkDecorator:
    """Return a decorator that makes one pytest test of every check. The arguments are those of `check`.

    Example:
        @parametrize(my_idea)
        def test_conformance(check):
            check()
    """
    import pytest

    if old_values:
        deprecated("parametrize(part, name=value)", "parametrize(part, values={'name': value})")
    known_failures, skips = known_failures or {}, skips or {}
    all_checks = _declared_checks(part, {**known_failures, **skips}, {**(values or {}), **old_values})
    marks = {name: [pytest.mark.xfail(reason=reason, strict=True)] for name, reason in known_failures.items()}
    marks |= {name: [pytest.mark.skip(reason=reason)] for name, reason in skips.items()}
    cases = [pytest.param(each, id=f"{part.name}-{each.name}", marks=marks.get(each.name, ())) for each in all_checks]
    return pytest.mark.parametrize("check", cases)


def _declared_checks(part: Part, reasons: Reasons, values: Values) -> tuple[Check, ...]:
    """Return the checks of a part. Raises InputError if `reasons` names an unknown check or a reason is missing."""
    all_checks = checks(part, values=values)
    names = [each.name for each in all_checks]
    for name, reason in reasons.items():
        if name not in names:
            raise unknown(f"check of a {part.kind}", name, names)
        if not (reason or "").strip():
            raise InputError(f"the known failure or skip '{name}' of {part.name} has no reason; write one")
    return all_checks


def _outcome_of(check: Check, known_failure: str | None, skip: str | None) -> Outcome:
    start = time.perf_counter()
    status, reason, error = ("skipped", skip, None) if skip else _run(check, known_failure)
    return Outcome(check.name, check.meaning, status, reason, time.perf_counter() - start, error)


def _run(check: Check, known_failure: str | None) -> tuple[Status, str, BaseException | None]:
    try:
        remark = check()
    except Skip as skip:
        return "skipped", str(skip), None
    except (Exception, SystemExit) as error:
        sentence = str(error) if isinstance(error, AssertionError) else f"it raises {one_line(error)}"
        return ("expected failure", known_failure, error) if known_failure else ("failed", sentence, error)
    if known_failure:
        return "failed", f"it passes, but is declared as a known failure ({known_failure}); remove it there", None
    return "passed", remark or "", None
