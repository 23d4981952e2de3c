"""Libraries that only an extra of the package installs, as in `pip install 'pslbench[report]'`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from pslbench.errors import InputError

Extra = Literal["bayes", "dask", "images", "parquet", "plots", "report"]


def install_command(extra: Extra) -> str:
    return f"pip install 'pslbench[{extra}]'"


@contextmanager
def requires_extra(extra: Extra) -> Iterator[None]:
    """Turn the error about a library that cannot be imported into one that names the extra.

    Example:
        with requires_extra("plots"):
            import matplotlib

    Raises:
        InputError: a library is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise InputError(f"the library {error.name} is missing; install it with: {install_command(extra)}") from None
