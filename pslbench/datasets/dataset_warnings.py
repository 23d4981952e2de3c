"""Warnings about datasets that are valid but may not be what the user means."""

from pslbench.contracts import Dataset


def dataset_warnings(data: Dataset) -> list[str]:
    """Return one line per warning."""
    import numpy as np

    absent = [np.bincount(y, minlength=data.n_classes) == 0 for y in (data.y_train, data.y_test)]
    absent[1] &= ~absent[0]
    warnings = []
    for text, is_absent in zip(("no sample of the pool is", "no test sample is"), absent, strict=True):
        if is_absent.any():
            warnings.append(
                f"{text} of class {', '.join(data.classes[c] for c in np.flatnonzero(is_absent))}, but these are among "
                f"its {data.n_classes} classes; if they do not exist, number the labels from 0 without gaps"
            )
    shape = data.x_train.shape[1:]
    if data.is_images and shape[0] in (1, 3) and shape[2] not in (1, 3, 4):
        warnings.append(f"samples of shape {shape} look like (channels, height, width); use (height, width, channels)")
    return warnings
