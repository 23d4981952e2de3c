"""What a part of any kind has to keep."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

from pslbench.contracts import Embedding
from pslbench.datasets.dataset_warnings import doubts
from pslbench.errors import InputError
from pslbench.parts import Parameter, Value, allowed_values, format_value, name_problem
from pslbench.testing import pools
from pslbench.testing.subject import Run, Skip, Subject, require

IMPORT_ONLY = "PSLBENCH_CHECK_IMPORTS"  # set in the process that only imports a part
HEAVY = ("tensorflow", "keras", "torch", "jax", "sklearn", "numba", "pandas", "matplotlib")

__tracebackhide__ = True


def check_metadata(subject: Subject) -> None:
    """It has a name that can be typed, a docstring whose first line is a summary, and a word on each parameter."""
    from docstring_parser import parse

    part = subject.part
    fault = name_problem(part.name)
    require(not fault, f"the name '{part.name}' {fault}: choose another")
    require(part.summary, "it has no docstring: say in its first line what it does, for `pslbench list`")
    require(
        part.summary.rstrip().endswith((".", "!", "?")),
        f"the first line of its docstring, '{part.summary}', is no sentence: `pslbench list` shows that line alone",
    )
    require(part.version, "its version is empty: leave it out, or give it one")
    told = {each.arg_name for each in parse(part.function.__doc__ or "").params if each.description}
    silent = [name for name in part.parameters if name not in told]
    require(not silent, f"its docstring says nothing of {', '.join(silent)}: add a line to an Args: section")


def check_light_import(subject: Subject) -> None:
    """Its module, imported alone, imports none of the libraries that take seconds."""
    file, module = subject.part.file, subject.part.function.__module__
    if not file:
        raise Skip("it stands in no file")
    facts = json.dumps({"path": sys.path, "module": module, "file": str(file), "heavy": HEAVY})
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, facts],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, IMPORT_ONLY: "1"},
    )
    last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    require(done.returncode == 0, f"{file} cannot be imported alone: {last}")
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    require(not found, f"importing {file} imports {', '.join(found)}: move that into the function that needs it")


IMPORT = """
import importlib.util, json, sys
facts = json.loads(sys.argv[1])
sys.path[:] = facts["path"]
name, file = facts["module"], facts["file"]
try:
    known = name != "__main__" and importlib.util.find_spec(name)
except ModuleNotFoundError:
    known = None
if known and known.origin == file:
    importlib.import_module(name)
else:
    spec = importlib.util.spec_from_file_location("part", file)
    sys.modules["part"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
print(json.dumps([name for name in facts["heavy"] if name in sys.modules]))
"""


def check_default_construction(subject: Subject) -> None:
    """Each parameter has a default, of its own type and within its own limits, so that the name alone will do."""
    if subject.missing:
        raise Skip(f"{subject.missing[0]} has no default, so that the part is left out of 'all'")
    for parameter in subject.part.parameters.values():
        if not parameter.required:
            wrong = parameter.problem_with(parameter.default)
            require(
                not wrong, f"the default {parameter.name}={format_value(parameter.default)} {wrong}: choose another"
            )


def check_parameter_types(subject: Subject) -> None:
    """The values of each parameter survive being typed."""
    for parameter in subject.part.parameters.values():
        for value in _admitted(parameter):
            wrong = (
                "is read as several values" if set(format_value(value)) & set(",|") else parameter.problem_with(value)
            )
            require(not wrong, f"{parameter.name}={format_value(value)} {wrong}, not as {value!r}: name it otherwise")


def check_admitted_values(subject: Subject) -> str:
    """It runs with each choice, each of true, false and none, and each end of a range, one at a time.

    What it refuses with an InputError, as when the pool is too small for it, is no failure.
    """
    subject.sound()
    tried = 0
    for parameter in subject.part.parameters.values():
        for value in _admitted(parameter):
            if value == parameter.default or parameter.name in subject.values or parameter.problem_with(value):
                continue
            other = replace(subject, values={**subject.values, parameter.name: value})
            tried += 1
            try:
                other.run(pools.ordinary())
            except InputError:
                continue
            except (Exception, SystemExit) as error:
                sentence = other.what_happened(error)
                raise AssertionError(f"with {parameter.name}={format_value(value)} {sentence}") from error
    return f"{tried} values"


def _admitted(parameter: Parameter) -> Iterator[Value]:
    """Its choices, true and false, none, and the ends of its range that belong to it, as far as its type has them."""
    for kind in parameter.types:
        yield from allowed_values(kind)
    number = next((kind for kind in (int, float) if kind in parameter.types), None)
    for limit in parameter.limits if number else ():
        for name in ("ge", "le"):
            if number and (end := getattr(limit, name, None)) is not None and number(end) == end:
                yield number(end)


def check_output(subject: Subject) -> str | None:
    """What it gives for an ordinary pool has the shapes, types and ranges of its contract.

    The engine's stage checks most of that; here, embeddings are float32 before any cast and place single samples,
    labels of clusters are classes, and a reporter writes files if it says so, and only then.
    """
    run = subject.sound("output")
    if subject.kind == "embedder":
        _check_embedding(run.seen.returned)
    if subject.kind == "strategy" and (given := run.entry.arrays.get("cluster_labels")) is not None:
        require(
            given.min() >= 0 and given.max() < pools.CLASSES,
            f"cluster_labels run from {given.min()} to {given.max()}: give classes, 0 to {pools.CLASSES - 1}",
        )
    if subject.kind == "reporter":
        _check_report(subject, run)
    return "; ".join(doubts(run.seen.returned)) if subject.kind == "dataset" else None


def _check_embedding(given: Embedding) -> None:
    import numpy as np

    placed = {"features": given.features}
    if given.transform:
        placed["transform"] = given.transform(pools.ordinary().data.x_test[:1])
    for name, array in placed.items():
        dtype = getattr(array, "dtype", type(array).__name__)
        require(dtype == np.float32, f"{name} gives {dtype}: add .astype(numpy.float32)")
    width, shape = given.features.shape[1], placed.get("transform", given.features[:1]).shape
    require(shape == (1, width), f"transform gives {shape} for a single sample: make it (1, {width}), as features are")


def _check_report(subject: Subject, run: Run) -> None:
    files = ", ".join(run.entry.info["files"])
    if subject.part.writes:
        require(files, "it is registered with writes=True and writes no file into records.folder")
    else:
        require(not files, f"it writes {files}: register it with writes=True, so that it gets the whole folder's rows")


def check_inputs_unchanged(subject: Subject) -> None:
    """What it was given is as it was: cells of one seed share those arrays."""
    run = subject.sound("inputs_unchanged")
    require(not run.changed, f"it changes {', '.join(run.changed)}: work on a copy")


def check_global_random_state(subject: Subject) -> None:
    """It neither draws from nor seeds the global streams of `random` and `numpy.random`, which others share."""
    touched = subject.sound().touched or subject.second.touched  # one of them may have begun at the part's own seed
    require(
        not touched,
        f"it moves the global stream of {' and '.join(touched)}: {subject.chance}",
    )


def check_determinism(subject: Subject) -> str | None:
    """The same seed gives exactly the same, wherever the global streams of random numbers stand; another seed runs."""
    first = subject.sound()
    require(first.same(subject.second), f"the same seed gives something else the second time: {subject.chance}")
    if not subject.part.takes_seed:
        return None
    return "another seed gives the same" if first.same(subject.run(pools.ordinary(), seed=1)) else None
