"""Plugin files for what was passed to `pslbench.run` as an object: parts that no plugin has, and datasets of arrays."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import fields
from hashlib import sha256
from os import PathLike
from typing import Any

from pslbench.api.part_source import plugin_source
from pslbench.contracts import Dataset
from pslbench.errors import InputError
from pslbench.parts import Kind, Part, name_problem
from pslbench.plugins.catalog import Catalog
from pslbench.plugins.discovery import discover
from pslbench.results.folder import ResultsFolder

ARGUMENTS = {"strategy": "strategies", "reporter": "plugin"}  # that are not named after their kind
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
        self.paths = [_text_or_path("part", item) for item in plugins if not isinstance(item, Part)]
        self._known = [part for plugin in discover(self.paths, no_plugins).plugins for part in plugin.parts]
        self._written: list[Part | Dataset] = []
        for part in plugins:
            if isinstance(part, Part):
                self._add(part.kind, part)

    def texts(self, kind: Kind, values: Any) -> list[str]:
        """Return the text of each value: a text, a path, a part of this kind, or a dataset; or a list of them.

        Raises:
            InputError: a value is something else, or a worker process cannot receive it.
        """
        return [self._text(kind, value) for value in as_list(values)]

    def check(self, catalog: Catalog) -> None:
        """Raise InputError if a part of the catalog differs from the one that was passed, except in its function."""
        for part in self._written:
            if isinstance(part, Part) and _metadata(part) not in map(_metadata, catalog.parts(part.kind).values()):
                problem = "uses a variable in its decorator or its defaults that has changed since it was defined"
                raise InputError(f"{part.kind} '{part.name}' {problem}; define it again, or run its cell again")

    def _text(self, kind: Kind, value: object) -> str:
        if (isinstance(value, Part) and value.kind == kind) or (isinstance(value, Dataset) and kind == "dataset"):
            self._add(kind, value)
            return value.name
        if isinstance(value, Part):
            argument = ARGUMENTS.get(value.kind, value.kind)
            raise InputError(f"'{value.name}' is a {value.kind}, not a {kind}; pass it as {argument}=")
        return _text_or_path(kind, value)

    def _add(self, kind: Kind, value: Part | Dataset) -> None:
        """Write the plugin file of a part or a dataset unless a plugin has it."""
        if any(value is part for part in (*self._known, *self._written)):
            return
        taken = [part.name for part in self._known if part.kind == kind]
        taken += [part.name for part in self._written if kind == getattr(part, "kind", "dataset")]
        if problem := name_problem(value.name) or "is taken" * (value.name in taken):
            raise InputError(f"the {kind} name '{value.name}' {problem}; choose another")
        source = self._dataset_source(value) if isinstance(value, Dataset) else plugin_source(value)
        self._written.append(value)
        digest = sha256(source.encode()).hexdigest()[:8]  # Python imports a file of one name once
        name = re.sub(r"[^\w-]+", "-", f"{kind}-{value.name}-{digest}")
        self.paths.append(str(self._folder.write_part(f"{name}.py", source.encode())))

    def _dataset_source(self, data: Dataset) -> str:
        """Save the arrays, and return the source of the plugin file that reads them."""
        from pslbench.datasets.files import dataset_to_npz

        data = data.labeled()
        file = f"{data.checksum}.npz"
        if not self._folder.part_file(file).exists():
            self._folder.write_part(file, dataset_to_npz(data))
        return DATASET_SOURCE.format(name=data.name, file=file)


def _metadata(part: Part) -> list[object]:
    values = [getattr(part, f.name) for f in fields(part) if f.name != "function"]
    return [*values, dict(part.parameters)]


def _text_or_path(kind: str, value: object) -> str:
    """Return a text or a path with an expanded `~`. Raises InputError if the value is something else."""
    if isinstance(value, str | PathLike):
        return os.path.expanduser(value)  # noqa: PTH111
    if callable(value):
        name = getattr(value, "__name__", repr(value))
        decorator = f'@pslbench.{"strategy" if kind == "part" else kind}("its-name")'
        raise InputError(f"the function '{name}' is not a {kind}; decorate it, as in {decorator}")
    also = ", a pslbench.Dataset" * (kind == "dataset")
    raise InputError(f"{value!r:.60} is not a {kind}; pass a name{also} or a function with a decorator")


def as_list(values: Any) -> list[Any]:
    """Return a list of the values, or of the single value."""
    if isinstance(values, str | PathLike | Part | Dataset) or not isinstance(values, Iterable):
        return [values]
    return list(values)
