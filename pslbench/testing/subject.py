"""A part under examination: it is run on tiny pools by the engine's own stages, and what it does is watched."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

from pslbench.contracts import Pool
from pslbench.errors import BadData, BudgetExceeded, InputError, one_line, unknown
from pslbench.execution.cache import Entry
from pslbench.parts import SEEDED, Kind, Part, PartConfig, Value, configure, format_value
from pslbench.testing import pools
from pslbench.testing.pools import Scene
from pslbench.testing.runs import STAGES, catalog_of

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Ints

__tracebackhide__ = True


class Skip(SkipTest):
    """A check does not apply to the part, or cannot be made; the message says why. Test runners know it as a skip."""


@dataclass(eq=False)
class Witness:
    """What was seen of the part's function: what it `returned`; of a strategy, its `questions` and whether it `drew`.

    Questions are the indices given to `pool.label`, call by call; it drew where `pool.rng` moved.
    """

    returned: Any = None
    questions: list[Ints] = field(default_factory=list)
    drew: bool = False

    @property
    def asked(self) -> set[int]:
        """The samples whose label was asked for."""
        return {int(index) for indices in self.questions for index in indices}

    def watching(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, seen by this witness."""

        @wraps(function)
        def watched(*arguments: Any, **values: Any) -> Any:
            if arguments and isinstance(pool := arguments[0], Pool):
                before = _drawn(pool)
                self.returned = function(replace(pool, _ask=self._noting(pool)), **values)
                self.drew = before != _drawn(pool)
            else:
                self.returned = function(*arguments, **values)
            return self.returned

        return watched

    def _noting(self, pool: Pool) -> Callable[[Ints], Ints]:
        def ask(indices: Ints) -> Ints:
            answer = pool._ask(indices)
            self.questions.append(indices)
            return answer

        return ask


@dataclass(frozen=True, eq=False)
class Run:
    """What came of one run on one pool.

    Attributes:
        entry: what the stage of the engine gave: arrays and facts.
        seen: what was seen of the part's function.
        changed: the inputs that are not what they were.
        touched: the global streams of random numbers that moved.
        seconds: of the processor, which other processes do not lengthen.
    """

    entry: Entry
    seen: Witness
    changed: tuple[str, ...]
    touched: tuple[str, ...]
    seconds: float

    def same(self, other: Run) -> bool:
        """Whether the other gave exactly the same, whatever labels it asked for on its way."""
        import numpy as np

        mine, others = ({k: v for k, v in run.entry.arrays.items() if k != "asked"} for run in (self, other))
        alike = mine.keys() == others.keys() and all(np.array_equal(mine[name], others[name]) for name in mine)
        return alike and self.entry.info == other.entry.info


@dataclass(frozen=True, eq=False)
class Subject:
    """A part with values for its parameters; those that are not given have their defaults.

    Raises:
        InputError: a value that the part has no parameter for, or that a user could not give it.
    """

    part: Part
    values: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.part, Part):
            raise InputError(f"{self.part!r} is no part: give what a decorator such as @strategy(...) made")
        for name, value in self.values.items():
            if name not in self.part.parameters:
                raise unknown(f"parameter of {self.part.name}", name, self.part.parameters)
            if fault := self.part.parameters[name].problem_with(value):
                raise InputError(f"{self.part.name}: {name}={format_value(value)} {fault}")

    @property
    def kind(self) -> Kind:
        return self.part.kind

    @property
    def missing(self) -> list[str]:
        """Parameters that have no default and no value."""
        return [p.name for p in self.part.parameters.values() if p.required and p.name not in self.values]

    @property
    def chance(self) -> str:
        """Where it should have its random numbers from."""
        if self.kind in SEEDED and not self.part.takes_seed:
            return "let it have an argument `seed`, and draw from that alone"
        drawn = {"strategy": "pool.rng", **dict.fromkeys(SEEDED, "its seed")}
        return f"draw from {drawn[self.kind]} alone" if self.kind in drawn else "let nothing in it be random"

    @property
    def config(self) -> PartConfig:
        return configure(self.part, self.part.name, **self.values)

    def run(self, scene: Scene, seed: int = 0, chance: int = 0) -> Run:
        """Run it once; `chance` is where the global streams of random numbers start."""
        before, seen = {name: array.copy() for name, array in scene.arrays()}, Witness()
        part = replace(self.part, function=seen.watching(self.part.function))
        with global_streams(chance) as touched:
            start = time.process_time()
            entry = STAGES[self.kind](catalog_of(part), self.config, scene, seed)
            seconds = time.process_time() - start
        after = dict(scene.arrays())
        changed = [name for name, array in before.items() if array.tobytes() != after[name].tobytes()]
        return Run(entry, seen, (*changed, *entry.info.get("changed", ())), tuple(touched), seconds)

    @cached_property
    def first(self) -> Run | Exception:
        """The first run on an ordinary pool, or why there is none."""
        try:
            return self.run(pools.ordinary())
        except (Exception, SystemExit) as error:
            return error if isinstance(error, Exception) else RuntimeError(one_line(error))

    def sound(self, check: str = "") -> Run:
        """The first run, for the check of this name.

        Raises:
            AssertionError: where there is none, and it is this check that has to tell.
            Skip: where there is none, and another check tells.
        """
        if self.missing:
            raise Skip(f"it needs {self.missing[0]}: give a value, as {self.part.name}:{self.missing[0]}=...")
        first = self.first
        if isinstance(first, Run):
            return first
        if self.kind == "dataset" and isinstance(first, InputError) and not isinstance(first, BadData):
            raise Skip(str(first))
        if check != (tells := self._told_by(first)):
            raise Skip(f"it does not run on an ordinary pool: {tells} says why")
        raise AssertionError(self.what_happened(first)) from first

    def _told_by(self, error: Exception) -> str:
        """The name of the check that tells of an error on an ordinary pool."""
        if isinstance(error, BudgetExceeded) and self.kind == "strategy" and not self.part.needs_all_labels:
            return "budget"
        return "inputs_unchanged" if isinstance(error, ValueError) and "read-only" in str(error) else "output"

    @cached_property
    def second(self) -> Run:
        """The same again, while the global streams of random numbers stand elsewhere."""
        self.sound()
        return self.run(pools.ordinary(), chance=1)

    def steady(self) -> Run:
        """The first run, where the second gives the same. Raises Skip where it does not."""
        first = self.sound()
        if not first.same(self.second):
            raise Skip("what it gives differs from run to run: determinism says how")
        return first

    def copes(self, scene: Scene) -> Run:
        """Run it on a pool that it may also refuse.

        Raises:
            AssertionError: where it fails.
            Skip: where it refuses with an InputError.
        """
        self.sound()
        try:
            return self.run(scene)
        except InputError as error:
            raise Skip(f"it refuses that pool: {error}") from None
        except (Exception, SystemExit) as error:
            raise AssertionError(self.what_happened(error)) from error

    def what_happened(self, error: BaseException) -> str:
        """The error, in one sentence, with the line of the part's file that it came from."""
        if isinstance(error, BadData):
            return f"it makes no data set: {error}"
        if isinstance(error, InputError):
            given = "rows of a run" if self.kind == "reporter" else "60 images of 8 x 8 pixels"
            return f"it refuses {given} ({error}): give values that suit them"
        file = self.part.file
        lines = [frame.lineno for frame in extract_tb(error.__traceback__) if file and Path(frame.filename) == file]
        place = f" ({file.name}:{lines[-1]})" if file and lines else ""
        return f"it raises {one_line(error)}{place}"


def require(holds: object, sentence: str) -> None:
    """Raises AssertionError with the sentence, which says what is wrong and what to do, where it does not hold."""
    if not holds:
        raise AssertionError(sentence)


def _drawn(pool: Pool) -> tuple[str, int]:
    """Where the pool's stream stands, and how many it has spawned."""
    generator = pool.rng.bit_generator
    return str(generator.state), generator.seed_seq.n_children_spawned  # type: ignore[attr-defined]


@contextmanager
def global_streams(start: int) -> Iterator[list[str]]:
    """Starts the global streams of random numbers at this seed, and puts them back; gives the names of those that
    moved."""
    import numpy as np

    moved: list[str] = []
    mine, numpys = random.getstate(), np.random.get_state()
    random.seed(start)
    np.random.seed(start)
    begun, numpys_begun = random.getstate(), _place(np.random.get_state())
    try:
        yield moved
        moved += ["random"] * (random.getstate() != begun)
        moved += ["numpy.random"] * (_place(np.random.get_state()) != numpys_begun)
    finally:
        random.setstate(mine)
        np.random.set_state(numpys)


def _place(state: Any) -> tuple[bytes, int]:
    return state[1].tobytes(), state[2]
