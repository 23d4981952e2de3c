"""Splits samples without a test set of their own."""

from collections.abc import Iterable
from typing import Any

from pslbench.contracts.arrays import Bools, Ints
from pslbench.contracts.labels import is_missing, is_no_label
from pslbench.errors import InputError

SPLIT_SEED = 0


def split_samples(name: str, labels: Iterable[Any], share: float) -> tuple[Ints, Ints, str]:
    """Split samples into a pool and a test set with the same share of each class, always the same way.

    Samples without a label and classes with a single sample stay in the pool.

    Args:
        name: of the dataset, for error messages.
        labels: the label of each sample; None, NaN, -1 and an empty text stand for no label.
        share: of the test set, in (0, 1).

    Returns:
        The samples of the pool and those of the test set, int64, and one line that describes the split. Both are in
        random order, because files are often sorted by class, and the order would tell a strategy the classes.

    Raises:
        InputError: the test set would be smaller than the number of classes, or the pool would.
    """
    from math import ceil

    import numpy as np
    from sklearn.model_selection import train_test_split

    keys = np.array(["" if is_missing(label) or is_no_label(label) else str(label) for label in labels], object)
    names, codes, counts = np.unique(keys.astype(str), return_inverse=True, return_counts=True)
    can_split = (counts[codes] > 1) & (names[codes] != "")
    divided = np.flatnonzero(can_split)
    n_test, n_classes = ceil(share * len(divided)), len(np.unique(codes[divided]))
    if not n_classes:
        raise InputError(f"{name} has no class with two samples, so none is left for a test set; label more samples")
    if min(n_test, len(divided) - n_test) < n_classes:
        parts = (
            f"{len(divided) - n_test:,} and {n_test:,} of {len(divided):,} samples, fewer than the {n_classes} classes"
        )
        raise InputError(f"with test={share:g}, the pool and the test set of {name} have {parts}; use another share")
    _, test = train_test_split(divided, test_size=share, stratify=codes[divided], random_state=SPLIT_SEED)
    pool = shuffled(np.setdiff1d(np.arange(len(keys)), test))
    test = shuffled(np.sort(test))
    note = f"{len(test):,} of {len(keys):,} samples, {share:.0%} of each class, are the test set; test= changes it"
    return pool, test, note


def shuffled(rows: Ints) -> Ints:
    """Return rows, integers (n,), in random order, always the same."""
    import numpy as np

    order: Ints = np.random.default_rng(SPLIT_SEED).permutation(rows).astype(np.int64)
    return order


def take(samples: Any, rows: Ints | Bools) -> Any:
    """Return some samples of an array, a list, a data frame, `Texts`, `Table` or `ImageFiles`; None of None."""
    if samples is None:
        return None
    if isinstance(samples, list | tuple):
        return [samples[row] for row in rows.tolist()]
    return samples.iloc[rows] if hasattr(samples, "iloc") else samples[rows]
