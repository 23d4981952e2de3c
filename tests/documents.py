"""Reads documents: their listings, commands, and the output that they show."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, takewhile
from pathlib import Path
from typing import Literal

from markdown_it import MarkdownIt

PROGRAMS = ("cd", "cp", "grep", "pip", "pslbench", "tail")
MODULES = ("mypy", "pip", "pslbench", "pytest")
FILE_NAME = re.compile(r"# (\S+\.\w+)\n")
EXIT_STATUS = re.compile(r"# exit status (\d+)$")
DECIMAL = re.compile(r"\d+\.\d+")


@dataclass(frozen=True)
class Step:
    """A listing with the name of its file, a command with its exit status, or the output of the previous command."""

    line: int
    kind: Literal["listing", "command", "output"]
    text: str
    name: str = ""
    status: int = 0


def read_steps(markdown: str, heading: str = "") -> Iterator[Step]:
    """Yield the fenced listings and indented blocks of a document, or of the section with this heading.

    The first line of a listing is a comment with the name of its file. An indented block that starts with a program
    contains commands; any other one is the output of the last command. Raises ValueError for a listing without a name.
    """
    tokens = iter(MarkdownIt("commonmark").parse(markdown))
    if heading:
        next(token for token in tokens if token.type == "inline" and token.content == heading)
        tokens = takewhile(lambda token: token.type != "heading_open", tokens)
    for token in tokens:
        line = token.map[0] + 1 if token.map else 0
        if token.type == "fence":
            name = FILE_NAME.match(token.content)
            if not name:
                raise ValueError(f"line {line}: the listing must start with a comment that names its file")
            yield Step(line, "listing", token.content, name[1])
        elif token.type == "code_block":
            yield from _join_outputs(_split_block(line, token.content))


def _split_block(line: int, text: str) -> Iterator[Step]:
    """Yield the commands and outputs of one indented block; an empty line separates them."""
    for group in text.split("\n\n"):
        if group.split(maxsplit=1)[:1] and group.split()[0] in PROGRAMS:
            for offset, command in enumerate(group.strip("\n").splitlines()):
                status = EXIT_STATUS.search(command)
                yield Step(line + offset, "command", command, status=int(status[1]) if status else 0)
        elif group.strip():
            yield Step(line, "output", group)
        line += group.count("\n") + 2


def _join_outputs(steps: Iterator[Step]) -> Iterator[Step]:
    """Join the outputs of one command, which may contain empty lines."""
    for is_output, group in groupby(steps, lambda step: step.kind == "output"):
        first, *others = group
        if is_output:
            yield replace(first, text="\n".join(step.text for step in (first, *others)))
        else:
            yield from (first, *others)


def describe_difference(shown: str, printed: str) -> str:
    """Describe how the printed output differs from the documented one; return an empty string if it does not.

    White space and the lengths of rules do not count. A line `...` matches any lines. Numbers with four decimals may
    differ by 0.02, because processors round differently. Numbers with one decimal are seconds and may differ.
    """
    lines = _normalize(shown)
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else _pattern(line) + r"\n" for line in lines)
    match = re.fullmatch(pattern, "".join(f"{line}\n" for line in _normalize(printed)))
    if not match:
        return f"shown:\n{shown}\nprinted:\n{printed}"
    expected = [number for line in lines for number in DECIMAL.findall(line)]
    differences = [
        f"{number} is shown, {actual} was printed"
        for number, actual in zip(expected, match.groups(), strict=True)
        if len(number.partition(".")[2]) > 1 and abs(float(number) - float(actual)) > 0.02
    ]
    return "; ".join(differences)


def _normalize(text: str) -> Sequence[str]:
    lines = (re.sub(r"\s+", " ", re.sub("─+", "─", line)).strip() for line in text.splitlines())
    return [line for line in lines if line]


def _pattern(line: str) -> str:
    return r"(\d+\.\d+)".join(re.escape(piece) for piece in DECIMAL.split(line))


def create_environment(folder: Path) -> Path:
    """Create a virtual environment that sees the packages of the current one, and return the folder of its programs."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    site_packages = next(folder.glob("lib/python*/site-packages"))
    current = [path for path in sys.path if path.endswith("site-packages")]
    (site_packages / "outer.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in current))
    for module in MODULES:
        offline = " --quiet --no-index --no-build-isolation" if module == "pip" else ""
        program = folder / "bin" / module
        program.write_text(f'#!/bin/sh\nexec "{folder}/bin/python" -m {module} "$@"{offline}\n')
        program.chmod(0o755)
    (folder / "bin" / "ruff").symlink_to(Path(sys.executable).parent / "ruff")
    return folder / "bin"
