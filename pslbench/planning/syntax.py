"""The source of a module as a syntax tree, normalized so that equal programs have equal text."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
NESTED_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, *COMPREHENSIONS)
PART_DECORATORS = {"dataset", "embedder", "clusterer", "strategy", "trainer", "reporter"}
NAMES_OF_TYPES = {"Annotated", "NewType", "ParamSpec", "TypeVar"}
NAME_READING_BUILTINS = {
    "locals",
    "vars",
    "eval",
    "exec",
    "dir",
}  # the names of variables matter to them


class Reference(NamedTuple):
    """A name that code uses: `name` of `module`; `module` is None for a name of the same module."""

    module: str | None
    name: str


@dataclass(frozen=True, eq=False)
class ModuleSource:
    """The statements of a module.

    Attributes:
        file, name, package: where it is, what it is called, and what its relative imports start from.
        definitions: the statements that bind each module-level name, imports excepted.
        imports: what each imported name refers to.
        stars: the modules whose names are all imported.
        effects: statements that may do more than bind a name, such as calls.
        tree: the whole module.
    """

    file: Path
    name: str
    package: str
    definitions: Mapping[str, Sequence[ast.stmt]]
    imports: Mapping[str, Reference]
    stars: Sequence[str]
    effects: Sequence[ast.stmt]
    tree: ast.Module

    def origin(self, name: str) -> Reference | None:
        """Return what a name refers to that the module imports."""
        if name in self.imports or name in dir(builtins):
            return self.imports.get(name)
        providers = [star for star in self.stars if self._star_provides(star, name)]
        return Reference(providers[-1], name) if providers else None

    def _star_provides(self, star: str, name: str) -> bool:
        file = find_module(star, self.file)
        if not file or star.partition(".")[0] in sys.stdlib_module_names or "site-packages" in file.parts:
            return hasattr(sys.modules.get(star), name)
        provider = module_source(file, star)
        return name in provider.definitions or provider.origin(name) is not None


def module_source(file: Path, name: str) -> ModuleSource:
    """Read and analyze a module."""
    status = file.stat()
    return _module_source(file, name, (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=512)
def _module_source(file: Path, name: str, _stamp: tuple[int, int]) -> ModuleSource:
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    definitions: dict[str, list[ast.stmt]] = {}
    imports: dict[str, Reference] = {}
    effects: list[ast.stmt] = []
    tree = ast.parse(file.read_bytes())
    for statement in _statements_that_run(tree.body):
        imports |= imported_names(ast.walk(statement) if not isinstance(statement, Definition) else (), package)
        if isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        bound = sorted(_bound_names([statement]))
        for name_bound in bound:
            definitions.setdefault(name_bound, []).append(statement)
        if not bound or _has_effects(statement, imports):
            effects.append(statement)
    stars = [reference.module or "" for name, reference in imports.items() if reference.name == "*"]
    imports = {name: reference for name, reference in imports.items() if reference.name != "*"}
    return ModuleSource(file, name, package, definitions, imports, stars, effects, tree)


def _statements_that_run(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements without docstrings, annotations, and what is for type checkers or for a script alone."""
    for statement in body:
        if isinstance(statement, ast.If) and _is_never_true(statement.test):
            yield from _statements_that_run(statement.orelse)
        elif not _is_docstring(statement) and not (isinstance(statement, ast.AnnAssign) and statement.value is None):
            yield statement


def _is_never_true(test: ast.expr) -> bool:
    text = ast.unparse(test)
    return text == "__name__ == '__main__'" or (
        isinstance(test, ast.Name | ast.Attribute) and text.rpartition(".")[2] == "TYPE_CHECKING"
    )


def _has_effects(statement: ast.stmt, imports: Mapping[str, Reference]) -> bool:
    """Whether a statement that binds a name may do more: it is compound, calls something or has a local decorator."""
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        if re.split(r"[\[(]", ast.unparse(statement.value or statement))[0].rpartition(".")[2] in NAMES_OF_TYPES:
            return False
        return any(isinstance(node, ast.Call) for node in ast.walk(statement))
    if not isinstance(statement, Definition):
        return True
    roots = [ast.unparse(decorator).partition("(")[0].partition(".")[0] for decorator in statement.decorator_list]
    modules = [(imports[root].module or "").partition(".")[0] if root in imports else root for root in roots]
    if {"pslbench", "hookimpl"} & set(modules):
        return False
    return any(module not in sys.stdlib_module_names for module in modules)


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def imported_names(nodes: Iterable[ast.AST], package: str) -> dict[str, Reference]:
    """Return what the names refer to that import statements among the nodes bind."""
    found = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                found[alias.asname or top] = Reference(alias.name if alias.asname else top, "")
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            base = importlib.util.resolve_name(base, package) if node.level and package else base.lstrip(".")
            for alias in node.names:
                bound = f"* of {base}" if alias.name == "*" else alias.asname or alias.name
                found[bound] = Reference(base, alias.name)
    return found


@lru_cache(maxsize=2048)
def find_module(module: str, importer: Path) -> Path | None:
    """Return the source file of a module, looked for beside the importing file first; None if there is none."""
    beside = importer.parent.joinpath(*module.split(".")).with_suffix(".py")
    if beside.is_file():
        return beside
    try:
        found = importlib.util.find_spec(module)
    except Exception:  # a module may have a __getattr__ of its own, which raises anything
        return None
    return Path(found.origin) if found and found.origin and found.origin.endswith(".py") else None


def normalized(source: ModuleSource, statement: ast.stmt, resolve: Callable[[Reference], str]) -> str:
    """Return the text of a statement without what cannot change its result.

    Args:
        source: the module of the statement.
        statement: what to normalize.
        resolve: returns what stands for a name from outside the statement.
    """
    return ast.dump(_Normalizer(source, resolve).normalize(statement))


class _Normalizer(ast.NodeTransformer):
    """Removes docstrings, annotations and imports, and renames what may be named otherwise."""

    def __init__(self, source: ModuleSource, resolve: Callable[[Reference], str]) -> None:
        self._source, self._resolve = source, resolve
        self._scopes: list[tuple[bool, Mapping[str, str | Reference]]] = []  # (is a class, names bound)

    @contextmanager
    def _scope(self, is_class: bool, names: Mapping[str, str | Reference]) -> Iterator[None]:
        self._scopes.append((is_class, names))
        yield
        self._scopes.pop()

    def normalize(self, statement: ast.stmt) -> ast.AST:
        copied: Any = deepcopy(statement)
        if isinstance(copied, Definition):
            copied.name = "_"
        if isinstance(copied, ast.AnnAssign) and copied.value:
            copied = ast.Assign([copied.target], copied.value)
        if isinstance(copied, ast.Assign):  # the name that a statement binds is known by its number
            copied.targets = [_placeholder(target) for target in copied.targets]
        result: ast.AST = self.visit(copied)
        return result

    def _lookup(self, name: str) -> str | Reference | None:
        for depth, (is_class, names) in enumerate(reversed(self._scopes)):
            if name in names and not (is_class and depth):
                return names[name]
        return self._of_module(name)

    def _of_module(self, name: str) -> Reference | None:
        if name in self._source.definitions:
            return Reference(None, name)
        return self._source.origin(name)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if not hasattr(node, "ctx"):  # a placeholder
            return node
        meaning = self._lookup(node.id)
        if isinstance(node.ctx, ast.Load) and self._scopes and self._scopes[-1][0] and isinstance(meaning, str):
            outer = self._of_module(node.id)  # as in `LIMIT = LIMIT` in the body of a class
            meaning = f"{meaning} or {self._resolve(outer)}" if outer else meaning
        if isinstance(meaning, Reference):
            return ast.copy_location(ast.Name(self._resolve(meaning)), node)
        return ast.copy_location(ast.Name(meaning or node.id), node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        path, root = [node.attr], node.value
        while isinstance(root, ast.Attribute):
            path.insert(0, root.attr)
            root = root.value
        meaning = self._lookup(root.id) if isinstance(root, ast.Name) else None
        if isinstance(meaning, Reference) and meaning.module is not None:
            name = ".".join(filter(None, [meaning.name, *path]))
            return ast.copy_location(ast.Name(self._resolve(Reference(meaning.module, name))), node)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: Any) -> ast.AST:
        scope = self._function_scope(node)
        node.decorator_list = [self.visit(each) for each in node.decorator_list if not self._makes_part(each)]
        node.returns = node.type_comment = None
        node.args.defaults = [self.visit(each) for each in node.args.defaults]
        node.args.kw_defaults = [each and self.visit(each) for each in node.args.kw_defaults]
        self._strip_arguments(node.args)
        if self._scopes:
            renamed = self._lookup(node.name)
            node.name = renamed if isinstance(renamed, str) else node.name
        with self._scope(False, scope):
            node.body = self._body(node.body)
        result: ast.AST = node
        return result

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        node.args = self.generic_visit(node.args)  # type: ignore[assignment]
        with self._scope(False, {name: name for name in _argument_names(node.args)}):
            node.body = self.visit(node.body)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        node.bases = [self.visit(each) for each in node.bases]
        node.keywords = [self.visit(each) for each in node.keywords]
        if self._scopes:
            renamed = self._lookup(node.name)
            node.name = renamed if isinstance(renamed, str) else node.name
        with self._scope(True, {name: name for name in _bound_names(node.body)}):
            node.body = self._body(node.body)
        return node

    def _comprehension(self, node: Any) -> ast.AST:
        bound = {n.id: n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        first = self.visit(node.generators[0].iter)  # does not see the variables of the comprehension
        node.generators[0].iter = ast.Constant(None)
        with self._scope(False, bound):
            self.generic_visit(node)
        node.generators[0].iter = first
        result: ast.AST = node
        return result

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension  # noqa: N815

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if self._scopes and self._scopes[-1][0]:  # a field of a dataclass: that it is annotated matters
            special = re.findall(r"\b(?:ClassVar|InitVar|KW_ONLY)\b", ast.unparse(node.annotation))
            node.annotation = ast.Constant(special[0] if special else None)
            node.value = self.visit(node.value) if node.value else None
            return node
        if node.value is None:
            return None
        return self.visit_Assign(ast.Assign([node.target], node.value))

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        node.type_comment = None
        return self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        renamed = self._lookup(node.name) if node.name else None
        node.name = renamed if isinstance(renamed, str) else node.name
        node.body = self._body(node.body)
        node.type = self.visit(node.type) if node.type else None
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for field in ("body", "orelse", "finalbody"):
            if isinstance(statements := getattr(node, field, None), list):
                setattr(node, field, self._body(statements, field == "body"))
        for field, value in ast.iter_fields(node):
            if field in ("body", "orelse", "finalbody") and isinstance(value, list):
                continue
            if isinstance(value, list):
                setattr(node, field, [self.visit(v) if isinstance(v, ast.AST) else v for v in value])
            elif isinstance(value, ast.AST):
                setattr(node, field, self.visit(value))
        return node

    def _body(self, statements: Sequence[ast.stmt], must_not_be_empty: bool = True) -> list[ast.stmt]:
        visited = [each for s in statements if not _is_docstring(s) and (each := self.visit(s)) is not None]
        return visited or ([ast.Pass()] if must_not_be_empty else [])

    def visit_Import(self, node: Any) -> ast.AST | None:
        """Remove an import, unless its name is also assigned, as after `except ImportError`."""
        imported = imported_names([node], self._source.package)
        assigned = {n: origin for n, origin in imported.items() if origin.name != "*" and self._lookup(n) != origin}
        values: list[ast.expr] = [
            ast.Name(f"{self._lookup(name)}={self._resolve(origin)}") for name, origin in assigned.items()
        ]
        return ast.Expr(ast.Tuple(values)) if values else None

    visit_ImportFrom = visit_Import  # noqa: N815

    def _makes_part(self, decorator: ast.expr) -> bool:
        """Whether a decorator registers a part with pslbench: its arguments are in other facts."""
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        root = target.value if isinstance(target, ast.Attribute) else target  # pslbench.strategy or strategy
        meaning = self._lookup(root.id) if isinstance(root, ast.Name) else None
        if not isinstance(meaning, Reference) or (meaning.module or "").partition(".")[0] != "pslbench":
            return False
        return (target.attr if isinstance(target, ast.Attribute) else meaning.name) in PART_DECORATORS

    def _strip_arguments(self, arguments: ast.arguments) -> None:
        for argument in _each_argument(arguments):
            argument.annotation = argument.type_comment = None

    def _function_scope(self, node: Any) -> dict[str, str | Reference]:
        """Map each name in a function to what replaces it: variables of an outermost function become numbers."""
        arguments = set(_argument_names(node.args))
        bound = _bound_names(node.body) - arguments
        imported = imported_names(_own_nodes(node.body), self._source.package)
        imported = {name: reference for name, reference in imported.items() if name not in bound | arguments}
        is_nested = any(not is_class for is_class, _ in self._scopes)
        calls = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        keeps_names = (
            is_nested or calls & NAME_READING_BUILTINS or any(isinstance(n, ast.Match) for n in ast.walk(node))
        )
        ordered = sorted(bound, key=lambda name: _first_use(node, name))
        variables = {name: name if keeps_names else f"%{i}" for i, name in enumerate(ordered)}
        return {**{name: name for name in arguments}, **variables, **imported}


def _placeholder(target: ast.expr) -> ast.expr:
    return ast.Name("_") if isinstance(target, ast.Name) else target


def _first_use(node: ast.AST, name: str) -> tuple[int, int]:
    places = [(n.lineno, n.col_offset) for n in ast.walk(node) if _binds(n, name)]
    return min(places, default=(0, 0))


def _binds(node: ast.AST, name: str) -> TypeGuard[Any]:
    is_name = isinstance(node, ast.Name) and node.id == name
    return is_name or (getattr(node, "name", None) == name and hasattr(node, "lineno"))


def _each_argument(arguments: ast.arguments) -> Iterator[ast.arg]:
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return filter(None, every)


def _argument_names(arguments: ast.arguments) -> Iterator[str]:
    return (argument.arg for argument in _each_argument(arguments))


def _own_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of a scope, without those of the scopes inside it."""
    for node in body:
        yield node
        if isinstance(node, NESTED_SCOPES):
            continue
        yield from _own_nodes(ast.iter_child_nodes(node))


def _bound_names(body: Iterable[ast.stmt]) -> set[str]:
    """Return the names that the statements of a scope bind, those of imports, globals and builtins excepted."""
    bound, excluded = set[str](), set[str]()
    for node in _own_nodes(body):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            bound.add(node.id)
        elif isinstance(node, Definition | ast.ExceptHandler):
            bound.add(node.name or "")
        elif isinstance(node, ast.Global | ast.Nonlocal):
            excluded.update(node.names)
        elif isinstance(node, COMPREHENSIONS):  # an assignment expression in one binds outside it
            bound |= {n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr)}
    return bound - excluded
