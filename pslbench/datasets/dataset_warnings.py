"""Warnings about datasets that are valid but may not be what the user means."""

from pslbench.contracts import Dataset
from pslbench.contracts.samples import sample_bytes
from pslbench.errors import join_names, pluralize

MAX_NAMED_CLASSES = 5  # in one warning


def dataset_warnings(data: Dataset) -> list[str]:
    """Return one line per warning."""
    import numpy as np

    absent = [np.bincount(y, minlength=data.n_classes) == 0 for y in (data.y_train, data.y_test)]
    absent[1] &= ~absent[0]
    warnings = []
    for text, is_absent in zip(("no sample of the pool is", "no test sample is"), absent, strict=True):
        if is_absent.any():
            names = join_names([data.classes[c] for c in np.flatnonzero(is_absent)], MAX_NAMED_CLASSES)
            warnings.append(f"{text} of class {names}, but these are among its {data.n_classes:,} classes")
    if data.is_images and (shape := data.x_train.shape[1:])[0] in (1, 3) and shape[2] not in (1, 3, 4):
        warnings.append(f"samples of shape {shape} look like (channels, height, width); use (height, width, channels)")
    return [*warnings, *_warnings_about_copies(data)]


def _warnings_about_copies(data: Dataset) -> list[str]:
    pool, test = ([hash(sample) for sample in sample_bytes(x)] for x in (data.x_train, data.x_test))
    distinct, warnings = set(pool), []
    if len(distinct) == 1:
        return ["all samples of the pool are equal; check how they were written"]
    if len(distinct) < len(pool):
        warnings.append(f"the pool of {pluralize(len(pool), 'sample')} contains only {len(distinct):,} distinct ones")
    if known := sum(sample in distinct for sample in test):
        verb = "is" if known == 1 else "are"
        warnings.append(
            f"{known:,} of {pluralize(len(test), 'test sample')} {verb} also in the pool, so scores can be too high; "
            "remove from one of the two what is in both"
        )
    return warnings
