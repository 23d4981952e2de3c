"""The local code that a part reaches: statements of its own module, of its package, and of built-in parts.

Comments, docstrings, type annotations, formatting, and the place and order of imports do not count. A statement counts
if its module is reached and it may do more than bind a name, as calls, loops and local decorators may, or if it binds a
name that a counted statement uses. A module that is used as an object counts as a whole. A module that is imported only
for its effect, and data that a module reads while it is imported, are not covered.
"""

import hashlib
import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import packages_distributions
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

from pslbench.errors import InputError
from pslbench.parts import Part
from pslbench.planning.syntax import Import, ModuleSource, find_module, module_source

ENGINE_PACKAGES = {  # subpackages of pslbench whose code the protocol version stands for
    *("", "analysis", "cli", "contracts", "errors", "execution", "parts", "planning"),
    *("plugins", "reporters", "results", "testing"),
}
CACHED = type(cache(len))  # of functions with functools.cache or lru_cache
SCALARS = (str, bytes, int, float, complex, bool, range, type(None))


@dataclass(frozen=True)
class ReachableCode:
    """The digest of the local code that a part reaches, and the distributions of the other code that it uses."""

    digest: str
    libraries: frozenset[str]


def reach_code(part: Part) -> ReachableCode:
    """Follow the code of a part.

    Raises:
        InputError: the part is a function that was made by another one, and uses an object of it without an identity.
    """
    walk = _Walk(part)
    function: object = part.function
    lines = [walk.value(function)]
    while function := getattr(function, "__wrapped__", None):
        lines.append(walk.value(function))
    return ReachableCode(hashlib.sha256("\n".join(lines + walk.lines()).encode()).hexdigest()[:20], walk.libraries())


def distributions_of_module(module: str) -> frozenset[str]:
    """Return the installed distributions that provide a module's top package."""
    return frozenset(_distributions().get(module.partition(".")[0], ()))


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


def _find_object(module: str, name: str) -> object:
    """Return the object of this name of an imported module; None if there is none."""
    found: object = sys.modules.get(module)
    for attribute in name.split("."):
        found = getattr(found, attribute, None)
    return found


class _Walk:
    """Collects the statements, imports and libraries that the code of a part reaches."""

    def __init__(self, part: Part) -> None:
        function = inspect.unwrap(part.function)
        self._part, self._file, self._module = part, Path(part.file or ""), function.__module__
        self._sources: dict[Path, ModuleSource] = {}
        self._reached: dict[Path, set[int]] = {}  # indices of statements
        self._facts: set[str] = set()
        self._functions: dict[FunctionType, str] = {}
        self._libraries: set[str] = set()

    def lines(self) -> list[str]:
        """Return the statements that were reached, in the order of their modules, and what their names refer to."""
        named = sorted((self._label(source.name), source) for source in self._sources.values())
        statements = [
            f"{label}: {source.statements[index].text}"
            for label, source in named
            for index in sorted(self._reached[source.file])
        ]
        return [*statements, *sorted(self._facts)]

    def libraries(self) -> frozenset[str]:
        return frozenset(self._libraries)

    def value(self, value: object) -> str:
        """Return what stands for a value that a function closes over, after the code of the value was added."""
        if isinstance(value, SCALARS) and type(value).__module__ in ("builtins", "numpy"):
            return repr(value)
        if type(value) in (list, tuple):
            return f"{type(value).__name__}{[self.value(item) for item in value]}"  # type: ignore[attr-defined]
        if type(value) is dict:
            return f"dict{self.value(list(value.items()))}"
        if type(value) in (set, frozenset) and all(isinstance(item, SCALARS) for item in value):  # type: ignore[attr-defined]
            return f"set{sorted(map(repr, value))}"  # type: ignore[call-overload]
        if isinstance(value, CACHED):
            return f"cached {self.value(value.__wrapped__)}"
        if isinstance(value, partial):
            return f"partial{self.value((value.func, value.args, value.keywords))}"
        if isinstance(value, Part):
            return self.value(value.function)
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, MethodType | BuiltinFunctionType) and value.__self__ is not None:
            return f"{self.value(value.__self__)}.{value.__name__}"
        if isinstance(value, ModuleType):
            self._reach(Import(value.__name__, ""), self._file)
            return f"module {self._label(value.__name__)}"
        name = getattr(value, "__qualname__", getattr(value, "__name__", ""))
        module = getattr(value, "__module__", None) or type(value).__module__
        if callable(value) and _find_object(module, name) is value:
            self._reach(Import(module, name.partition(".")[0]), self._file)
            return f"{self._label(module)}:{name}"
        raise InputError(
            f"{self._part.kind} '{self._part.name}' uses a {type(value).__name__} of the function that made it, and "
            "the key of a row cannot cover that; pass numbers, texts, lists, functions or classes, or make it inside"
        )

    def _function(self, function: FunctionType) -> str:
        """Return what stands for a function, after its code and the values that it closes over were added."""
        if function in self._functions:
            return self._functions[function]
        code, module = function.__code__, str(function.__globals__["__name__"])
        outermost, *nested = code.co_qualname.split(".")
        token = f"{self._label(module)}:{code.co_qualname} #{len(self._functions)}"
        self._functions[function] = token
        self._reach(Import(module, "" if outermost == "<lambda>" else outermost), self._file)
        cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
        values = {name: self.value(cell.cell_contents) for name, cell in cells}
        values |= {name: self.value(value) for name, value in vars(function).items() if name != "__wrapped__"}
        if nested or outermost == "<lambda>":
            values["defaults"] = self.value([function.__defaults__, function.__kwdefaults__])
        self._facts.add(f"{token}: {values}")
        return token

    def _label(self, module: str) -> str:
        """Return the name of a module; that of the part's own module depends on how it was loaded."""
        return "" if module == self._module else module

    def _reach(self, found: Import, importer: Path) -> None:
        """Add what an import refers to: a module as a whole, or what a module binds to a name."""
        module, submodule = self._local_module(found.module, importer), None
        if found.name and (module is None or module.file.name == "__init__.py"):  # only packages have submodules
            submodule = self._local_module(f"{found.module}.{found.name}", importer)
        if submodule:
            self._add_module(submodule)
        is_bound = bool(module and found.name and self._add_name(module, found.name))
        if module and not (is_bound or submodule):
            self._add_module(module)  # it is used as an object, or a star import or `__getattr__` provides the name

    def _local_module(self, module: str, importer: Path) -> ModuleSource | None:
        """Return the source of a local module. A library is remembered; the engine has its protocol version."""
        if module == self._module:
            return self._open(self._file, module)
        top, own_top = module.partition(".")[0], self._module.partition(".")[0]
        if top == "pslbench" and f"{module}.".split(".")[1] in ENGINE_PACKAGES:
            return None
        owners = distributions_of_module(top)
        is_own = top in (own_top, "pslbench") or owners & distributions_of_module(own_top)
        if not is_own and (owners or top in sys.stdlib_module_names):
            self._libraries |= owners
            return None
        file = find_module(module, importer)
        return self._open(file, module) if file else None

    def _open(self, file: Path, module: str) -> ModuleSource:
        """Return a module, whose statements with effects count from now on."""
        if file not in self._sources:
            source = self._sources[file] = module_source(file, module)
            self._reached[file] = set()
            for index, statement in enumerate(source.statements):
                if statement.has_effects:
                    self._add_statement(source, index)
            if "*" in source.imports:
                self._add_name(source, "*")
        return self._sources[file]

    def _add_module(self, source: ModuleSource) -> None:
        for index in range(len(source.statements)):
            self._add_statement(source, index)
        for name in source.imports:
            self._add_name(source, name)

    def _add_name(self, source: ModuleSource, name: str) -> bool:
        """Add what a module binds to a name. Return whether it binds the name."""
        imports = source.imports.get(name, ())
        self._add_imports(source, f"{name} is", imports)
        return self._add_definitions(source, name) or bool(imports)

    def _add_statement(self, source: ModuleSource, index: int) -> None:
        if index in self._reached[source.file]:
            return
        self._reached[source.file].add(index)
        statement = source.statements[index]
        for name in sorted(statement.uses):
            self._add_definitions(source, name)
            imports = statement.imports.get(name, ()) + source.imports.get(name, ())
            self._add_imports(source, f"{name} in {statement.text} is", imports)

    def _add_definitions(self, source: ModuleSource, name: str) -> bool:
        indices = [index for index, statement in enumerate(source.statements) if name in statement.binds]
        for index in indices:
            self._add_statement(source, index)
        return bool(indices)

    def _add_imports(self, source: ModuleSource, name: str, imports: tuple[Import, ...]) -> None:
        fact = f"{self._label(source.name)}: {name} {sorted({tuple(found) for found in imports})}"
        if imports and fact not in self._facts:
            self._facts.add(fact)
            for found in imports:
                self._reach(found, source.file)
