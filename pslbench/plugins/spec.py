"""The hooks of pslbench. Implement them with `pslbench.hookimpl`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pluggy

from pslbench.parts import Part
from pslbench.results.records import Result, RunInfo

API_VERSION = 2  # raised in each version that adds, changes or removes anything that plugins use

hookspec = pluggy.HookspecMarker("pslbench")
hookimpl = pluggy.HookimplMarker("pslbench")


@hookspec
def pslbench_register() -> Iterable[Part]:  # type: ignore[empty-body]
    """Yield the parts that the plugin registers.

    Example:
        @hookimpl
        def pslbench_register():
            yield my_strategy
    """


@hookspec(warn_on_impl_args={"plan": DeprecationWarning("the argument plan is deprecated; use run, a RunInfo")})
def pslbench_run_started(run: RunInfo, plan: RunInfo) -> None:
    """Called when a run begins; `run.cells` are its cells. The return value is ignored.

    The argument `plan` is deprecated: it is the same object as `run`.
    """


@hookspec
def pslbench_cell_finished(result: Result) -> None:
    """Called when a cell has ended, successfully or not, and its result is saved. The return value is ignored."""


@hookspec
def pslbench_run_finished(results: Sequence[Result]) -> None:
    """Called when a run has ended; `results` are those of its finished cells. The return value is ignored."""
