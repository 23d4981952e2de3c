"""Runs the checks of a part, and says what came of them."""

from __future__ import annotations

import os
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from pslbench.errors import InputError, one_line, unknown
from pslbench.parts import Part, Value
from pslbench.testing.checks import CHECKS, CheckFunction
from pslbench.testing.common_checks import IMPORTING
from pslbench.testing.subject import Skip, Subject

if TYPE_CHECKING:
    import pytest

__tracebackhide__ = True  # pytest shows the sentence, not how it was come by

Status = Literal["passed", "expected failure", "skipped", "failed"]
STATUSES: tuple[Status, ...] = get_args(Status)
Reasons = Mapping[str, str]


@dataclass(frozen=True)
class Check:
    """One check of one part. Calling it returns, perhaps with a word of what it saw, or raises.

    Attributes:
        name: what it is called in `known_failures` and `skips`.
    """

    name: str
    _subject: Subject = field(repr=False)
    _function: CheckFunction = field(repr=False)

    def __call__(self) -> str | None:
        """Raises AssertionError, with a sentence that says what to do, or `Skip`, which test runners know."""
        from threadpoolctl import threadpool_limits

        try:
            with threadpool_limits(1), warnings.catch_warnings():  # as in a worker: no sum depends on threads
                warnings.simplefilter("ignore")
                return self._function(self._subject)
        except Skip as skip:
            if not str(skip):
                raise AssertionError("it was skipped without a reason: say why") from None
            raise

    @property
    def meaning(self) -> str:
        return (self._function.__doc__ or "").partition("\n")[0]


@dataclass(frozen=True)
class Outcome:
    """What came of one check.

    Attributes:
        check: its name.
        meaning: what it promises.
        status: `passed`, `expected failure`, `skipped` or `failed`.
        reason: why it failed or was skipped, or a word of what it saw.
        seconds: wall clock.
        error: what it raised, if it failed.
    """

    check: str
    meaning: str
    status: Status
    reason: str
    seconds: float
    error: BaseException | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Report:
    """What came of the checks of one part."""

    kind: str
    name: str
    outcomes: tuple[Outcome, ...]

    @property
    def counts(self) -> dict[Status, int]:
        """How many checks came to each status."""
        found = Counter(outcome.status for outcome in self.outcomes)
        return {status: found[status] for status in STATUSES}

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """The checks that failed, and those that passed though they were known to fail."""
        return tuple(outcome for outcome in self.outcomes if outcome.status == "failed")

    @property
    def ok(self) -> bool:
        return not self.failures

    def __str__(self) -> str:
        """One line of counts, and one for every failure."""
        counts = ", ".join(f"{count} {status}" for status, count in self.counts.items())
        return "\n".join(
            [f"{self.kind} {self.name}: {counts}", *(f"  {each.check}: {each.reason}" for each in self.failures)]
        )


def checks(part: Part, **values: Value) -> tuple[Check, ...]:
    """The checks of a part of its kind, with these values for its parameters and otherwise its defaults.

    Raises:
        InputError: a value for a parameter that the part has not.
    """
    subject = Subject(part, values)
    return tuple(Check(each.__name__.removeprefix("check_"), subject, each) for each in CHECKS[part.kind])


def check(part: Part, known_failures: Reasons | None = None, skips: Reasons | None = None, **values: Value) -> Report:
    """Run every check of a part on tiny pools, and say what came of them.

    Args:
        part: what a decorator such as `strategy` gave.
        known_failures: by the name of a check, why the part is known to fail it. One that passes is a failure.
        skips: by the name of a check, why it is left out.
        values: for the part's parameters, as `epochs=1` for one that would take long; otherwise its defaults.

    Example:
        assert check(my_idea, known_failures={"sample_order": "the first sample starts"}).ok

    Raises:
        InputError: a check or a parameter that the part has not, naming the nearest; a check without a reason.
    """
    subject = Subject(part, values)
    return Report(subject.kind, subject.config.text, tuple(run(part, known_failures, skips, **values)))


def run(part: Part, known_failures: Reasons | None, skips: Reasons | None, **values: Value) -> Iterator[Outcome]:
    """The outcomes of `check`, one by one."""
    if IMPORTING in os.environ:
        raise InputError("its file checks parts while it is imported: put that under if __name__ == '__main__':")
    every, known, left_out = checks(part, **values), known_failures or {}, skips or {}
    _know_all(part, (known, left_out), every)
    for each in every:
        start = time.perf_counter()
        status, reason, error = _outcome(each, known.get(each.name), left_out.get(each.name))
        yield Outcome(each.name, each.meaning, status, reason, time.perf_counter() - start, error)


def _know_all(part: Part, declared: tuple[Reasons, Reasons], every: tuple[Check, ...]) -> None:
    for name, reason in (pair for reasons in declared for pair in reasons.items()):
        if name not in (each.name for each in every):
            raise unknown(f"check of a {part.kind}", name, (each.name for each in every))
        if not (reason or "").strip():
            raise InputError(f"{part.name} is declared to fail '{name}', or to leave it out, without a reason: say why")


def _outcome(check: Check, known_failure: str | None, skip: str | None) -> tuple[Status, str, BaseException | None]:
    if skip:
        return "skipped", skip, None
    try:
        saw = check()
    except Skip as error:
        return "skipped", str(error), None
    except (Exception, SystemExit) as error:
        said = str(error) if isinstance(error, AssertionError) else f"it raises {one_line(error)}"
        return ("expected failure", known_failure, error) if known_failure else ("failed", said, error)
    if known_failure:
        return "failed", f"it passes, though it is known to fail ({known_failure}): take it off that list", None
    return "passed", saw or "", None


def parametrize(
    part: Part, known_failures: Reasons | None = None, skips: Reasons | None = None, **values: Value
) -> pytest.MarkDecorator:
    """A decorator that makes a pytest test of every check of a part; its arguments are those of `check`.

    Example:
        @parametrize(my_idea)
        def test_conformance(check):
            check()
    """
    import pytest

    every, known, left_out = checks(part, **values), known_failures or {}, skips or {}
    _know_all(part, (known, left_out), every)
    marks = {name: [pytest.mark.xfail(reason=reason, strict=True)] for name, reason in known.items()}
    marks |= {name: [pytest.mark.skip(reason=reason)] for name, reason in left_out.items()}
    cases = [pytest.param(each, id=f"{part.name}-{each.name}", marks=marks.get(each.name, ())) for each in every]
    return pytest.mark.parametrize("check", cases)
