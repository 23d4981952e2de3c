"""Rows of a folder whose cells are not there, as in a clone of a repository that keeps tables alone."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pslbench.contracts import Result
from pslbench.errors import InputError

if TYPE_CHECKING:
    from pslbench.engine.store import Lasting

TABLE = "results.csv"
READ: Mapping[str, Callable[[str], Any]] = {"str": str, "int": int, "bool": "True".__eq__, "float": float}
FIELDS = {known.name: str(known.type) for known in fields(Result) if known.type in READ}
STAGE = "seconds_"


def rows_of(table: Path, lasting: Lasting) -> list[Result]:
    """The rows of results.csv, made with what is `lasting`; of errors it has no traceback.

    Raises:
        InputError: where the file is not one of pslbench's.
    """
    try:
        with table.open(newline="", encoding="utf-8") as file:
            rows = [_row(line) for line in csv.DictReader(file, strict=True)]
    except (OSError, ValueError, TypeError, AttributeError, csv.Error):
        raise InputError(f"{table} was not written by pslbench, or is damaged; choose another folder") from None
    data, recipes = lasting.contents, lasting.recipes
    return [replace(r, checksum=data.get(r.dataset, ""), recipe=recipes.get(r.combination, "")) for r in rows]


def _row(line: Mapping[str, str]) -> Result:
    said = {name: text for name, text in line.items() if text}
    kind, _, message = said.pop("error", "").partition(": ")
    facts = {name: READ[FIELDS[name]](said.pop(name)) for name in FIELDS if name in said}
    numbers = {name: float(text) for name, text in said.items()}
    return Result(
        **{"recipe": "", "checksum": "", **facts},
        scores={name: number for name, number in numbers.items() if not name.startswith(STAGE)},
        seconds={name.removeprefix(STAGE): number for name, number in numbers.items() if name.startswith(STAGE)},
        error={"type": kind, "message": message, "traceback": ""} if kind else None,
    )
