"""The identity of a part: the code that determines its results, and the versions of the libraries that the code uses.

The digest of a part covers the normalized syntax tree of its function and of the local code that the function reaches:
functions, classes and constants of its own module, of modules beside it, of its package, and of built-in parts.
Comments, docstrings, type annotations, formatting, the place and order of imports, and the names of local variables and
of module-level helpers do not count. Data that a module reads while it is imported is not covered.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache, lru_cache, partial
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path
from typing import Any

from pslbench.parts import Part
from pslbench.planning.syntax import ModuleSource, Reference, find_module, module_source, normalized
from pslbench.processor import has_gpu, multiplies_bfloat16

ENGINE_PACKAGES = {  # subpackages of pslbench whose code the protocol version stands for
    *("", "analysis", "cli", "contracts", "errors", "execution", "parts", "planning"),
    *("plugins", "reporters", "results", "testing"),
}
DEVICE_LIBRARIES = (
    "keras",
    "tensorflow",
    "jax",
    "torch",
)  # prefixes; their results depend on the device
NUMERICAL_LIBRARIES = {"numpy", "scipy", "scikit-learn"}
SCALARS = (str, int, float, bool, type(None))


@lru_cache(maxsize=512)
def part_facts(part: Part) -> Mapping[str, str]:
    """Return what determines the results of a part besides its parameters: its version, its code and libraries."""
    label = f"{part.kind} {part.name}"
    facts = {f"version of {label}": part.version}
    if part.kind == "strategy":
        facts[f"registration of {label}"] = f"uses {part.uses}, all labels: {part.needs_all_labels}"
    if part.file is None:
        return facts
    code = _ReachableCode(part)
    facts[f"code of {label}"] = code.digest
    return facts | library_facts(*code.libraries)


def library_facts(*libraries: str) -> dict[str, str]:
    """Return the versions of libraries, and the device if any of them computes on it.

    The backend of Keras is added, and NumPy, SciPy and scikit-learn if a library requires them.
    """
    used = {*libraries, *(needed for library in libraries for needed in _required(library) & NUMERICAL_LIBRARIES)}
    if "keras" in used:
        used.update(_distributions().get(keras_backend(), [keras_backend()]))
    facts = {f"library {library}": library_version(library) for library in sorted(used)}
    if any(name.startswith(DEVICE_LIBRARIES) for library in used for name in (library, *_required(library))):
        facts["device"] = "GPU" if has_gpu() else "bfloat16" if multiplies_bfloat16() else "float32"
    return facts


@cache
def _required(library: str) -> frozenset[str]:
    """Return the distributions that a library requires, without those of its extras."""
    try:
        texts = requires(library) or []
    except PackageNotFoundError:
        return frozenset()
    return frozenset(re.split(r"[^\w.-]", text)[0] for text in texts if "extra ==" not in text)


def keras_backend() -> str:
    """Return the backend that Keras will use: `KERAS_BACKEND`, else its configuration file, else TensorFlow."""
    if own := os.environ.get("KERAS_BACKEND"):
        return own
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        return str(json.loads((home / "keras.json").read_text())["backend"])
    except (OSError, ValueError, KeyError, TypeError):
        return "tensorflow"


@cache
def library_version(library: str) -> str:
    """Return the version of an installed distribution, or `none`."""
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


class _ReachableCode:
    """The local code that a part reaches, in the order in which it is reached.

    Each definition gets a number when it is first reached, and the number stands for its name in the code that refers
    to it. A digest therefore does not depend on the names of helpers or on the modules that contain them.
    """

    def __init__(self, part: Part) -> None:
        self.libraries: set[str] = set()
        self._numbers: dict[tuple[Path, str], int] = {}
        self._dumps: list[str] = []
        function: Callable[..., Any] | None = part.function
        while function is not None:  # wrappers first
            self._dumps.append(self._function(function))
            function = getattr(function, "__wrapped__", None)
        self.digest = hashlib.sha256("\n".join(self._dumps).encode()).hexdigest()[:20]

    def _function(self, function: Callable[..., Any]) -> str:
        """Return the token of a function's definition, with the values that it closes over."""
        file = inspect.getsourcefile(function)
        if not file or not Path(file).is_file():
            return f"no source: {function.__qualname__}"
        source = module_source(Path(file), function.__module__)
        outermost, *nested = function.__qualname__.split(".")
        token = self._definition(source, outermost, drop_decorators=not nested)
        code, closure = function.__code__, function.__closure__ or ()
        cells = zip(code.co_freevars, closure, strict=True)
        return " ".join([token, *nested, *(f"{name}={self._closed_over(cell.cell_contents)}" for name, cell in cells)])

    def _closed_over(self, value: Any) -> str:
        if isinstance(value, SCALARS):
            return repr(value)
        is_wrapped = inspect.isfunction(value)
        return self._function(value) if is_wrapped else type(value).__qualname__

    def _definition(self, source: ModuleSource, name: str, drop_decorators: bool = False) -> str:
        """Return the token of what a module defines by this name, after its code was added."""
        if source.file == Path():
            return name
        key = (source.file, name)
        if key not in self._numbers:
            is_first = not any(file == source.file for file, _ in self._numbers)
            self._numbers[key] = len(self._numbers)
            for statement in source.effects if is_first else ():
                self._dumps.append(f"import: {self._dump(source, statement, False)}")
            for statement in source.definitions.get(name, ()):
                self._dumps.append(f"{self._numbers[key]}: {self._dump(source, statement, drop_decorators)}")
        return f"#{self._numbers[key]}"

    def _dump(self, source: ModuleSource, statement: ast.stmt, drop_decorators: bool) -> str:
        return normalized(source, statement, partial(self._resolve, source), drop_decorators)

    def _resolve(self, source: ModuleSource, reference: Reference) -> str:
        """Return what stands for a reference: the number of local code, or the full name of anything else."""
        if reference.module is None:
            return self._definition(source, reference.name)
        top, _, rest = reference.module.partition(".")
        package = __name__.partition(".")[0]
        if top == package and rest.partition(".")[0] in ENGINE_PACKAGES and not self._is_submodule(source, reference):
            return f"{package}:{reference.name}"
        own = source.name.partition(".")[0]
        if top not in (own, package) and (owners := _distributions().get(top)):
            self.libraries.update(owners)
            return f"{reference.module}:{reference.name}"
        if top in sys.stdlib_module_names:
            return f"{reference.module}:{reference.name}"
        return self._local(source, reference)

    def _is_submodule(self, source: ModuleSource, reference: Reference) -> bool:
        """Whether `from pslbench import x` imports a package of built-in parts rather than a name of the API."""
        inner = f"{reference.module}.{reference.name}".split(".")
        return (
            len(inner) > 1
            and inner[1] not in ENGINE_PACKAGES
            and find_module(".".join(inner[:2]), source.file) is not None
        )

    def _local(self, source: ModuleSource, reference: Reference) -> str:
        module, path = str(reference.module), [name for name in reference.name.split(".") if name]
        while path and find_module(f"{module}.{path[0]}", source.file):
            module = f"{module}.{path.pop(0)}"
        file = find_module(module, source.file)
        if file is None:
            return f"{module}:{'.'.join(path)}"
        found = module_source(file, module)
        if not path:  # the module itself is handed on: all of it counts
            return f"module {[self._definition(found, name) for name in found.definitions]}"
        name, *attributes = path
        if name in found.imports and name not in found.definitions:
            origin = found.imports[name]
            return self._resolve(found, Reference(origin.module, ".".join([*filter(None, [origin.name]), *attributes])))
        return ".".join([self._definition(found, name), *attributes])
