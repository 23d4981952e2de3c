"""Turns what users have into the samples of a `Dataset`, always the same way for the pool and the test set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pslbench.contracts.arrays import AnyArray, Floats
from pslbench.contracts.labels import SPLITS, Notes, decode_text, is_missing
from pslbench.contracts.samples import Column, Samples, StoredImages, Table, Texts
from pslbench.errors import BadData, join_names, pluralize

if TYPE_CHECKING:
    from pandas import DataFrame, Series

SCALES = (1, 16, 255, 65_535)  # the largest value of images of integers: masks, digits of 4 bits, 8 bits, 16 bits
ROUNDING = 1e-4  # beyond 0 and 1, for images that were scaled in low precision
MAX_CATEGORIES = 1_000  # of a column that is no free text


def convert_samples(name: str, given: Sequence[Any]) -> tuple[tuple[Samples, Samples], Notes]:
    """Convert the samples of the pool and of the test set.

    Args:
        name: of the dataset, for error messages.
        given: two arrays of numbers, two sequences of texts, two data frames, or two `Texts`, `Table` or
            `StoredImages`.

    Returns:
        The samples of both, and one line about each conversion that a user may want to know.

    Raises:
        BadData: the samples cannot be used.
    """
    import numpy as np

    if all(isinstance(x, Table) for x in given) and given[0].columns != given[1].columns:
        raise BadData(f"{name}: the tables x_train and x_test have different columns")
    if any(all(isinstance(x, kind) for x in given) for kind in (Texts, Table, StoredImages)):
        converted: tuple[Any, Any] = (given[0], given[1])
        notes: Notes = ()
    elif all(type(x).__name__ == "DataFrame" for x in given):
        converted, notes = _convert_frames(name, given[0], given[1])
    elif all(_holds_texts(x) for x in given):
        converted, notes = (Texts.of(map(decode_text, given[0])), Texts.of(map(decode_text, given[1]))), ()
    else:
        converted, notes = _convert_numbers(name, [np.asarray(x) for x in given])
    for split, samples in zip(SPLITS, converted, strict=True):
        if len(samples) == 0:
            raise BadData(f"{name}: x_{split} is empty; it needs at least one sample")
    return converted, notes


def _holds_texts(given: Any) -> bool:
    if getattr(given, "ndim", 1) != 1 or not hasattr(given, "__len__"):
        return False
    return len(given) > 0 and all(isinstance(each, str) for each in given)


def _convert_numbers(name: str, arrays: Sequence[AnyArray]) -> tuple[tuple[Samples, Samples], Notes]:
    shapes = []
    for split, x in zip(SPLITS, arrays, strict=True):
        if x.ndim not in (2, 3, 4) or x.dtype.kind not in "biuf":
            expected = "numbers (n, height, width, channels) or (n, features), or n texts"
            raise BadData(f"{name}: x_{split} must be {expected}, not {x.dtype} of shape {x.shape}")
        if x.size == 0:
            raise BadData(f"{name}: x_{split} is empty; it needs at least one sample with at least one number")
        shapes.append((*x.shape[1:], 1) if x.ndim == 3 else x.shape[1:])
    if shapes[0] != shapes[1]:
        raise BadData(f"{name}: x_train has samples of shape {shapes[0]}, x_test of {shapes[1]}")
    limits = [_limits(f"{name}: x_{split}", x) for split, x in zip(SPLITS, arrays, strict=True)]
    divisor, notes = (1.0, ()) if len(shapes[0]) == 1 else _image_scale(name, arrays, limits)
    scaled = [_to_floats(x.reshape(len(x), *shape), divisor) for x, shape in zip(arrays, shapes, strict=True)]
    return (scaled[0], scaled[1]), notes


def _limits(what: str, x: AnyArray) -> tuple[float, float]:
    import numpy as np

    low, high = float(x.min()), float(x.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise BadData(f"{what} contains NaN or infinite values; remove or fill them first")
    if max(-low, high) > float(np.finfo(np.float32).max):
        raise BadData(f"{what} ranges from {low:g} to {high:g}, which float32 cannot hold; scale it down")
    return low, high


def _image_scale(name: str, arrays: Sequence[AnyArray], limits: Sequence[tuple[float, float]]) -> tuple[float, Notes]:
    """Return the number that the values of all images are divided by, and a note about it."""
    are_floats = [x.dtype.kind == "f" for x in arrays]
    for split, is_float, (low, high) in zip(SPLITS, are_floats, limits, strict=True):
        if low < (-ROUNDING if is_float else 0) or high > (1 + ROUNDING if is_float else SCALES[-1]):
            raise BadData(f"{name}: x_{split} ranges from {low:g} to {high:g}; scale it to [0, 1]")
    divisor = next(scale for scale in SCALES if scale >= max(high for _, high in limits) - ROUNDING)
    if divisor == 1 or all(are_floats):
        return 1.0, ()
    if any(are_floats):
        ranges = " and ".join(f"x_{split} up to {high:g}" for split, (_, high) in zip(SPLITS, limits, strict=True))
        raise BadData(f"{name}: {ranges} are scaled differently; give both as integers, or both in [0, 1]")
    is_usual = divisor == 255 and all(x.dtype.itemsize == 1 for x in arrays)
    return float(divisor), () if is_usual else (f"pixels are divided by {divisor:,}, because they go up to that",)


def _to_floats(x: AnyArray, divisor: float) -> Floats:
    import numpy as np

    floats: Floats = np.divide(x, divisor, dtype=np.float32) if divisor > 1 else x.astype(np.float32, copy=False).view()
    if x.ndim == 4 and not (floats.min() >= 0 and floats.max() <= 1):
        floats = np.clip(floats, 0, 1)
    floats.flags.writeable = False
    return floats


def _convert_frames(name: str, train: DataFrame, test: DataFrame) -> tuple[tuple[Table, Table], Notes]:
    """Convert data frames with the same columns. Free text and columns without any value are left out."""
    import numpy as np
    import pandas as pd

    if not train.columns.is_unique:
        repeated = train.columns[train.columns.duplicated()].tolist()
        raise BadData(f"{name} has two columns named '{repeated[0]}'; rename one of them")
    if missing := [str(column) for column in train.columns if column not in test.columns]:
        raise BadData(f"{name}: x_test has no column '{missing[0]}', but x_train does")
    both = pd.concat([train, test[train.columns]], ignore_index=True)
    columns, values, dates, left_out = list[Column](), list[AnyArray](), list[str](), list[str]()
    for column in both.columns:
        series, title = both[column], str(column)
        if series.isna().all():
            left_out.append(f"{title} (empty)")
            continue
        numbers, categories, is_date = _convert_column(series)
        if categories is not None and len(categories) > min(MAX_CATEGORIES, max(len(both) // 2, 20)):
            left_out.append(f"{title} ({len(categories):,} different texts)")
            continue
        dates += [title] * is_date
        columns.append(Column(title, categories))
        values.append(numbers)
    if not columns:
        advice = "to use the texts of one, name it with text="
        raise BadData(f"{name} has no column of numbers or categories, only {join_names(left_out)}; {advice}")
    notes = []
    if left_out:
        notes.append(f"left out of the table: {join_names(left_out)}")
    if dates:
        notes.append(f"read as dates, in days: {join_names(dates)}")
    if gaps := sum(int(np.isnan(each).sum()) for each in values):
        notes.append(f"{pluralize(gaps, 'value')} of the table {'is' if gaps == 1 else 'are'} missing")
    matrix, kept = np.stack(values, axis=1), tuple(columns)
    return (Table(matrix[: len(train)].copy(), kept), Table(matrix[len(train) :].copy(), kept)), tuple(notes)


def _convert_column(series: Series[Any]) -> tuple[AnyArray, tuple[str, ...] | None, bool]:
    """Return numbers, float64 (n,), the categories that they stand for, if any, and whether they are dates."""
    import numpy as np
    import pandas as pd

    types = pd.api.types
    if types.is_numeric_dtype(series.dtype) or types.is_bool_dtype(series.dtype):
        numbers = series.to_numpy(np.float64, na_value=np.nan)
        if np.isinf(numbers).any():
            raise BadData(f"the column '{series.name}' contains infinite values; remove or fill them first")
        return numbers, None, False
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object)
    texts = series if types.is_datetime64_any_dtype(series.dtype) else _to_texts(series)
    if types.is_datetime64_any_dtype(series.dtype) or _look_like_dates(texts):
        moments = pd.to_datetime(texts, errors="coerce", utc=True, format="ISO8601" if texts is not series else None)
        if moments.notna().sum() == texts.notna().sum():
            days = (moments - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)
            return days.to_numpy(np.float64), None, True
    categories = sorted(texts.dropna().unique())
    codes = pd.Categorical(texts, categories=categories).codes.astype(np.float64)
    return np.where(codes < 0, np.nan, codes), tuple(categories), False


def _look_like_dates(texts: Series[Any]) -> bool:
    values = texts.dropna()
    return bool(len(values) and values.str.match(r"\d{4}-\d\d-\d\d").all())


def _to_texts(series: Series[Any]) -> Series[Any]:
    """Return the values as str, stripped; None for gaps and empty texts."""
    texts = series.map(lambda value: None if is_missing(value) else decode_text(value).strip())
    return texts.where(texts != "", None)
