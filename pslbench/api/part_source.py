"""The source of a part as a plugin file, for worker processes.

A part that was typed into a notebook or a script is in no file that a worker process may import: the script would run
again. So the source of its function is collected, with what the function uses: imports, functions, classes and plain
values. No other statement of the notebook or the script is copied.
"""

import __future__

import ast
import inspect
import pickle
import symtable
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from types import FunctionType, ModuleType
from typing import Any

from pslbench.errors import InputError
from pslbench.parts import Part
from pslbench.planning.syntax import PART_DECORATORS, bound_names

SCALARS = (str, bytes, int, float, complex, bool, type(None))
REGISTER = "\n\n@_hookimpl\ndef pslbench_register():\n    yield {name}\n"
PLAIN_VALUES = "numbers, texts, lists, functions, classes and modules"


def plugin_source(part: Part) -> str:
    """Return the text of a plugin file that registers a part.

    Raises:
        InputError: the source of the part, or of what it uses, is not available, or it uses a value that has no source.
    """
    try:
        part.parameters  # noqa: B018 - a parameter without a type is reported now
    except TypeError as error:
        raise InputError(f"{part.kind} '{part.name}': {error}") from None
    collector = _Collector(part)
    name = inspect.unwrap(part.function).__name__
    collector.bind(name, part)
    return collector.text() + REGISTER.format(name=name)


class _Collector:
    """Collects the statements that define a part and what it uses."""

    def __init__(self, part: Part) -> None:
        self._kind, self._label = part.kind, f"{part.kind} {part.name!r}"
        self._values: dict[str, object] = {}
        self._imports = {"from pslbench import hookimpl as _hookimpl"}
        self._definitions: list[str] = []

    def text(self) -> str:
        head = f"# The {self._label} that was passed to pslbench.run. Worker processes import it from here."
        imports = sorted(self._imports, key=lambda line: ("__future__" not in line, line))
        return "\n".join((head, "", *imports, "", *self._definitions))

    def bind(self, name: str, value: object) -> None:
        """Add what binds a name to a value, after everything that the value uses."""
        if name in self._values:
            if self._values[name] is not value and repr(self._values[name]) != repr(value):
                raise InputError(f"{self._label} uses two different objects named '{name}'; rename one of them")
            return
        self._values[name] = value
        if line := _import_line(name, value):
            self._imports.add(line)
        elif not isinstance(definition := _definition(value), type | FunctionType):
            self._definitions.append(f"{name} = {self._expression(name, value)}")
        elif definition.__name__ in (name, "<lambda>"):
            self._define(name, definition, is_part=isinstance(value, Part))
        else:
            self.bind(definition.__name__, value)
            self._definitions.append(f"{name} = {definition.__name__}")

    def _define(self, name: str, definition: type | FunctionType, is_part: bool) -> None:
        source = self._source(name, definition, is_part)
        tree, namespace = ast.parse(source), _namespace(definition)
        for used in sorted(set(_global_names(symtable.symtable(source, "<source>", "exec")))):
            if used in namespace and used != "__name__":
                self.bind(used, namespace[used])
        self._imports.update(_submodule_imports(tree, namespace))
        if isinstance(definition, FunctionType) and definition.__code__.co_flags & __future__.annotations.compiler_flag:
            self._imports.add("from __future__ import annotations")
        self._definitions.append(f"\n{source.strip()}\n")

    def _source(self, name: str, definition: type | FunctionType, is_part: bool) -> str:
        try:
            source = textwrap.dedent(_find_source(definition))
            statement = ast.parse(source).body[0]
        except (OSError, TypeError, SyntaxError, IndexError):
            raise InputError(
                f"{self._label} cannot be sent to worker processes, because the source of '{name}' is not available; "
                "write it in a notebook, a script or a plugin file"
            ) from None
        if name == "<lambda>" or (definition.__name__ == "<lambda>" and not isinstance(statement, ast.Assign)):
            raise InputError(f"{self._label} uses a lambda; write it as a function with def")
        if name not in bound_names([statement]):
            raise InputError(f"the file of '{name}' has changed since {self._label} was defined; import it again")
        if is_part and not any(map(_makes_part, getattr(statement, "decorator_list", ()))):
            raise InputError(f"{self._label} is not written with a decorator; put one above `def {name}`")
        return source

    def _expression(self, name: str, value: Any) -> str:
        """Return an expression for a value of plain types."""
        kind = type(value)
        if kind is float and repr(value) in ("inf", "-inf", "nan"):
            return f"float('{value}')"
        if kind in SCALARS:
            return repr(value)
        if kind is dict:
            pairs = [[self._expression(name, each) for each in item] for item in value.items()]
            return f"{{{', '.join(f'{key}: {item}' for key, item in pairs)}}}"
        if kind in (list, tuple, set, frozenset):
            items = [self._expression(name, item) for item in value]
            if kind in (set, frozenset):
                return f"{kind.__name__}([{', '.join(sorted(items))}])"
            return f"[{', '.join(items)}]" if kind is list else f"({''.join(f'{item}, ' for item in items).strip()})"
        if isinstance(value, PurePath):
            self._imports.add("import pathlib")
            return f"pathlib.Path({str(value)!r})"
        if "numpy" in sys.modules and isinstance(value, sys.modules["numpy"].generic):
            self._imports.add("import numpy")
            return f"numpy.{kind.__name__}({self._expression(name, value.item())})"
        if isinstance(definition := _definition(value), type | FunctionType):
            self.bind(definition.__name__, value)
            return definition.__name__
        raise InputError(
            f"{self._label} uses the variable '{name}' with a value of type {kind.__name__}, and worker processes "
            f"receive only {PLAIN_VALUES}; create the value inside a function that the {self._kind} calls"
        )


def _definition(value: object) -> object:
    """Return the function of a part or of a decorated function; anything else is returned as it is."""
    function = value.function if isinstance(value, Part) else value
    return inspect.unwrap(function) if callable(function) and not isinstance(function, type) else function


def _namespace(definition: type | FunctionType) -> Mapping[str, object]:
    """Return the values of the names that a function or a class can use."""
    if isinstance(definition, type):
        return vars(sys.modules[definition.__module__])
    cells = zip(definition.__code__.co_freevars, definition.__closure__ or (), strict=True)
    return {**definition.__globals__, **{name: cell.cell_contents for name, cell in cells}}


def _import_line(name: str, value: Any) -> str:
    """Return the statement that imports a value under a name; empty if it cannot be imported."""
    if isinstance(value, ModuleType):
        line = f"import {value.__name__}" + ("" if value.__name__ == name else f" as {name}")
        return line if _is_importable(value.__name__) else ""
    defined = _definition(value)
    attribute = getattr(defined, "__name__", None)
    if not isinstance(attribute, str):
        return ""
    module = getattr(defined, "__module__", None) or pickle.whichmodule(value, attribute)  # type: ignore[attr-defined]
    packages = module.split(".")
    for path in (".".join(packages[: i + 1]) for i in range(len(packages))):  # the shortest is the public one
        if getattr(sys.modules.get(path), attribute, None) is value and _is_importable(path):
            return f"from {path} import {attribute}" + ("" if attribute == name else f" as {name}")
    return ""


def _is_importable(module: str) -> bool:
    """Whether another process that searches the same folders finds the module."""
    top = module.partition(".")[0]
    loaded = getattr(sys.modules.get(top), "__spec__", None)
    if top == "__main__" or loaded is None:
        return False
    specs = (finder.find_spec(top, None) for finder in sys.meta_path)
    return any(spec and spec.origin == loaded.origin for spec in specs)


def _submodule_imports(tree: ast.AST, namespace: Mapping[str, object]) -> Iterator[str]:
    """Yield imports of the submodules that are reached by attributes, such as `scipy.sparse`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            root, *attributes = ast.unparse(node).split(".")
            module = namespace.get(root)
            if isinstance(module, ModuleType):
                submodule = sys.modules.get(".".join([module.__name__, *attributes]))
                if submodule is not None and _is_importable(submodule.__name__):
                    yield f"import {submodule.__name__}"


def _global_names(table: symtable.SymbolTable) -> Iterator[str]:
    """Yield the names that a source looks up in its module."""
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module"):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _global_names(child)


def _makes_part(decorator: ast.expr) -> bool:
    return ast.unparse(decorator).partition("(")[0].rpartition(".")[2] in PART_DECORATORS


def _find_source(definition: type | FunctionType) -> str:
    """Return the source of a function or a class. Raises OSError or TypeError if it is not available."""
    if isinstance(definition, type) and not hasattr(sys.modules[definition.__module__], "__file__"):
        return _class_in_cells(definition.__name__)
    return inspect.getsource(definition)


def _class_in_cells(name: str) -> str:
    """Return the source of the class that the cells of a notebook defined last; Python does not know where it is."""
    for cell in reversed(_cells()):
        try:
            body = ast.parse(cell).body
        except SyntaxError:
            continue
        for node in reversed(body):
            if isinstance(node, ast.ClassDef) and node.name == name:
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                return "\n".join(cell.splitlines()[first - 1 : node.end_lineno])
    raise OSError(name)


def _cells() -> list[str]:
    """Return the sources of the cells that IPython has run, the oldest first."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return list(shell.history_manager.input_hist_parsed) if shell else []
