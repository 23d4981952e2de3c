from __future__ import annotations

import ast
import builtins
import keyword
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from string import Template
from typing import TYPE_CHECKING, Annotated

import typer

from pslbench.cli import options
from pslbench.cli.console import stdout_console
from pslbench.errors import InputError, unknown
from pslbench.parts import KINDS, Kind

if TYPE_CHECKING:
    from pslbench.plugins.catalog import Catalog

TEMPLATES = Path(__file__).parents[1] / "templates"
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 40
EXAMPLES: dict[Kind, str] = {
    "strategy": "pslbench compare {} random",
    "clusterer": "pslbench run centroid random -c {} -c kmeans",
    "embedder": "pslbench run centroid random -e {} -e pixels",
    "trainer": "pslbench run centroid random -t {} -t logreg",
    "dataset": "pslbench run --all -d {} -b 20 -t logreg",
    "reporter": "pslbench run centroid random -t logreg",
}


@options.expand_options
def new(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"One of {', '.join(KINDS)}.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="What users will type, such as my-idea.")],
    single_file: Annotated[
        bool, typer.Option("--single-file", help="Write one file, for --plugin, instead of a package.")
    ] = False,
    where: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="The folder that it is written into.")
    ] = Path(),
    *,
    plugins: options.PluginOptions,
) -> None:
    """Write a plugin with a part that works, to put your own idea into.

    A package has an entry point, a README, and tests that pass; pip installs it.

    Examples:

      pslbench new strategy my-idea

      pslbench new clusterer my-clusters --single-file
    """
    read = _kind(kind)
    _check_name(plugins.load_catalog(), read, name, single_file)
    said = _words(read, name)
    target = where / (f"{said['function']}.py" if single_file else said["package"])
    files = {target: "parts/" + read + ".py"} if single_file else _package(target, read, said["module"])
    if target.exists():
        raise InputError(f"'{target}' is there already; choose another name, or another folder with -o")
    try:
        for path, template in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_text(template, said), encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write '{target}' ({error.strerror}); choose another folder with -o") from None
    _tell(target, said, single_file)


def _kind(text: str) -> Kind:
    for kind in KINDS:
        if text == kind:
            return kind
    raise unknown("kind of part", text, KINDS)


def _check_name(catalog: Catalog, kind: Kind, name: str, single_file: bool) -> None:
    """Raises InputError where nothing can be called so."""
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        raise InputError(
            f"'{name}' cannot be a name; write up to {LONGEST} lower-case letters, digits and hyphens, such as my-idea"
        )
    if name in {part.name for part in catalog.parts(kind).values()}:
        raise InputError(f"the {kind} name '{name}' is taken; choose another, such as my-{name}")
    if name in {plugin.name for plugin in catalog.plugins}:
        raise InputError(f"a plugin is called '{name}' already; choose another name, such as my-{name}")
    function = name.replace("-", "_")
    words = _words(kind, "A")  # in capitals: no name of a user's
    sources = [_text(template, words) for template in (f"parts/{kind}.py", "package/tests.py")]
    needed = {*keyword.kwlist, *dir(builtins), *(known for source in sources for known in _names_in(source))}
    if function in needed or (single_file and function in sys.stdlib_module_names):
        raise InputError(f"'{name}' is a word that Python or the file itself needs; choose another, such as my-{name}")


def _names_in(source: str) -> Iterator[str]:
    """The names that a module imports and defines, and of the modules that it imports from."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
            yield (getattr(node, "module", "") or "").partition(".")[0]
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name


def _text(template: str, words: dict[str, str]) -> str:
    return Template((TEMPLATES / f"{template}.tmpl").read_text(encoding="utf-8")).substitute(words)


def _words(kind: Kind, name: str) -> dict[str, str]:
    """What stands in the templates for each $word."""
    function = name.replace("-", "_")
    words = {"kind": kind, "name": name, "function": function, "example": EXAMPLES[kind].format(name)}
    return words | {"package": f"pslbench-{name}", "module": f"pslbench_{function}"}


def _package(folder: Path, kind: Kind, module: str) -> dict[Path, str]:
    """The files of a package, each with the template it is made of."""
    return {
        folder / "pyproject.toml": "package/pyproject.toml",
        folder / "README.md": "package/README.md",
        folder / ".gitignore": "package/gitignore",
        folder / f"{module}.py": f"parts/{kind}.py",
        folder / "tests" / f"test_{module}.py": "package/tests.py",
    }


def _tell(target: Path, said: dict[str, str], single_file: bool) -> None:
    console, name = stdout_console(), said["name"]
    console.print(f"wrote {target}; next:", markup=False, soft_wrap=True)
    plugin = f" --plugin {quote(str(target))}" if single_file else ""
    steps = [] if single_file else [f"pip install -e {quote(f'{target}[dev]')}"]
    for step in (*steps, f"pslbench check {name}{plugin}", f"{said['example']}{plugin}"):
        console.print(f"  {step}", markup=False, soft_wrap=True)
