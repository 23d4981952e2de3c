"""The identity of a part: the code that determines its results, and the versions of the libraries that the code uses.

The digest of a part covers the normalized syntax tree of its function and of the local code that the function reaches:
functions, classes and constants of its own module, of modules beside it, of its package, and of built-in parts.
Comments, docstrings, type annotations, formatting, the place and order of imports, and the names of module-level
helpers and of the variables of their bodies do not count. These names do count: arguments, variables of comprehensions,
of nested functions and of functions with `match`, and helpers that are defined under `if` or `try`. Statements that may
do more than bind a name, such as calls, loops and decorators of the module, count for every part that reaches the
module. A module that is imported only for its effect, and data that a module reads while it is imported, are not
covered.
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
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from pslbench.errors import InputError
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
SCALARS = (str, bytes, int, float, complex, bool, range, type(None))


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
        self._functions: dict[Any, int] = {}
        self._modules: list[Path] = []
        self._dumps: list[str] = []
        self._part = part
        self._source = module_source(Path(part.file or ""), inspect.unwrap(part.function).__module__)
        self._own = inspect.unwrap(part.function).__module__.partition(".")[0]
        function: Callable[..., Any] | None = part.function
        while function is not None:  # wrappers first
            self._dumps.append(self._value(function))
            function = getattr(function, "__wrapped__", None)
        self.digest = hashlib.sha256("\n".join(self._dumps).encode()).hexdigest()[:20]

    def _function(self, function: FunctionType) -> str:
        """Return the token of a function's definition, with the values that it closes over and its nested defaults."""
        if function in self._functions:
            return f"function {self._functions[function]}"
        self._functions[function] = len(self._functions)
        code = function.__code__
        file = inspect.getsourcefile(code)
        if not file or not Path(file).is_file():
            return f"no source: {function.__qualname__}"
        source = module_source(Path(file), str(function.__globals__["__name__"]))
        outermost, *nested = code.co_qualname.split(".")
        token = self._lambda(source, code) if code.co_name == "<lambda>" else self._definition(source, outermost)
        cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
        values = {name: cell.cell_contents for name, cell in cells}
        if nested or code.co_name == "<lambda>":
            values |= {"defaults": function.__defaults__, "keyword defaults": function.__kwdefaults__}
        return " ".join([token, *nested, *(f"{name}={self._value(value)}" for name, value in values.items())])

    def _lambda(self, source: ModuleSource, code: CodeType) -> str:
        places = set(code.co_positions())
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Lambda):
                body = node.body
                if (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset) in places:
                    return self._dump(source, ast.Expr(node))
        return code.co_code.hex()

    def _value(self, value: Any) -> str:
        """Return what stands for a value that a function closes over."""
        if isinstance(value, SCALARS):
            return repr(value)
        if isinstance(value, list | tuple | set | frozenset | dict):
            items = [self._value(item) for item in (value.items() if isinstance(value, dict) else value)]
            return f"{type(value).__name__}{sorted(items) if isinstance(value, set | frozenset) else items}"
        if isinstance(value, partial):
            return f"partial{self._value((value.func, value.args, value.keywords))}"
        if isinstance(value, Part):
            return self._value(value.function)
        if isinstance(value, MethodType | BuiltinFunctionType) and value.__self__ is not None:
            return f"{self._value(value.__self__)}.{value.__name__}"
        if isinstance(value, ModuleType):
            return self._resolve(self._source, Reference(value.__name__, ""))
        if callable(value) and (name := getattr(value, "__qualname__", getattr(value, "__name__", None))):
            return self._named(value, name)
        raise InputError(
            f"{self._part.kind} '{self._part.name}' uses a {type(value).__name__} of the function that made it, and "
            "the key of a row cannot cover that; pass numbers, texts, lists, functions or classes, or make it inside"
        )

    def _named(self, value: Any, name: str) -> str:
        """Return what stands for a function or a class."""
        reference = Reference(getattr(value, "__module__", None) or type(value).__module__, name)
        if outside := self._outside(self._source, reference):
            return outside
        if inspect.isfunction(value):
            return self._function(value)
        if not isinstance(value, type):
            return self._resolve(self._source, reference)
        outermost, *nested = name.split(".")
        file = inspect.getsourcefile(value)
        token = self._definition(module_source(Path(file), value.__module__), outermost) if file else value.__module__
        return ".".join([token, *nested])

    def _definition(self, source: ModuleSource, name: str) -> str:
        """Return the token of what a module defines by this name, after its code was added."""
        if name not in source.definitions:
            return f"{source.name}:{name}"
        key = (source.file, name)
        if key not in self._numbers:
            is_first = not any(file == source.file for file, _ in self._numbers)
            self._numbers[key] = len(self._numbers)
            for statement in source.effects if is_first else ():
                self._dumps.append(f"import: {self._dump(source, statement)}")
            for statement in source.definitions[name]:
                self._dumps.append(f"{self._numbers[key]}: {self._dump(source, statement)}")
        return f"#{self._numbers[key]}"

    def _dump(self, source: ModuleSource, statement: ast.stmt) -> str:
        return normalized(source, statement, partial(self._resolve, source))

    def _resolve(self, source: ModuleSource, reference: Reference) -> str:
        """Return what stands for a reference: the number of local code, or the full name of anything else."""
        if reference.module is None:
            return self._definition(source, reference.name)
        return self._outside(source, reference) or self._local(source, reference)

    def _outside(self, source: ModuleSource, reference: Reference) -> str | None:
        """Return the full name of what the engine, a library or Python defines; None for local code."""
        top, _, rest = str(reference.module).partition(".")
        package = __name__.partition(".")[0]
        if top == package and rest.partition(".")[0] in ENGINE_PACKAGES and not self._is_submodule(source, reference):
            return f"{package}:{reference.name}"
        owners = set(_distributions().get(top, ()))
        is_own = top in (self._own, package) or bool(owners & set(_distributions().get(self._own, ())))
        if (owners and not is_own) or top in sys.stdlib_module_names:
            self.libraries.update(() if is_own else owners)
            return f"{reference.module}:{reference.name}"
        return None

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
            return self._whole_module(found)
        name, *attributes = path
        origin = found.origin(name) if name not in found.definitions else None
        if origin:
            return self._resolve(found, Reference(origin.module, ".".join([*filter(None, [origin.name]), *attributes])))
        dynamic = [self._definition(found, "__getattr__")] if name not in found.definitions else []
        return ".".join([self._definition(found, name), *attributes, *dynamic])

    def _whole_module(self, source: ModuleSource) -> str:
        if source.file in self._modules:
            return f"module {self._modules.index(source.file)}"
        self._modules.append(source.file)
        imported = [self._resolve(source, origin) for _, origin in sorted(source.imports.items())]
        return f"module {[self._definition(source, name) for name in source.definitions]} {imported}"
