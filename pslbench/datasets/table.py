from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from annotated_types import Interval

from pslbench.contracts import Dataset, Texts
from pslbench.errors import InputError, join_names, one_line, suggest
from pslbench.extras import requires_extra
from pslbench.parts import dataset
from pslbench.user_folders import expand_home

if TYPE_CHECKING:
    from pandas import DataFrame

LABEL_NAMES = ("label", "class", "target")
GAP_TEXTS = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A", "-nan", "-NaN"]
NO_LABEL_TEXTS = ["", "NA", "N/A", "NaN", "nan"]  # a class may be called None or null
MIN_WORDS = 4  # on average, in a column of texts
SEPARATORS = ",;\t|"
SAMPLE_LENGTH = 65_536  # characters in which the separator is looked for


@dataset("table")
def table(
    *,
    path: str,
    label: str | None = None,
    text: str | None = None,
    test: Annotated[float, Interval(gt=0, lt=1)] = 0.2,
) -> Dataset:
    """A table of rows or texts, as CSV, TSV, Parquet or JSON lines; `-d FILE.csv:label=COLUMN` for short.

    Args:
        path: the file; its name ends with .csv, .tsv, .parquet, .jsonl or .json.
        label: the column of the classes. If none, it is the column that is named label, class or target.
        text: the column of the texts. The other columns are then left out. If none, the samples are texts if one column
            contains texts and there is at most one column besides it and the label; otherwise they are the rows.
        test: the share of the test set, the same in each class, drawn with a fixed seed.

    Raises:
        InputError: the file cannot be read, or a column does not exist.
    """
    from pslbench.datasets.splitting import split_samples

    file = Path(expand_home(path))
    frame = read_frame(file, label)
    label_column = _label_column(path, frame, label)
    samples = frame.drop(columns=label_column)
    if not len(samples.columns):
        raise InputError(f"{path} has no column besides the label; a sample needs at least one")
    text_column, notes = _text_column(path, samples, text)
    y = frame[label_column].astype(object).where(frame[label_column].notna(), None).to_numpy()
    train, test_rows, split_note = split_samples(path, y, test)
    x = samples if text_column is None else Texts.of(samples[text_column].fillna("").astype(str))
    pool, held_out = (x[rows] if isinstance(x, Texts) else x.iloc[rows] for rows in (train, test_rows))
    return Dataset(file.stem, pool, y[train], held_out, y[test_rows], notes=(*notes, f"{split_note}; test= changes it"))


def read_frame(file: Path, label: str | None) -> DataFrame:
    """Read the rows of a file. Raises InputError if it does not exist or cannot be read."""
    import pandas as pd

    if not file.is_file():
        raise InputError(f"no file '{file}'; -d takes the name of a dataset, a file or a folder")
    try:
        if file.suffix == ".parquet":
            with requires_extra("parquet"):
                import pyarrow  # noqa: F401
            return pd.read_parquet(file)
        if file.suffix in (".jsonl", ".ndjson", ".json"):
            return pd.read_json(file, lines=file.suffix != ".json")
        return _read_csv(file, label)
    except InputError:
        raise
    except Exception as error:  # each library has errors of its own
        raise InputError(f"{file} cannot be read ({one_line(error)}); write it again") from None


def _read_csv(file: Path, label: str | None) -> DataFrame:
    import csv

    import pandas as pd

    with file.open(encoding="utf-8-sig", errors="backslashreplace") as stream:
        sample = stream.read(SAMPLE_LENGTH)
    try:
        separator = (
            "\t" if file.suffix == ".tsv" else csv.Sniffer().sniff(sample.partition("\n")[0], SEPARATORS).delimiter
        )
    except csv.Error:
        separator = ","
    header = pd.read_csv(file, sep=separator, nrows=0, encoding="utf-8-sig", encoding_errors="backslashreplace")
    names = [label] if label else [name for name in header if str(name).lower() in LABEL_NAMES]
    missing = {str(name): NO_LABEL_TEXTS if name in names else GAP_TEXTS for name in header}
    return pd.read_csv(
        file,
        sep=separator,
        na_values=missing,
        keep_default_na=False,
        encoding="utf-8-sig",
        encoding_errors="backslashreplace",
        low_memory=False,
    )


def _label_column(path: str, frame: DataFrame, label: str | None) -> str:
    columns = [str(name) for name in frame.columns]
    if label is not None:
        if label not in columns:
            raise InputError(f"{path} has no column '{label}'; {suggest(label, columns)}")
        return label
    found = [name for name in columns if name.lower() in LABEL_NAMES]
    if len(found) != 1:
        problem = f"{len(found)} columns named {', '.join(LABEL_NAMES)}" if found else "no column named label"
        raise InputError(
            f"{path} has {problem}; name it, as in -d {path}:label={columns[-1]} (columns: {join_names(columns)})"
        )
    return found[0]


def _text_column(path: str, samples: DataFrame, text: str | None) -> tuple[str | None, tuple[str, ...]]:
    """Return the column of the texts, or None if the samples are rows, and one line about a guess."""
    columns = [str(name) for name in samples.columns]
    if text is not None:
        if text not in columns:
            raise InputError(f"{path} has no column '{text}'; {suggest(text, columns)}")
        found: str | None = text
    else:
        texts = [name for name in columns if _holds_texts(samples, name)]
        found = texts[0] if len(texts) == 1 and len(columns) <= 2 else None
        if texts and not found:
            return None, (f"the samples are rows; text={texts[0]} makes them the texts of that column",)
    others = [name for name in columns if name != found]
    if found is None or not (others or text is None):
        return found, ()
    left_out = f"; left out: {join_names(others)}" if others else ""
    return found, (f"the samples are the texts of the column {found}{left_out}",)


def _holds_texts(samples: DataFrame, name: str) -> bool:
    """Whether most values of a column differ and have several words."""
    values = samples[name].dropna()
    if not len(values) or not all(isinstance(value, str) for value in values):
        return False
    return bool(values.nunique() > len(values) / 2 and values.map(lambda text: len(text.split())).mean() >= MIN_WORDS)
