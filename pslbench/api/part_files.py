"""Plugin files for what was passed to `pslbench.run` as an object: parts that no plugin has, and datasets of arrays."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from io import BytesIO
from os import PathLike
from typing import Any

from pslbench.api.part_source import plugin_source
from pslbench.contracts import Dataset
from pslbench.errors import InputError
from pslbench.parts import Kind, Part
from pslbench.plugins.discovery import discover
from pslbench.results.folder import ResultsFolder

DATASET_SOURCE = '''# The dataset {name!r} of arrays that were passed to pslbench.run. Processes import it from here.
from pathlib import Path

from pslbench import Dataset, dataset, hookimpl


@dataset({name!r})
def arrays() -> Dataset:
    """Arrays that were passed to pslbench.run."""
    from pslbench.datasets.files import read_saved_dataset

    return read_saved_dataset(Path(__file__).with_name({file!r}), {name!r})


@hookimpl
def pslbench_register():
    yield arrays
'''


class PartFiles:
    """Turns parts and datasets into texts of the command line. What no plugin has is written to a plugin file.

    Args:
        folder: the results; the files are in its folder `parts`.
        plugins: paths of plugin files, and parts.
        no_plugins: names of plugins to leave out.

    Attributes:
        paths: the plugin files: those that were passed, and those that were written.

    Raises:
        InputError: a file does not exist, a plugin is unknown, or a worker process cannot receive a part.
    """

    def __init__(
        self, folder: ResultsFolder, plugins: Sequence[str | PathLike[str] | Part], no_plugins: Sequence[str]
    ) -> None:
        self._folder = folder
        self.paths = [os.path.expanduser(item) for item in plugins if not isinstance(item, Part)]  # noqa: PTH111
        self._known = [part for plugin in discover(self.paths, no_plugins).plugins for part in plugin.parts]
        for part in plugins:
            if isinstance(part, Part):
                self._add(part)

    def texts(self, kind: Kind, values: Any) -> list[str]:
        """Return the text of each value: a text, a path, a part of this kind, or a dataset; or a list of them.

        Raises:
            InputError: a value is something else, or a worker process cannot receive it.
        """
        return [self._text(kind, value) for value in as_list(values)]

    def _add(self, part: Part) -> None:
        if not any(part is known for known in self._known):
            self._write(f"{part.kind}-{part.name}", plugin_source(part))

    def _text(self, kind: Kind, value: object) -> str:
        if isinstance(value, Part) and value.kind == kind:
            self._add(value)
            return value.name
        if isinstance(value, Dataset) and kind == "dataset":
            self._add_dataset(value)
            return value.name
        if isinstance(value, str | PathLike):
            return os.path.expanduser(value)  # noqa: PTH111
        if isinstance(value, Part):
            raise InputError(f"'{value.name}' is a {value.kind}, not a {kind}; pass it as {value.kind}=")
        if callable(value):
            name = getattr(value, "__name__", repr(value))
            raise InputError(
                f"the function '{name}' is not a {kind}; decorate it, as in @pslbench.{kind}(\"its-name\")"
            )
        also = ", a pslbench.Dataset" * (kind == "dataset")
        raise InputError(f"{value!r:.60} is not a {kind}; pass a name{also} or a function decorated with @{kind}")

    def _add_dataset(self, data: Dataset) -> None:
        import numpy as np

        from pslbench.datasets.files import ARRAY_NAMES

        arrays, file = BytesIO(), f"{data.checksum}.npz"
        if not self._folder.part_file(file).exists():
            samples = {name: getattr(data, name) for name in ARRAY_NAMES}
            np.savez(arrays, **samples, classes=np.array(data.classes))
            self._folder.write_part(file, arrays.getvalue())
        self._write(f"dataset-{data.name}", DATASET_SOURCE.format(name=data.name, file=file))

    def _write(self, title: str, source: str) -> None:
        """Write a plugin file. Its name has a hash of its content, since Python imports a file of one name once."""
        name, digest = re.sub(r"[^\w-]+", "-", title), sha256(source.encode()).hexdigest()[:8]
        path = self._folder.write_part(f"{name}-{digest}.py", source.encode())
        if str(path) not in self.paths:
            self.paths.append(str(path))


def as_list(values: Any) -> list[Any]:
    """Return a list of the values, or of the single value."""
    if isinstance(values, str | PathLike | Part | Dataset) or not isinstance(values, Iterable):
        return [values]
    return list(values)
