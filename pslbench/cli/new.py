import ast
import builtins
import keyword
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from string import Template
from typing import Annotated

import typer

from pslbench.cli import options
from pslbench.cli.console import stdout_console
from pslbench.errors import InputError, unknown
from pslbench.parts import KINDS, Kind
from pslbench.plugins.catalog import Catalog

TEMPLATES = Path(__file__).parents[1] / "templates"
VALID_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MAX_LENGTH = 40
EXAMPLE_COMMANDS: dict[Kind, str] = {
    "strategy": "pslbench compare {} random -d digits -t logreg -b 40",
    "clusterer": "pslbench run centroid random -c {} -c kmeans -d digits -t logreg -b 40",
    "embedder": "pslbench run centroid random -e {} -e pixels -d digits -t logreg -b 40",
    "trainer": "pslbench run centroid random -t {} -t logreg",
    "dataset": "pslbench run --all -d {} -b 20 -t logreg",
    "reporter": "pslbench run centroid random -t logreg",
}


@options.expand_options
def new(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help=f"One of {', '.join(KINDS)}.", autocompletion=options.complete_kinds)
    ],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name that users type, such as my-idea.")],
    single_file: Annotated[
        bool, typer.Option("--single-file", help="Write one file, for --plugin, instead of a package.")
    ] = False,
    folder: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="The folder to write to.")] = Path(),
    *,
    plugins: options.PluginOptions,
) -> None:
    """Write a plugin with a working part, as a start for your own.

    A package has an entry point, a README, and tests that pass. Install it with pip.

    Examples:
      pslbench new strategy my-idea
      pslbench new clusterer my-clusters --single-file
    """
    if kind not in KINDS:
        raise unknown("kind of part", kind, KINDS)
    _validate_name(plugins.load_catalog(), kind, name, single_file)
    words = _template_words(kind, name)
    target = folder / (f"{words['function']}.py" if single_file else words["package"])
    part_template = f"parts/{kind}.py"
    templates = {target: part_template} if single_file else _package_files(target, part_template, words["module"])
    if target.exists():
        raise InputError(f"'{target}' already exists; choose another name, or another folder with -o")
    try:
        new_folder = "" if folder.exists() else f" in the new folder {folder}"
        for path, template in templates.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_fill_template(template, words), encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write '{target}' ({error.strerror}); choose another folder with -o") from None
    _print_next_steps(target, words, single_file, new_folder)


def _validate_name(catalog: Catalog, kind: Kind, name: str, single_file: bool) -> None:
    if not VALID_NAME.fullmatch(name) or len(name) > MAX_LENGTH:
        raise InputError(
            f"the name '{name}' is not valid; use at most {MAX_LENGTH} lower-case letters, digits and hyphens, "
            "and start with a letter, as in my-idea"
        )
    if name in {part.name for part in catalog.parts(kind).values()}:
        raise InputError(f"the {kind} name '{name}' is taken; choose another name, such as my-{name}")
    if name in {plugin.name for plugin in catalog.plugins}:
        raise InputError(f"there is already a plugin '{name}'; choose another name, such as my-{name}")
    function = name.replace("-", "_")
    words = _template_words(kind, "A")  # upper case, so that it is not the name of a user
    sources = [_fill_template(template, words) for template in (f"parts/{kind}.py", "package/tests.py")]
    reserved = {*keyword.kwlist, *dir(builtins), *(used for source in sources for used in _names_in(source))}
    if function in reserved or (single_file and function in sys.stdlib_module_names):
        raise InputError(f"'{name}' is reserved by Python or used in the file; choose another name, such as my-{name}")


def _names_in(source: str) -> Iterator[str]:
    """Yield the names that a module imports and defines, and the packages that it imports from."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
            yield (getattr(node, "module", "") or "").partition(".")[0]
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name


def _fill_template(template: str, words: dict[str, str]) -> str:
    return Template((TEMPLATES / f"{template}.tmpl").read_text(encoding="utf-8")).substitute(words)


def _template_words(kind: Kind, name: str) -> dict[str, str]:
    """Return the value of each $word of the templates."""
    function = name.replace("-", "_")
    words = {"kind": kind, "name": name, "function": function, "example": EXAMPLE_COMMANDS[kind].format(name)}
    return words | {"package": f"pslbench-{name}", "module": f"pslbench_{function}"}


def _package_files(folder: Path, part_template: str, module: str) -> dict[Path, str]:
    return {
        folder / "pyproject.toml": "package/pyproject.toml",
        folder / "README.md": "package/README.md",
        folder / ".gitignore": "package/gitignore",
        folder / f"{module}.py": part_template,
        folder / "tests" / f"test_{module}.py": "package/tests.py",
    }


def _print_next_steps(target: Path, words: dict[str, str], single_file: bool, new_folder: str) -> None:
    console = stdout_console()
    console.print(f"wrote {target}{new_folder}; next:", markup=False, soft_wrap=True)
    option = f" --plugin {quote(str(target))}" if single_file else ""
    steps = [] if single_file else [f"pip install -e {quote(f'{target}[dev]')}"]
    for step in (*steps, f"pslbench check {words['name']}{option}", f"{words['example']}{option}"):
        console.print(f"  {step}", markup=False, soft_wrap=True)
