from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Interval

from pslbench.contracts import Dataset
from pslbench.contracts.frames import LABEL_NAMES
from pslbench.errors import InputError, one_line
from pslbench.extras import requires_extra
from pslbench.parts import dataset
from pslbench.user_folders import expand_home

if TYPE_CHECKING:
    from pandas import DataFrame

GAP_TEXTS = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A", "-nan", "-NaN"]
NO_LABEL_TEXTS = ["", "NA", "N/A", "NaN", "nan"]  # a class may be called None or null
SEPARATORS = ",;\t|"
SAMPLE_LENGTH = 65_536  # characters in which the separator is looked for


@dataset("table")
def table(
    *,
    path: str,
    label: str | None = None,
    text: str | None = None,
    test: Annotated[float, Interval(gt=0, lt=1)] = 0.2,
    features: str | None = None,
) -> Dataset:
    """A table of rows or texts, as CSV, TSV, Parquet or JSON lines; `-d FILE.csv:label=COLUMN` for short.

    Args:
        path: the file; its name ends with .csv, .tsv, .parquet, .jsonl or .json.
        label: the column of the classes. If none, it is the column that is named label, class or target.
        text: the column of the texts. The other columns are then left out. If none, the samples are texts if one column
            contains texts and there is at most one column besides it and the label; otherwise they are the rows.
        test: the share of the test set, the same in each class, drawn with a fixed seed.
        features: an .npy file with features of each row, for the embedder given; `--features FILE.npy` for short.

    Raises:
        InputError: the file cannot be read, or a column does not exist.
    """
    from pslbench.datasets.files import read_features

    file = Path(expand_home(path))
    frame, notes = read_frame(file, label)
    own = read_features(features, len(frame))
    frame, more = without_index(frame)
    usage = f"-d {path}:"
    return Dataset.from_frame(
        file.stem, frame, label=label, text=text, test=test, features=own, notes=(*notes, *more), usage=usage
    )


def without_index(frame: DataFrame) -> tuple[DataFrame, tuple[str, ...]]:
    """Leave out columns without a name that number the rows, as pandas writes them; return a note about them."""
    import numpy as np

    unnamed = [column for column in frame.columns if str(column).startswith("Unnamed:")]
    whole = [column for column in unnamed if frame[column].dtype.kind == "i"]
    numbering = [column for column in whole if (np.diff(frame[column]) == 1).all()]
    if not numbering:
        return frame, ()
    return frame.drop(columns=numbering), ("left out: a column without a name that numbers the rows",)


def read_frame(file: Path, label: str | None) -> tuple[DataFrame, tuple[str, ...]]:
    """Return the rows of a file, and notes. Raises InputError if the file does not exist or cannot be read."""
    import pandas as pd

    if not file.is_file():
        raise InputError(f"no file '{file}'; -d takes the name of a dataset, a file or a folder")
    try:
        if file.suffix.lower() == ".parquet":
            with requires_extra("parquet"):
                import pyarrow  # noqa: F401
            return pd.read_parquet(file), ()
        if file.suffix.lower() in (".jsonl", ".ndjson", ".json"):
            return pd.read_json(file, lines=file.suffix.lower() != ".json"), ()
        return _read_csv(file, label)
    except InputError:
        raise
    except Exception as error:  # each library has errors of its own
        raise InputError(f"{file} cannot be read ({one_line(error)}); write it again") from None


def _read_csv(file: Path, label: str | None) -> tuple[DataFrame, tuple[str, ...]]:
    import csv

    import pandas as pd

    from pslbench.datasets.encodings import describe_encodings, detect_encoding

    encoding = detect_encoding(file)
    with file.open(encoding=encoding, errors="replace") as stream:
        first = stream.read(SAMPLE_LENGTH).partition("\n")[0]
    try:
        separator = "\t" if file.suffix == ".tsv" else csv.Sniffer().sniff(first, SEPARATORS).delimiter
    except csv.Error:
        separator = ","
    form: dict[str, Any] = {"sep": separator, "encoding": encoding, "encoding_errors": "replace"}
    header = pd.read_csv(file, nrows=0, **form)
    names = [label] if label else [name for name in header if str(name).lower() in LABEL_NAMES]
    missing = {str(name): NO_LABEL_TEXTS if name in names else GAP_TEXTS for name in header}
    frame = pd.read_csv(file, na_values=missing, keep_default_na=False, low_memory=False, **form)
    return frame, describe_encodings([encoding])
