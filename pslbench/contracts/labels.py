"""Turns the labels that users have into class numbers, the same way for the pool and the test set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pslbench.contracts.arrays import AnyArray, Bools, Ints
from pslbench.errors import BadData, join_names

SPLITS = ("train", "test")
NO_LABEL = -1
MIN_IDENTIFIERS = 20  # as many labels, all different, are no classes

Notes = tuple[str, ...]


def convert_labels(
    name: str, given: Sequence[Any], sizes: Sequence[int], classes: Sequence[str] = ()
) -> tuple[tuple[Ints, Ints], tuple[str, ...], Notes]:
    """Convert the labels of the pool and of the test set to class numbers from 0; -1 stands for no label.

    Args:
        name: of the dataset, for error messages.
        given: two sequences of names or of whole numbers. -1, NaN, None and an empty text stand for no label.
        sizes: the numbers of samples.
        classes: the names of the classes, to which numbers refer from 0 on. If there are none, the classes are the
            labels that occur.

    Returns:
        The labels of both, int64; the names of the classes; and one line if the classes are not numbered from 0.

    Raises:
        BadData: the labels cannot be used.
    """
    import numpy as np

    arrays = [_checked_array(f"{name}: y_{s}", y, n) for s, y, n in zip(SPLITS, given, sizes, strict=True)]
    has_label = [_has_label(y) for y in arrays]
    values = [y[known] for y, known in zip(arrays, has_label, strict=True)]
    are_names = [any(isinstance(value, str | bytes) for value in y) for y in values]
    if any(are_names) and not all(are_names) and all(map(len, values)):
        raise BadData(f"{name}: y_train and y_test must both contain names of classes, or both numbers")
    if any(are_names):
        values = [np.array([decode_text(value) for value in y], object) for y in values]
        names = tuple(classes or sorted({value for y in values for value in y}))
        known: Sequence[Any] = names
        notes: Notes = ()
    else:
        values = [_whole_numbers(f"{name}: y_{s}", y) for s, y in zip(SPLITS, values, strict=True)]
        known = range(len(classes)) or np.unique(np.concatenate(values)).tolist()
        names = tuple(classes) or tuple(map(str, known))
        notes = () if list(known) == list(range(len(known))) else (_describe_numbers(known),)
    labels = [np.full(n, NO_LABEL, np.int64) for n in sizes]
    for split, y, each, has in zip(SPLITS, labels, values, has_label, strict=True):
        y[has] = _positions(f"{name}: y_{split}", each, known, names)
    _check_classes(name, labels)
    return (labels[0], labels[1]), names, notes


def is_missing(value: object) -> bool:
    """Whether a value stands for none: None, NaN, NaT or an empty text."""
    if value is None or isinstance(value, str | bytes):
        return not value
    try:
        return bool(value != value)
    except (TypeError, ValueError):  # pandas.NA, or an array
        return type(value).__name__ == "NAType"


def is_no_label(value: object) -> bool:
    """Whether a value is the number -1."""
    return isinstance(value, int | float) and value == NO_LABEL


def decode_text(value: object) -> str:
    """Return a value as a text that can be written as UTF-8."""
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    return text.encode("utf-8", "backslashreplace").decode()


def _checked_array(what: str, given: Any, n: int) -> AnyArray:
    import numpy as np

    y = np.asarray(given)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 2 and len(y) == n:
        how = "give one class per sample, as y.argmax(axis=1) does for a one-hot array"
        raise BadData(f"{what} has shape {y.shape}; {how}")
    if y.shape != (n,):
        raise BadData(f"{what} has shape {y.shape}, but there are {n} samples; give one class per sample")
    if y.dtype.kind not in "biufOUST":
        raise BadData(f"{what} must contain names or numbers of classes, not {y.dtype}")
    return y.astype(object) if y.dtype.kind in "UST" else y


def _has_label(y: AnyArray) -> Bools:
    import numpy as np

    if y.dtype.kind in "biuf":
        return np.asarray((y == y) & (y.astype(np.float64) != NO_LABEL))
    return np.array([not (is_missing(value) or is_no_label(value)) for value in y], bool)


def _whole_numbers(what: str, y: AnyArray) -> Ints:
    import numpy as np

    try:
        numbers = y.astype(np.float64)
    except (TypeError, ValueError):
        raise BadData(f"{what} contains values that are neither names nor numbers of classes") from None
    if fractions := [number for number in numbers.tolist() if not number.is_integer()][:1]:
        how = "pass names, or whole numbers, as y.astype(int) makes"
        raise BadData(f"{what} contains {fractions[0]:g}, which is no class; {how}")
    return y.astype(np.int64)


def _describe_numbers(known: Sequence[int]) -> str:
    return f"the {len(known):,} classes are the labels that occur, from {known[0]:,} to {known[-1]:,}"


def _positions(what: str, values: AnyArray, known: Sequence[Any], names: Sequence[str]) -> Ints:
    import numpy as np

    position = {value: i for i, value in enumerate(known)}
    if strangers := sorted({value for value in values.tolist() if value not in position})[:1]:
        raise BadData(f"{what} has the label {strangers[0]}, but the classes are {join_names(names)}")
    return np.array([position[value] for value in values.tolist()], np.int64)


def _check_classes(name: str, labels: Sequence[Ints]) -> None:
    import numpy as np

    pool, test = (y[y != NO_LABEL] for y in labels)
    if len(np.unique(pool)) < 2:
        reason = "; -1 stands for no label" if NO_LABEL in labels[0] else ""
        raise BadData(f"{name}: y_train contains only one class, but a benchmark needs at least two{reason}")
    if len(np.unique(pool)) == len(pool) >= MIN_IDENTIFIERS:
        raise BadData(f"{name}: every sample of y_train has a label of its own; these are no classes")
    if not len(test) or not np.isin(test, pool).any():
        raise BadData(f"{name}: no sample of y_test is of a class of y_train")
