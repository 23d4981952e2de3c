"""What a part is: its source, the local modules it imports, and the versions of the libraries it stands on."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

from pslbench.parts import Part
from pslbench.processor import has_gpu, multiplies_bfloat16

PACKAGE = Path(__file__).parents[1]
LIBRARIES = ("numpy", "scipy", "scikit-learn", "tensorflow", "keras")
CONTRACT = ("contracts", "errors", "parts", "plugins", "results", "testing")  # of this package: what changes no result
BACKENDS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}


def facts_of(part: Part) -> Mapping[str, str]:
    """What determines the results of a part beside its parameters, by name: hashes of sources, versions."""
    facts = {f"version of {part.kind} {part.name}": part.version}
    if part.file:
        sources, libraries = _closure(part.file, part.function.__module__)
        facts |= {f"source of {name}": digest for name, digest in sources.items()}
        facts |= {f"version of {library}": _version(library) for library in (*libraries, *_backend(libraries))}
        if "keras" in libraries:
            facts["processor"] = "GPU" if has_gpu() else "bfloat16" if multiplies_bfloat16() else "float32"
    return facts


@cache
def engine_facts(*files: str, libraries: tuple[str, ...] = ("numpy", "scipy", "scikit-learn")) -> Mapping[str, str]:
    """Hashes of files of this package, and the versions of the libraries they use."""
    sources = {f"source of pslbench/{file}": _digest(PACKAGE / file) for file in files}
    return sources | {f"version of {library}": _version(library) for library in libraries}


def _backend(libraries: tuple[str, ...]) -> tuple[str, ...]:
    return (BACKENDS.get(backend_name(), backend_name()),) if "keras" in libraries else ()


def backend_name() -> str:
    """The backend that Keras will use: `KERAS_BACKEND`, else what its configuration file says, else TensorFlow."""
    if own := os.environ.get("KERAS_BACKEND"):
        return own
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        return str(json.loads((home / "keras.json").read_text())["backend"])
    except (OSError, ValueError, KeyError, TypeError):
        return "tensorflow"


@cache
def _closure(file: Path, module: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Hashes of the file and of the local modules it imports, directly or not; the libraries that any imports."""
    sources: dict[str, str] = {}
    libraries: set[str] = set()
    own = module.partition(".")[0]
    todo = [(module, file)]
    for name, path in todo:
        if name in sources:
            continue
        sources[name] = _digest(path)
        for imported in _imports(path, name):
            top, _, rest = imported.partition(".")
            of_contract = top == PACKAGE.name and rest.partition(".")[0] in ("", *CONTRACT)
            if of_contract or top in sys.stdlib_module_names or top == "annotated_types":
                continue
            if top not in (own, PACKAGE.name) and (owners := _distributions().get(top)):
                libraries.update(owners)
            elif origin := _origin(imported, file.parent):
                todo.append((imported, origin))
    return sources, tuple(sorted(libraries))


def _imports(path: Path, module: str) -> Iterator[str]:
    """The modules that a file imports, wherever in it; of `from a import b` both `a` and, if it is a module, `a.b`."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            base = importlib.util.resolve_name(base, package) if node.level else base
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _origin(module: str, beside: Path) -> Path | None:
    """The source file of a module; None where it has none, or is no module at all."""
    if (own := beside / f"{module}.py").is_file():
        return own
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None
    return Path(found.origin) if found and found.origin and found.origin.endswith(".py") else None


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


@cache
def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
