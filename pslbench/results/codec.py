"""How rows are written and read: as JSON, one file per cell, and as one CSV table."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pslbench.errors import InputError
from pslbench.results.records import Result

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 3  # of cells/KEY.json: 1 has no number and no labels/ beside it; 2 has the names in RENAMED
RENAMED = {"recipe": "fingerprint", "test_looks": "test_set_evaluations", "precision": "compute_dtype"}
KEY_PATTERN = r"[0-9A-Za-z_-]+"  # keys are file names
SCORES = (
    *("test_accuracy", "macro_f1", "nll", "ece", "direct_accuracy", "pseudo_accuracy", "coverage"),
    *("purity", "nmi", "ari", "classes_seen"),
)
STAGES = ("embed", "graph", "cluster", "label", "train", "score", "total")
MAX_ERROR_LENGTH = 10_000  # characters, in the table
SECONDS_PREFIX = "seconds_"
COLUMNS = (  # of results.csv
    *("dataset", "budget", "strategy", "clusterer", "embedder", "trainer", "seed", "status", "labels_spent"),
    *(
        "upper_bound",
        "test_set_evaluations",
        "compute_dtype",
        *SCORES,
        *(f"{SECONDS_PREFIX}{stage}" for stage in STAGES),
    ),
    *("peak_memory_mb", "error", "key", "finished", "protocol", "fingerprint", "checksum"),
)
FIELD_TYPES: Mapping[str, str] = {field.name: str(field.type) for field in fields(Result)}
JSON_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "bool": bool,
    "float": (int, float),
    "dict[str, float]": dict,
    "dict[str, str] | None": (dict, type(None)),
}
FROM_TEXT: Mapping[str, Callable[[str], Any]] = {
    "str": str,
    "int": int,
    "bool": {"True": True, "False": False}.__getitem__,
    "float": float,
}


def to_json(row: Result) -> bytes:
    return json.dumps({"format": FORMAT, **vars(row)}).encode()


def read_json(path: Path) -> Result:
    """Read the row of one cell. Raises InputError if the file is damaged, or written by a newer version."""
    facts = load_json(path)
    version = facts.pop("format", 1) if isinstance(facts, dict) else 0
    if not isinstance(version, int) or version > FORMAT:
        raise InputError(f"{path} has format {version}, and this pslbench reads formats up to {FORMAT}; update it")
    if not isinstance(facts, dict):
        raise _damaged(path)
    try:
        row = Result(**{RENAMED.get(str(name), str(name)): value for name, value in facts.items()})
    except TypeError:
        raise InputError(f"{path} was written by another version of pslbench; choose another folder with -o") from None
    if not is_valid(row) or row.key != path.stem:
        raise _damaged(path)
    return row


def load_json(path: Path) -> Any:
    """Parse a JSON file. Raises InputError if that fails."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise _damaged(path) from None


def _damaged(path: Path) -> InputError:
    return InputError(f"{path} is damaged; remove it and run again")


def is_valid(row: Result) -> bool:
    """Whether the values of a row have the types that a reader expects."""
    have_types = all(isinstance(getattr(row, name), JSON_TYPES[kind]) for name, kind in FIELD_TYPES.items())
    error = row.error
    return (
        have_types
        and all(isinstance(number, int | float) for number in [*row.scores.values(), *row.seconds.values()])
        and (error is None or all(isinstance(error.get(name), str) for name in ("type", "message")))
    )


def results_frame(rows: Iterable[Result]) -> pd.DataFrame:
    """Return the table of results.csv: one row per cell."""
    import pandas as pd

    return pd.DataFrame([_table_row(row) for row in rows], columns=list(COLUMNS))


def csv_frame(rows: Iterable[Result]) -> pd.DataFrame:
    """Return the table of results.csv for a text file: NaN is the text "NaN", and an absent value is empty."""
    import pandas as pd

    values = [
        {name: "NaN" if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
        for row in map(_table_row, rows)
    ]
    return pd.DataFrame(values, columns=list(COLUMNS))


def _table_row(row: Result) -> dict[str, Any]:
    if unknown := [name for name in row.scores if name not in SCORES]:
        raise InputError(f"the row {row.key} has the unknown score '{unknown[0]}'; update pslbench")
    values = {name: getattr(row, name) for name in COLUMNS if FIELD_TYPES.get(name) in FROM_TEXT}
    values |= {name: row.scores.get(name) for name in SCORES}
    values |= {f"{SECONDS_PREFIX}{stage}": row.seconds.get(stage) for stage in STAGES}
    if row.error:
        values["error"] = " ".join("{type}: {message}".format(**row.error).split())[:MAX_ERROR_LENGTH]
    return values


def read_table(path: Path) -> list[Result]:
    """Read the rows of results.csv. Failed rows have no traceback there.

    Rows of version 0.1 have no protocol, fingerprint or checksum in the table; those fields are empty.

    Raises:
        InputError: the file was not written by pslbench, or is damaged.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, strict=True)
            names = [RENAMED.get(name, name) for name in reader.fieldnames or ["key"]]
            if unknown := [name for name in names if name not in COLUMNS] or ["key"] * ("key" not in names):
                raise ValueError(unknown[0])
            return [_row_of(dict(zip(names, line.values(), strict=True))) for line in reader]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error):
        raise InputError(f"{path} was not written by pslbench, or is damaged; choose another folder") from None


def _row_of(texts: Mapping[str, str]) -> Result:
    given = {name: text for name, text in texts.items() if text}
    facts = {
        name: FROM_TEXT[kind](given[name]) for name, kind in FIELD_TYPES.items() if kind in FROM_TEXT and name in given
    }
    if not re.fullmatch(KEY_PATTERN, facts["key"]):
        raise ValueError(facts["key"])
    kind, _, message = given.get("error", "").partition(":")
    return Result(
        **{"fingerprint": "", "checksum": "", **facts},
        scores={name: float(given[name]) for name in SCORES if name in given},
        seconds={stage: float(given[SECONDS_PREFIX + stage]) for stage in STAGES if SECONDS_PREFIX + stage in given},
        error={"type": kind, "message": message.strip(), "traceback": ""} if kind else None,
    )


def sort_rows(rows: Iterable[Result]) -> list[Result]:
    """Sort rows by combination and seed."""
    return sorted(rows, key=lambda row: (*row.combination, row.seed))
