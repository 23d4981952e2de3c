"""Checks for parts of all kinds."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from pslbench.contracts import Embedding
from pslbench.datasets.dataset_warnings import dataset_warnings
from pslbench.errors import InputError
from pslbench.parts import Parameter, Value, allowed_values, format_value, name_problem
from pslbench.testing import pools
from pslbench.testing.subject import Run, Skip, Subject, require

IMPORT_ONLY = "PSLBENCH_CHECK_IMPORTS"  # set in the process that only imports a part
SLOW_LIBRARIES = ("tensorflow", "keras", "torch", "jax", "sklearn", "numba", "pandas", "matplotlib")

__tracebackhide__ = True


def check_metadata(subject: Subject) -> None:
    """It has a valid name, a docstring whose first line is a summary, and a description of each parameter."""
    from docstring_parser import parse

    part = subject.part
    problem = name_problem(part.name)
    require(not problem, f"the name '{part.name}' {problem}; choose another name")
    require(part.summary, "it has no docstring; write one, its first line appears in `pslbench list`")
    require(
        part.summary.rstrip().endswith((".", "!", "?")),
        f"the first line of its docstring, '{part.summary}', is not a sentence; `pslbench list` shows only that line",
    )
    require(part.version, "its version is empty; omit it or write one")
    described = {parameter.arg_name for parameter in parse(part.function.__doc__ or "").params if parameter.description}
    missing = [name for name in part.parameters if name not in described]
    require(not missing, f"its docstring does not describe {', '.join(missing)}; add a line to the Args: section")


def check_light_import(subject: Subject) -> None:
    """Its module imports none of the libraries that take seconds to import."""
    file, module = subject.part.file, subject.part.function.__module__
    if not file:
        raise Skip("it is not defined in a file")
    facts = json.dumps({"path": sys.path, "module": module, "file": str(file), "libraries": SLOW_LIBRARIES})
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_SCRIPT, facts],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, IMPORT_ONLY: "1"},
    )
    last_line = (done.stderr.strip().splitlines() or ["no error message"])[-1]
    require(done.returncode == 0, f"{file} cannot be imported on its own: {last_line}")
    imported: list[str] = json.loads(done.stdout.splitlines()[-1])
    require(
        not imported,
        f"importing {file} imports {', '.join(imported)}; move these imports into the function that needs them",
    )


IMPORT_SCRIPT = """
import importlib.util, json, runpy, sys
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
    runpy.run_path(file, run_name="part")
print(json.dumps([name for name in facts["libraries"] if name in sys.modules]))
"""


def check_default_construction(subject: Subject) -> None:
    """Every parameter has a default of its own type and within its own limits."""
    if subject.missing_values:
        raise Skip(f"{subject.missing_values[0]} has no default, so `all` does not include the part")
    for parameter in subject.part.parameters.values():
        if not parameter.required:
            problem, default = parameter.problem_with(parameter.default), format_value(parameter.default)
            require(not problem, f"the default {parameter.name}={default} {problem}; choose another default")


def check_parameter_types(subject: Subject) -> None:
    """Every allowed value can be typed on the command line."""
    for parameter in subject.part.parameters.values():
        for value in _allowed_values(parameter):
            text = format_value(value)
            problem = "is read as several values" if set(text) & set(",|") else parameter.problem_with(value)
            require(not problem, f"{parameter.name}={text} {problem}, not as {value!r}; rename the value")


def check_admitted_values(subject: Subject) -> str:
    """It runs with every choice, with true, false and none, and with both ends of a range, one at a time.

    A value that the part refuses with an InputError is not a failure. A tiny pool may be too small for it.
    """
    subject.first_run()
    n_values = 0
    for parameter in subject.part.parameters.values():
        for value in _allowed_values(parameter):
            if value == parameter.default or parameter.name in subject.values or parameter.problem_with(value):
                continue
            other = replace(subject, values={**subject.values, parameter.name: value})
            n_values += 1
            try:
                other.run(pools.ordinary())
            except InputError:
                continue
            except (Exception, SystemExit) as error:
                sentence = other.describe_error(error)
                raise AssertionError(f"with {parameter.name}={format_value(value)} {sentence}") from error
    return f"values tried besides the defaults: {n_values}" if n_values else "no parameter has choices or limits to try"


def _allowed_values(parameter: Parameter) -> Iterator[Value]:
    """Yield the choices of a parameter, true and false, none, and the inclusive limits of its range."""
    for kind in parameter.types:
        yield from allowed_values(kind)
    number = next((kind for kind in (int, float) if kind in parameter.types), None)
    for limit in parameter.limits if number else ():
        for name in ("ge", "le"):
            if number and (end := getattr(limit, name, None)) is not None and number(end) == end:
                yield number(end)


def check_output(subject: Subject) -> str | None:
    """It runs on an ordinary pool and returns the shapes, types and ranges of its contract.

    Runs verify most of this. This check also verifies that embeddings are float32 and can transform a single sample,
    and that a reporter writes files only if it is registered with writes=True.
    """
    run = subject.first_run("output")
    if subject.kind == "embedder":
        _check_embedding(subject, run.calls.returned)
    if subject.kind == "reporter":
        _check_report(subject, run)
    return "; ".join(dataset_warnings(run.calls.returned)) if subject.kind == "dataset" else None


def _check_embedding(subject: Subject, embedding: Embedding) -> None:
    features = embedding.features
    arrays = {"features": features}
    if embedding.transform:
        data = pools.ordinary().suited(subject.part).data
        arrays["transform"] = embedding.transform((data.features_test if data.has_features else data.x_test)[:1])
    for name, array in arrays.items():
        dtype = getattr(array, "dtype", type(array).__name__)
        require(dtype == np.float32, f"{name} is {dtype}; add .astype(numpy.float32)")
    shape, expected = arrays.get("transform", features[:1]).shape, (1, features.shape[1])
    require(shape == expected, f"transform returns shape {shape} for one sample; return {expected}, as for features")


def _check_report(subject: Subject, run: Run) -> None:
    files = ", ".join(run.entry.info["files"])
    if subject.part.writes:
        require(files, "it is registered with writes=True, but writes no file into reader.folder; remove writes=True")
    else:
        require(not files, f"it writes {files}; register it with writes=True, so that it receives all rows")


def check_inputs_unchanged(subject: Subject) -> None:
    """It does not change its inputs, because other cells use the same arrays."""
    run = subject.first_run("inputs_unchanged")
    require(not run.changed_inputs, f"it changes {', '.join(run.changed_inputs)}; work on a copy")


def check_global_random_state(subject: Subject) -> None:
    """It neither uses nor seeds the global random streams of `random` and `numpy.random`, which all parts share."""
    moved = subject.first_run().moved_streams or subject.second_run.moved_streams  # a part may seed with the kit's seed
    require(not moved, f"it uses the global random stream of {' and '.join(moved)}; {subject.randomness_advice}")


def check_determinism(subject: Subject) -> str | None:
    """The same seed gives exactly the same output, whatever the state of the global streams; another seed works too."""
    first = subject.first_run()
    require(first.equals(subject.second_run), f"a second run with the same seed differs; {subject.randomness_advice}")
    if subject.part.takes_seed and first.equals(subject.run(pools.ordinary(), seed=1)):
        return "the seed has no effect on this pool"
    return None
