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

from pslbench.errors import ContractError, InputError, deprecated
from pslbench.results.records import Result

if TYPE_CHECKING:
    import pandas as pd

FieldValue = str | int | float  # of a column; a bool is an int
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
    *("upper_bound", "test_set_evaluations", "compute_dtype"),
    *SCORES,
    *(f"{SECONDS_PREFIX}{stage}" for stage in STAGES),
    *("peak_memory_mb", "error", "key", "finished", "protocol", "fingerprint", "checksum"),
)
FROM_TEXT: Mapping[str, Callable[[str], FieldValue]] = {  # by the type of a field
    "str": str,
    "int": int,
    "bool": lambda text: {"true": True, "false": False}[text.lower()],  # spreadsheets write FALSE
    "float": float,
}
FIELD_TYPES = {field.name: str(field.type) for field in fields(Result) if field.type in FROM_TEXT}


def to_json(row: Result) -> bytes:
    return json.dumps({"format": FORMAT, **vars(row)}).encode()


def read_json(path: Path) -> Result:
    """Read the row of one cell. Raises InputError if the file is damaged, or written by a newer version."""
    facts = load_json(path)
    version = facts.pop("format", 1)
    if not isinstance(version, int) or version > FORMAT:
        raise InputError(f"{path} has format {version}, and this pslbench reads formats up to {FORMAT}; update it")
    try:
        row = Result(**{RENAMED.get(name, name): value for name, value in facts.items()})
    except TypeError:
        raise InputError(f"{path} was written by another version of pslbench; choose another folder with -o") from None
    except ContractError:
        raise _damaged(path) from None
    if row.key != path.stem:
        raise _damaged(path)
    return row


def load_json(path: Path) -> dict[str, Any]:
    """Parse a JSON file that holds an object. Raises InputError if that fails."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"cannot read {path} ({error.strerror}); choose another folder") from None
    except ValueError:
        raise _damaged(path) from None
    if not isinstance(content, dict):
        raise _damaged(path)
    return content


def _damaged(path: Path) -> InputError:
    return InputError(f"{path} is damaged; remove it and run again")


def results_frame(rows: Iterable[Result], nan: float | str = math.nan) -> pd.DataFrame:
    """Return the table of results.csv, one row per cell; `nan` stands for NaN, and what is absent stays absent."""
    import pandas as pd

    return pd.DataFrame([_table_row(row, nan) for row in rows], columns=list(COLUMNS))


def _table_row(row: Result, nan: float | str) -> dict[str, FieldValue | None]:
    if unknown := [name for name in row.scores if name not in SCORES]:
        raise InputError(f"the row {row.key} has the unknown score '{unknown[0]}'; update pslbench")
    values = {name: getattr(row, name) for name in FIELD_TYPES}
    values |= row.scores | {f"{SECONDS_PREFIX}{stage}": seconds for stage, seconds in row.seconds.items()}
    if row.error:
        values["error"] = " ".join("{type}: {message}".format(**row.error).split())[:MAX_ERROR_LENGTH]
    return {name: nan if isinstance(value, float) and math.isnan(value) else value for name, value in values.items()}


def read_table(path: Path) -> list[Result]:
    """Read the rows of results.csv. Failed rows have no traceback there.

    Rows of version 0.1 have no protocol, fingerprint or checksum in the table; those fields are empty. A column with a
    name of that version causes a DeprecationWarning.

    Raises:
        InputError: the file was not written by pslbench, or is damaged.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, *lines = list(csv.reader(file, strict=True)) or [["key"]]
        names = [RENAMED.get(name, name) for name in header]
        if "key" not in names or not set(names) <= set(COLUMNS):
            raise ValueError(names)
        rows = [_row_of(dict(zip(names, line, strict=True))) for line in lines if line]
    except OSError as error:
        raise InputError(f"cannot read {path} ({error.strerror}); choose another folder") from None
    except (ValueError, KeyError, TypeError, csv.Error):
        raise InputError(
            f"{path} was not written by pslbench, or was changed, for example by a spreadsheet; choose another folder"
        ) from None
    for name in sorted(RENAMED.keys() & set(header)):
        deprecated(f"the column '{name}' of {path}", f"'{RENAMED[name]}'")
    return rows


def _row_of(texts: Mapping[str, str]) -> Result:
    filled = {name: text for name, text in texts.items() if text}
    values = {name: FROM_TEXT[kind](filled[name]) for name, kind in FIELD_TYPES.items() if name in filled}
    if not re.fullmatch(KEY_PATTERN, filled["key"]):
        raise ValueError(filled["key"])
    kind, _, message = filled.get("error", "").partition(":")
    facts: dict[str, Any] = {"fingerprint": "", "checksum": "", **values}
    return Result(
        **facts,
        scores={name: float(filled[name]) for name in SCORES if name in filled},
        seconds={stage: float(filled[SECONDS_PREFIX + stage]) for stage in STAGES if SECONDS_PREFIX + stage in filled},
        error={"type": kind, "message": message.strip(), "traceback": ""} if kind else None,
    )


def sort_rows(rows: Iterable[Result]) -> list[Result]:
    """Sort rows by combination and seed."""
    return sorted(rows, key=lambda row: (*row.combination, row.seed))
