"""What a document shows: listings, commands, and what commands print."""

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
NAME = re.compile(r"# (\S+\.\w+)\n")
STATUS = re.compile(r"# exit status (\d+)$")
NUMBER = re.compile(r"\d+\.\d+")


@dataclass(frozen=True)
class Step:
    """A listing under the name of its file, a command with its exit status, or the output of the command before."""

    line: int
    kind: Literal["listing", "command", "output"]
    text: str
    name: str = ""
    status: int = 0


def steps(markdown: str, heading: str = "") -> Iterator[Step]:
    """What stands under a heading, or in the whole document: fenced listings and indented blocks, in their order.

    The first line of a listing is a comment with the name of its file. An indented block is of commands where it begins
    with a program, and else what the last command printed. Raises ValueError for a listing without a name.
    """
    tokens = iter(MarkdownIt("commonmark").parse(markdown))
    if heading:
        next(token for token in tokens if token.type == "inline" and token.content == heading)
        tokens = takewhile(lambda token: token.type != "heading_open", tokens)
    for token in tokens:
        line = token.map[0] + 1 if token.map else 0
        if token.type == "fence":
            named = NAME.match(token.content)
            if not named:
                raise ValueError(f"line {line}: no name of a file in the first line of the listing: it is not run")
            yield Step(line, "listing", token.content, named[1])
        elif token.type == "code_block":
            yield from _joined(_block(line, token.content))


def _block(line: int, text: str) -> Iterator[Step]:
    """The commands and outputs of one indented block, which has an empty line wherever one follows the other."""
    for group in text.split("\n\n"):
        if group.split(maxsplit=1)[:1] and group.split()[0] in PROGRAMS:
            for offset, command in enumerate(group.strip("\n").splitlines()):
                status = STATUS.search(command)
                yield Step(line + offset, "command", command, status=int(status[1]) if status else 0)
        elif group.strip():
            yield Step(line, "output", group)
        line += group.count("\n") + 2


def _joined(found: Iterator[Step]) -> Iterator[Step]:
    """Outputs of one command are one, though an empty line stands in it."""
    for is_output, group in groupby(found, lambda step: step.kind == "output"):
        first, *others = group
        if is_output:
            yield replace(first, text="\n".join(step.text for step in (first, *others)))
        else:
            yield from (first, *others)


def difference(shown: str, printed: str) -> str:
    """Why `printed` is not what is shown; empty where it is.

    Blanks and the lengths of lines do not count, `...` on a line of its own stands for anything, numbers of four
    decimals may differ by 0.02 (processors round differently), and seconds, of one decimal, by anything.
    """
    lines = _tidy(shown)
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else _pattern(line) + r"\n" for line in lines)
    found = re.fullmatch(pattern, "".join(f"{line}\n" for line in _tidy(printed)))
    if not found:
        return f"shown:\n{shown}\nprinted:\n{printed}"
    expected = [number for line in lines for number in NUMBER.findall(line)]
    far = [
        f"{number} is shown, {got} was printed"
        for number, got in zip(expected, found.groups(), strict=True)
        if len(number.partition(".")[2]) > 1 and abs(float(number) - float(got)) > 0.02
    ]
    return "; ".join(far)


def _tidy(text: str) -> Sequence[str]:
    lines = (re.sub(r"\s+", " ", re.sub("─+", "─", line)).strip() for line in text.splitlines())
    return [line for line in lines if line]


def _pattern(line: str) -> str:
    return r"(\d+\.\d+)".join(re.escape(piece) for piece in NUMBER.split(line))


def environment(folder: Path) -> Path:
    """An environment of its own that has all that this one has, to install things into: the folder of its programs."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    mine = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "outer.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in mine))
    for module in MODULES:
        offline = " --quiet --no-index --no-build-isolation" if module == "pip" else ""
        program = folder / "bin" / module
        program.write_text(f'#!/bin/sh\nexec "{folder}/bin/python" -m {module} "$@"{offline}\n')
        program.chmod(0o755)
    (folder / "bin" / "ruff").symlink_to(Path(sys.executable).parent / "ruff")
    return folder / "bin"
