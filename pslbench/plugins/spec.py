"""The hooks of pslbench. Implement them with `pslbench.hookimpl`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pluggy

from pslbench.contracts import Result
from pslbench.parts import Part

if TYPE_CHECKING:
    from pslbench.engine.plan import Plan

API_VERSION = 1  # raised when something that plugins use is added, changed or taken away

hookspec = pluggy.HookspecMarker("pslbench")
hookimpl = pluggy.HookimplMarker("pslbench")


@hookspec
def pslbench_register() -> Iterable[Part]:  # type: ignore[empty-body]
    """Yield the parts this plugin brings.

    Example:
        @hookimpl
        def pslbench_register():
            yield my_strategy
    """


@hookspec
def pslbench_run_started(plan: Plan) -> None:
    """A run begins; `plan.cells` are the cells it will go through. What this returns is ignored."""


@hookspec
def pslbench_cell_finished(result: Result) -> None:
    """A cell ended, well or not, and its result is saved. What this returns is ignored."""


@hookspec
def pslbench_run_finished(results: Sequence[Result]) -> None:
    """A run ended; `results` are those of its cells that finished. What this returns is ignored."""
