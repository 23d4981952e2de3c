"""A part that is being checked. It runs on tiny pools while its calls and side effects are recorded."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from pathlib import Path
from traceback import extract_tb
from typing import Any
from unittest import SkipTest

import numpy as np

from pslbench.contracts import Pool
from pslbench.contracts.arrays import Ints
from pslbench.errors import BadData, BudgetExceeded, ContractError, InputError, one_line, unknown
from pslbench.execution.cache import Entry
from pslbench.parts import SEEDED_KINDS, Kind, Part, PartConfig, Value, configure, format_value
from pslbench.testing import pools
from pslbench.testing.pools import TinyPool
from pslbench.testing.runs import run_part

__tracebackhide__ = True


class Skip(SkipTest):
    """A check does not apply to the part; the message says why. Test runners treat it as a skipped test."""


@dataclass(eq=False)
class CallRecorder:
    """A record of one call of the function of a part.

    Attributes:
        part: the part.
        returned: what the function returned.
        queries: the indices of every call of `pool.label`.
        used_rng: whether the function drew from `pool.rng`.
    """

    part: Part
    returned: Any = None
    queries: list[Ints] = field(default_factory=list)
    used_rng: bool = False

    @property
    def queried(self) -> set[int]:
        """The samples whose label was queried."""
        return {int(index) for indices in self.queries for index in indices}

    def recorded(self) -> Part:
        """Return the part with a function whose calls are recorded."""
        function = self.part.function

        @wraps(function)
        def record(*arguments: Any, **values: Any) -> Any:
            if arguments and isinstance(pool := arguments[0], Pool):
                state = _rng_state(pool)
                self.returned = function(replace(pool, _ask=self._record_queries(pool)), **values)
                self.used_rng = state != _rng_state(pool)
            else:
                self.returned = function(*arguments, **values)
            return self.returned

        return replace(self.part, function=record)

    def _record_queries(self, pool: Pool) -> Callable[[Ints], Ints]:
        def ask(indices: Ints) -> Ints:
            labels = pool._ask(indices)
            self.queries.append(indices)
            return labels

        return ask


@dataclass(frozen=True, eq=False)
class Run:
    """One run of a part on one pool.

    Attributes:
        entry: the arrays and facts that the stage of the cell returned.
        calls: the record of the call of the function.
        changed_inputs: the inputs that the part changed.
        moved_streams: the global streams of random numbers that moved.
        seconds: processor time.
    """

    entry: Entry
    calls: CallRecorder
    changed_inputs: tuple[str, ...]
    moved_streams: tuple[str, ...]
    seconds: float

    def equals(self, other: Run) -> bool:
        """Whether both runs returned exactly the same. Their label queries may differ."""
        mine, others = ({k: v for k, v in run.entry.arrays.items() if k != "asked"} for run in (self, other))
        are_equal = mine.keys() == others.keys() and all(np.array_equal(mine[name], others[name]) for name in mine)
        return are_equal and self.entry.info == other.entry.info


@dataclass(frozen=True, eq=False)
class Subject:
    """A part with values for some of its parameters; the others have their defaults.

    Raises:
        InputError: the part has no such parameter, or the value is not allowed.
    """

    part: Part
    values: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.part, Part):
            raise InputError(f"{self.part!r} is not a part; pass what a decorator such as @strategy(...) returned")
        for name, value in self.values.items():
            if name not in self.part.parameters:
                raise unknown(f"parameter of {self.part.name}", name, self.part.parameters)
            if problem := self.part.parameters[name].problem_with(value):
                raise InputError(f"{self.part.name}: {name}={format_value(value)} {problem}")

    @property
    def kind(self) -> Kind:
        return self.part.kind

    @property
    def missing_values(self) -> list[str]:
        """Parameters without a default and without a value."""
        return [p.name for p in self.part.parameters.values() if p.required and p.name not in self.values]

    @property
    def randomness_advice(self) -> str:
        """Where the part should take its random numbers from."""
        if self.kind in SEEDED_KINDS and not self.part.takes_seed:
            return "add an argument `seed` and draw from it alone"
        if self.kind == "strategy":
            return "draw from pool.rng alone"
        return "draw from its seed alone" if self.kind in SEEDED_KINDS else "use no random numbers"

    @property
    def config(self) -> PartConfig:
        return configure(self.part, self.part.name, **self.values)

    def run(self, tiny: TinyPool, seed: int = 0, global_seed: int = 0) -> Run:
        """Run the part once, with the global streams of random numbers at `global_seed`."""
        tiny = tiny.suited(self.part)
        before, calls = {name: array.copy() for name, array in tiny.arrays()}, CallRecorder(self.part)
        with watch_global_streams(global_seed) as moved:
            start = time.process_time()
            entry = run_part(calls.recorded(), self.config, tiny, seed)
            seconds = time.process_time() - start
        after = dict(tiny.arrays())
        changed = [name for name, array in before.items() if array.tobytes() != after[name].tobytes()]
        return Run(entry, calls, (*changed, *entry.info.get("changed", ())), tuple(moved), seconds)

    @cached_property
    def _first_attempt(self) -> Run | Exception:
        try:
            return self.run(pools.ordinary())
        except (Exception, SystemExit) as error:
            return error if isinstance(error, Exception) else RuntimeError(one_line(error))

    def first_run(self, check: str = "") -> Run:
        """Return the first run on an ordinary pool.

        Args:
            check: the name of the calling check, if that check may report the error of a failed run.

        Raises:
            AssertionError: the run failed, and this check reports it.
            Skip: the run failed, and another check reports it; or a parameter has no value.
        """
        if missing := self.missing_values:
            raise Skip(f"{missing[0]} has no default; give a value, as in {self.part.name}:{missing[0]}=...")
        first = self._first_attempt
        if isinstance(first, Run):
            return first
        if self.kind == "dataset" and isinstance(first, InputError) and not isinstance(first, BadData):
            raise Skip(str(first))
        if check != (reporting := self._reporting_check(first)):
            raise Skip(f"it fails on an ordinary pool; see the check {reporting}")
        raise AssertionError(self.describe_error(first)) from first

    def _reporting_check(self, error: Exception) -> str:
        """Return the name of the check that reports an error on an ordinary pool."""
        if isinstance(error, ContractError) and not self.part.trains and "trains=True" in str(error):
            return "declared_training"
        if isinstance(error, BudgetExceeded) and self.kind == "strategy" and not self.part.needs_all_labels:
            return "budget"
        return "inputs_unchanged" if isinstance(error, ValueError) and "read-only" in str(error) else "output"

    @cached_property
    def second_run(self) -> Run:
        """A second run with the same seed, with the global streams of random numbers at another position."""
        self.first_run()
        return self.run(pools.ordinary(), global_seed=1)

    def deterministic_run(self) -> Run:
        """Return the first run. Raises Skip if the second run differs."""
        first = self.first_run()
        if not first.equals(self.second_run):
            raise Skip("its output differs between runs; see the check determinism")
        return first

    def run_or_skip(self, tiny: TinyPool) -> Run:
        """Run the part on a pool that it may refuse.

        Raises:
            AssertionError: it failed.
            Skip: it refused the pool with an InputError.
        """
        self.first_run()
        try:
            return self.run(tiny)
        except InputError as error:
            raise Skip(f"it refuses this pool: {error}") from None
        except (Exception, SystemExit) as error:
            raise AssertionError(self.describe_error(error)) from error

    def describe_error(self, error: BaseException) -> str:
        """Describe an error in one sentence, with the line of the file of the part."""
        if isinstance(error, BadData):
            return f"it does not return a valid dataset: {error}"
        if isinstance(error, InputError):
            refused = "the rows of a run" if self.kind == "reporter" else "60 images of 8 x 8 pixels"
            return f"it refuses {refused} ({error}); give values of parameters that suit them"
        file = self.part.file
        lines = [frame.lineno for frame in extract_tb(error.__traceback__) if file and Path(frame.filename) == file]
        line = f" ({file.name}:{lines[-1]})" if file and lines else ""
        return f"it raises {one_line(error)}{line}"


def require(condition: object, sentence: str) -> None:
    """Raise AssertionError with the sentence, which says what is wrong and what to do, unless the condition holds."""
    if not condition:
        raise AssertionError(sentence)


def _rng_state(pool: Pool) -> tuple[str, int]:
    generator = pool.rng.bit_generator
    return str(generator.state), generator.seed_seq.n_children_spawned  # type: ignore[attr-defined]


@contextmanager
def watch_global_streams(seed: int) -> Iterator[list[str]]:
    """Seed the global streams of random numbers, list those that moved, and restore them."""
    moved: list[str] = []
    original, numpy_original = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    start, numpy_start = random.getstate(), _numpy_position(np.random.get_state())
    try:
        yield moved
        moved += ["random"] * (random.getstate() != start)
        moved += ["numpy.random"] * (_numpy_position(np.random.get_state()) != numpy_start)
    finally:
        random.setstate(original)
        np.random.set_state(numpy_original)


def _numpy_position(state: Any) -> tuple[bytes, int]:
    return state[1].tobytes(), state[2]
