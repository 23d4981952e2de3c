"""Datasets of OpenML, which scikit-learn loads."""

from __future__ import annotations

import warnings
from typing import Annotated, Any

from annotated_types import Ge, Interval

from pslbench import Dataset, InputError, dataset
from pslbench_hub.errors import cannot_load


@dataset("openml", reference="Vanschoren et al. 2014, OpenML, SIGKDD Explorations 15(2)", positional="name")
def openml(
    *,
    name: int | str,
    version: Annotated[int | None, Ge(1)] = None,
    label: str | None = None,
    text: str | None = None,
    test: Annotated[float, Interval(gt=0, lt=1)] = 0.2,
) -> Dataset:
    """A table of OpenML, by its number or its name, as in `-d openml:61`.

    Args:
        name: the number or the name of the dataset.
        version: the version, if the dataset is given by its name. If none, it is the oldest active one.
        label: the column of the classes. If none, it is the target that OpenML knows.
        text: the column of the texts. If none, the samples are texts if one column contains texts and there is at most
            one column besides it and the label.
        test: the share of the test set: the same in each class, drawn with a fixed seed.

    Raises:
        InputError: the dataset cannot be loaded, or a column does not exist or is unclear.
    """
    if isinstance(name, int) and version is not None:
        raise InputError(f"openml:{name} is one version of a dataset; leave out version=, or give the name")
    bunch, notes = fetch(name, version)
    targets = bunch.target_names or []
    return Dataset.from_frame(
        bunch.details["name"],
        bunch.frame,
        label=label or (targets[0] if len(targets) == 1 else None),
        text=text,
        test=test,
        notes=notes,
        usage=f"-d openml:{name},",
    )


def fetch(name: int | str, version: int | None) -> tuple[Any, tuple[str, ...]]:
    """Return what scikit-learn's `fetch_openml` does, and its warnings, one line each. Raises InputError."""
    from sklearn.datasets import fetch_openml, get_data_home

    which = {"data_id": name} if isinstance(name, int) else {"name": name, "version": version or "active"}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            bunch = fetch_openml(**which, as_frame=True, parser="auto")
        except Exception as error:  # of the network, of OpenML, and of the format
            elsewhere = f"or call fetch_openml of scikit-learn elsewhere and copy its folder to {get_data_home()}"
            raise cannot_load(f"openml:{name}", error, f"check the name and the network, {elsewhere}") from None
    return bunch, tuple(str(warning.message).partition("\n")[0].strip() for warning in caught)
