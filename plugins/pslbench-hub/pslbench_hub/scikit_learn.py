"""The classification datasets of scikit-learn: those that it contains, and those that it downloads."""

from __future__ import annotations

import warnings
from typing import Annotated, Any, Literal, get_args

from annotated_types import Interval

from pslbench import Dataset, dataset
from pslbench_hub.errors import cannot_load

Included = Literal["breast_cancer", "digits", "iris", "wine"]
Downloaded = Literal["20newsgroups", "covtype", "kddcup99", "lfw_people", "olivetti_faces"]


@dataset("sklearn", reference="Pedregosa et al. 2011, Scikit-learn, JMLR 12", positional="name")
def sklearn(*, name: Included | Downloaded, test: Annotated[float, Interval(gt=0, lt=1)] = 0.2) -> Dataset:
    """A classification dataset of scikit-learn, as in `-d sklearn:wine`: a table, images or texts.

    iris, wine, breast_cancer and digits are parts of scikit-learn; the others are downloaded if they are not in its
    folder of data. 20newsgroups has a test set of its own. Its texts contain their headers, footers and quotes.

    Args:
        name: as in the name of the function of scikit-learn: `covtype` for `fetch_covtype`.
        test: the share of the test set: the same in each class, drawn with a fixed seed.

    Raises:
        InputError: the dataset cannot be downloaded.
    """
    if name == "20newsgroups":
        pool, held_out = (load(name, subset=subset) for subset in ("train", "test"))
        return Dataset(name, pool.data, pool.target, held_out.data, held_out.target, tuple(pool.target_names))
    if name in ("digits", "lfw_people", "olivetti_faces"):
        bunch = load(name)
        x = bunch.images.astype("uint8") if name == "digits" else bunch.images
        classes = bunch.target_names if name == "lfw_people" else ()
    else:
        bunch = load(name, as_frame=True)
        x = bunch.data.infer_objects()
        classes = bunch.target_names if name in get_args(Included) else ()
    return Dataset.split(name, x, bunch.target, test=test, classes=tuple(map(str, classes)))


def load(name: str, **options: Any) -> Any:
    """Call the function of scikit-learn. Raises InputError if that fails."""
    from sklearn import datasets

    function = getattr(datasets, f"{'load' if name in get_args(Included) else 'fetch'}_{name}")
    try:
        with warnings.catch_warnings(action="ignore"):  # that a download is tried again
            return function(**options)
    except Exception as error:  # all errors of the network and the disk have the same remedy
        call, folder = f"{function.__name__} of scikit-learn", datasets.get_data_home()
        remedy = f"check the network, or call {call} elsewhere and copy its folder to {folder}"
        raise cannot_load(f"sklearn:{name}", error, remedy) from None
