"""Finds the classes and the samples in the columns of a data frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pslbench.contracts.arrays import AnyArray
from pslbench.contracts.labels import Notes, decode_text, is_missing
from pslbench.contracts.samples import Texts
from pslbench.errors import InputError, join_names, suggest

if TYPE_CHECKING:
    from pandas import DataFrame

LABEL_NAMES = ("label", "labels", "class", "target")
MIN_WORDS = 4  # on average, in a column of texts


def find_columns(
    name: str, frame: DataFrame, label: str | None, text: str | None, usage: str
) -> tuple[str, str | None, Notes]:
    """Return the column of the classes, that of the texts or None if the samples are rows, and one line about a guess.

    Raises:
        InputError: a column does not exist, or none can be found.
    """
    label_column = _label_column(name, frame, label, usage)
    return label_column, *_samples_column(name, frame.drop(columns=label_column), text)


def find_heap_columns(
    name: str, frame: DataFrame, label: str | None, text: str | None
) -> tuple[str | None, str | None, Notes]:
    """Return what `find_columns` does for samples that may have no labels: the first column may be None."""
    names = [column for column in frame.columns if column.lower() in LABEL_NAMES]
    has_label = label is not None or len(names) == 1
    label_column = _label_column(name, frame, label, "") if has_label else None
    samples = frame.drop(columns=label_column) if label_column else frame
    return label_column, *_samples_column(name, samples, text)


def _samples_column(name: str, samples: DataFrame, text: str | None) -> tuple[str | None, Notes]:
    if not len(samples.columns):
        raise InputError(f"{name} has no column besides the label; a sample needs at least one")
    return _text_column(name, samples, text)


def read_samples(frame: DataFrame, label: str | None, text: str | None) -> tuple[DataFrame | Texts, AnyArray]:
    """Return the samples and the labels, objects (n,); None stands for no label."""
    import numpy as np

    if label is None:
        y: AnyArray = np.full(len(frame), None)
    else:
        y = frame[label].astype(object).where(frame[label].notna(), None).to_numpy()
    if text is None:
        return (frame.drop(columns=label) if label else frame), y
    return Texts.of("" if is_missing(value) else decode_text(value) for value in frame[text]), y


def _label_column(name: str, frame: DataFrame, label: str | None, usage: str) -> str:
    columns = list(frame.columns)
    if label is not None:
        if label not in columns:
            raise InputError(f"{name} has no column '{label}'; {suggest(label, columns)}")
        return label
    found = [column for column in columns if column.lower() in LABEL_NAMES]
    if len(found) != 1:
        problem = f"{len(found)} columns named {', '.join(LABEL_NAMES)}" if found else "no column named label"
        raise InputError(
            f"{name} has {problem}; name it, as in {usage}label={columns[-1]} (columns: {join_names(columns)})"
        )
    return found[0]


def _text_column(name: str, samples: DataFrame, text: str | None) -> tuple[str | None, Notes]:
    columns = list(samples.columns)
    if text is not None:
        if text not in columns:
            raise InputError(f"{name} has no column '{text}'; {suggest(text, columns)}")
        found: str | None = text
    else:
        texts = [column for column in columns if _holds_texts(samples, column)]
        found = texts[0] if len(texts) == 1 and len(columns) <= 2 else None
        if texts and not found:
            return None, (f"the samples are rows; text={texts[0]} makes them the texts of that column",)
    others = [column for column in columns if column != found]
    if found is None or not (others or text is None):
        return found, ()
    left_out = f"; left out: {join_names(others)}" if others else ""
    return found, (f"the samples are the texts of the column {found}{left_out}",)


def _holds_texts(samples: DataFrame, column: str) -> bool:
    """Whether most values of a column differ and have several words."""
    values = samples[column].dropna()
    if not len(values) or not all(isinstance(value, str) for value in values):
        return False
    return bool(values.nunique() > len(values) / 2 and values.map(lambda text: len(text.split())).mean() >= MIN_WORDS)


def with_text_names(frame: Any) -> Any:
    """Return the frame with columns whose names are str."""
    return frame if all(isinstance(column, str) for column in frame.columns) else frame.rename(columns=str)
