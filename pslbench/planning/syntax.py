"""The source of a module as statements, without what cannot change a result."""

import ast
import builtins
import importlib.util
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

PART_DECORATORS = {"dataset", "embedder", "clusterer", "strategy", "trainer", "reporter"}
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
IGNORED_FIELDS = {"kind", "type_comment", "type_params"}  # of syntax trees: spellings and annotations
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Import(NamedTuple):
    """What an import statement imports: `name` of `module`, or the module itself if the name is empty."""

    module: str
    name: str


Imports = Mapping[str, tuple[Import, ...]]


@dataclass(frozen=True)
class Statement:
    """A statement of a module.

    Attributes:
        text: its syntax tree without docstrings, annotations, imports and the decorators that make parts.
        binds, uses: the names that it binds in the module, and all names that occur in it.
        imports: what the names refer to that are imported inside it.
        has_effects: whether it may do more than bind its names, as calls, loops and local decorators may.
    """

    text: str
    binds: frozenset[str]
    uses: frozenset[str]
    imports: Imports
    has_effects: bool


@dataclass(frozen=True, eq=False)
class ModuleSource:
    """The statements of a module, and what its imported names refer to. `*` stands for the names of star imports."""

    file: Path
    name: str
    statements: tuple[Statement, ...]
    imports: Imports


def module_source(file: Path, name: str) -> ModuleSource:
    """Read and analyze a module."""
    status = file.stat()
    return _module_source(file, name, (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=512)
def _module_source(file: Path, name: str, _stamp: tuple[int, int]) -> ModuleSource:
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    content = file.read_bytes()
    try:
        body = list(_statements_that_run(ast.parse(content).body))
    except (SyntaxError, ValueError):  # for example a module for another version of Python
        return ModuleSource(file, name, (Statement(repr(content), frozenset(), frozenset(), {}, True),), {})
    own_nodes = (node for statement in body if not isinstance(statement, Definition) for node in ast.walk(statement))
    imports = _imports(own_nodes, package)
    statements = [
        _statement(node, imports, package) for node in body if not isinstance(node, ast.Import | ast.ImportFrom)
    ]
    return ModuleSource(file, name, tuple(statements), imports)


def _statement(node: ast.stmt, module_imports: Imports, package: str) -> Statement:
    imports = _imports(ast.walk(node), package)
    binds = bound_names([node])
    has_effects = not binds or _has_effects(node, module_imports)
    stripped = _Stripper({**module_imports, **imports}).visit(node)
    uses = frozenset(n.id for n in ast.walk(stripped) if isinstance(n, ast.Name))
    return Statement(_dump(stripped), binds, uses, imports, has_effects)


def _statements_that_run(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements without bare annotations, docstrings, and what is for type checkers or for a script alone."""
    for statement in body:
        if isinstance(statement, ast.If) and _is_never_true(statement.test):
            yield from _statements_that_run(statement.orelse)
        elif not _is_docstring(statement) and not (isinstance(statement, ast.AnnAssign) and statement.value is None):
            yield statement


def _dump(node: object) -> str:
    """Return the text of a syntax tree, which is the same for all versions of Python."""
    if isinstance(node, list):
        return f"[{', '.join(map(_dump, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [(name, value) for name, value in ast.iter_fields(node) if name not in IGNORED_FIELDS]
    texts = [f"{name}={_dump(value)}" for name, value in fields if value is not None and value != []]
    return f"{type(node).__name__}({', '.join(texts)})"


def _is_never_true(test: ast.expr) -> bool:
    return re.fullmatch(r"__name__ == '__main__'|(\w+\.)?TYPE_CHECKING", ast.unparse(test)) is not None


def _is_docstring(statement: ast.AST) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _has_effects(statement: ast.stmt, imports: Imports) -> bool:
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return any(isinstance(node, ast.Call) or _changes_object(node) for node in ast.walk(statement))
    if not isinstance(statement, Definition):
        return True
    callers: list[ast.AST] = [*statement.decorator_list]
    if isinstance(statement, ast.ClassDef):
        if any(isinstance(s, ast.Expr) and isinstance(s.value, ast.Call) for s in statement.body):
            return True
        callers += [*statement.bases, *statement.keywords]
    roots = [re.split(r"[.(\[]", ast.unparse(node))[0] for node in callers]
    tops = {imports[root][0].module.partition(".")[0] if root in imports else root for root in roots}
    return any(top not in {*sys.stdlib_module_names, *dir(builtins), "pslbench", "hookimpl"} for top in tops)


def _changes_object(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store)


def _imports(nodes: Iterable[ast.AST], package: str) -> Imports:
    """Return what the names refer to that import statements among the nodes bind, in their order."""
    found: dict[str, tuple[Import, ...]] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                parts = alias.name.split(".")
                modules = [alias.name] if alias.asname else [".".join(parts[: i + 1]) for i in range(len(parts))]
                name = alias.asname or parts[0]
                found[name] = found.get(name, ()) + tuple(Import(module, "") for module in modules)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            base = importlib.util.resolve_name(base, package) if node.level and package else base.lstrip(".")
            for alias in node.names:
                name = alias.asname or alias.name
                found[name] = (*found.get(name, ()), Import(base, "" if alias.name == "*" else alias.name))
    return found


def bound_names(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """Return the names that nodes bind in their own scope, without those of imports."""
    bound = set[str]()
    for node in nodes:
        if isinstance(node, Definition):
            bound |= {node.name, *(name for n in ast.walk(node) if isinstance(n, ast.Global) for name in n.names)}
        elif isinstance(node, COMPREHENSIONS):  # an assignment expression in one binds outside it
            bound |= {n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr)}
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
        elif not isinstance(node, ast.Lambda):
            bound |= bound_names(ast.iter_child_nodes(node))
    return frozenset(bound)


class _Stripper(ast.NodeTransformer):
    """Removes docstrings, annotations, imports and the decorators that make parts."""

    def __init__(self, imports: Imports) -> None:
        self._imports = imports

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        node.decorator_list = [decorator for decorator in node.decorator_list if not self._makes_part(decorator)]
        node.body = _without_imports(node.body)
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = [_field(s) if isinstance(s, ast.AnnAssign) else s for s in node.body]
        node.body = _without_imports(node.body)
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(node.arg)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        return self.generic_visit(ast.Assign([node.target], node.value)) if node.value else None

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if _is_docstring(node) else self.generic_visit(node)

    def visit_Pass(self, node: ast.Pass) -> None:
        """Remove it: a body that has only a docstring has none."""

    def _makes_part(self, decorator: ast.expr) -> bool:
        """Whether a decorator registers a part with pslbench: its arguments are in other facts."""
        root, *attributes = ast.unparse(decorator).partition("(")[0].split(".")
        origins = self._imports.get(root, ())
        return any(
            origin.module.partition(".")[0] == "pslbench" and [origin.name, *attributes][-1] in PART_DECORATORS
            for origin in origins
        )


def _without_imports(body: Iterable[ast.stmt]) -> list[ast.stmt]:
    """Return statements without imports. Those in `try` and `if` stay, because their order matters."""
    return [s for s in _statements_that_run(body) if not isinstance(s, ast.Import | ast.ImportFrom)]


def _field(node: ast.AnnAssign) -> ast.stmt:
    """Return what stands for a field of a dataclass: that it is annotated matters, and with what does not."""
    special = re.findall(r"\b(?:ClassVar|InitVar|KW_ONLY)\b", ast.unparse(node.annotation))
    return ast.Expr(ast.Tuple([ast.Constant(f"field {special}"), node.target, node.value or ast.Constant(None)]))


@lru_cache(maxsize=2048)
def find_module(module: str, importer: Path) -> Path | None:
    """Return the source file of a module, looked for beside the importing file first; None if there is none."""
    beside = importer.parent.joinpath(*module.split(".")).with_suffix(".py")
    if beside.is_file() and not (importer.parent / "__init__.py").is_file():  # modules of a package are not top-level
        return beside
    try:
        found = importlib.util.find_spec(module)
    except Exception:  # a module may have a __getattr__ of its own, which raises anything
        return None
    return Path(found.origin) if found and found.origin and found.origin.endswith(".py") else None
