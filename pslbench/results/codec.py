"""Rows of a folder whose cells are not there, as in a clone of a repository that keeps tables alone."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pslbench.errors import InputError
from pslbench.results.records import Result

if TYPE_CHECKING:
    from pslbench.results.folder import Provenance

TABLE = "results.csv"
READ: Mapping[str, Callable[[str], Any]] = {
    "str": str,
    "int": int,
    "bool": {"True": True, "False": False}.__getitem__,
    "float": float,
}
FIELDS = {known.name: str(known.type) for known in fields(Result) if known.type in READ}
STAGE = "seconds_"
KEY = r"[0-9A-Za-z_-]+"  # of a cell: its files are called so


def rows_of(table: Path, lasting: Provenance) -> list[Result]:
    """The rows of results.csv, made with what is `lasting`; of errors it has no traceback.

    Raises:
        InputError: where the file is not one of pslbench's.
    """
    try:
        with table.open(newline="", encoding="utf-8") as file:
            lines = csv.DictReader(file, strict=True)
            if "key" not in (lines.fieldnames or ["key"]):
                raise ValueError(lines.fieldnames)
            rows = [_row(line) for line in lines]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error):
        raise InputError(f"{table} was not written by pslbench, or is damaged; choose another folder") from None
    data, fingerprints = lasting.contents, lasting.fingerprints
    return [replace(r, checksum=data.get(r.dataset, ""), fingerprint=fingerprints.get(r.combination, "")) for r in rows]


def _row(line: Mapping[str, str]) -> Result:
    old = {"test_looks": "test_set_evaluations", "precision": "compute_dtype"}
    said = {old.get(name, name): text for name, text in line.items() if text}
    kind, _, message = said.pop("error", "").partition(": ")
    facts = {name: READ[FIELDS[name]](said.pop(name)) for name in FIELDS if name in said}
    if not re.fullmatch(KEY, facts["key"]):
        raise ValueError(facts["key"])
    numbers = {name: float(text) for name, text in said.items()}
    return Result(
        **{"fingerprint": "", "checksum": "", **facts},
        scores={name: number for name, number in numbers.items() if not name.startswith(STAGE)},
        seconds={name.removeprefix(STAGE): number for name, number in numbers.items() if name.startswith(STAGE)},
        error={"type": kind, "message": message, "traceback": ""} if kind else None,
    )
