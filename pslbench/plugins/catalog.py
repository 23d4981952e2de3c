"""The catalog: every plugin that was found, and the parts they register."""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pluggy

from pslbench.errors import InputError, one_line, unknown
from pslbench.parts import KINDS, Kind, Part, PartConfig, Value, configure, format_value, parse_configs

BUILTIN = "built-in"
READERS = {
    ".csv": "table",
    ".tsv": "table",
    ".parquet": "table",
    ".jsonl": "table",
    ".ndjson": "table",
    ".json": "table",
    ".npz": "npz",
}


@dataclass(frozen=True)
class Plugin:
    """A row of `pslbench plugins`.

    Attributes:
        name: the name that `--no-plugin` takes.
        source: the package or the file that it comes from.
        version: of the package; empty for a file.
        status: `ok`, `failed`, or `off`.
        problem: the reason why it failed, on one line.
        traceback: of the failure.
        notes: warnings about a plugin that works, one line each.
        seconds: the time to import and register it.
        parts: the parts that it registers.
    """

    name: str
    source: str
    version: str = ""
    status: str = "ok"
    problem: str = ""
    traceback: str = ""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, eq=False)
class Catalog:
    """Every plugin that was found, including those that failed, and the parts they register."""

    plugins: tuple[Plugin, ...]
    manager: pluggy.PluginManager

    def parts(self, kind: Kind) -> dict[str, Part]:
        """Return the parts of one kind by name. Parts that share a name are listed as `plugin/name`."""
        qualified = self._qualified(kind)
        uses = Counter(part.name for part in qualified.values())
        return {part.name if uses[part.name] == 1 else full: part for full, part in qualified.items()}

    def owners(self, kind: Kind) -> list[str]:
        """Return the name of the plugin of each part of one kind, in the order of `parts`."""
        return [full.partition("/")[0] for full in self._qualified(kind)]

    def kinds(self, name: str) -> list[Kind]:
        """Return the kinds that have a part `name` or `plugin/name`. Raises InputError if there is none."""
        kinds = [kind for kind in KINDS if any(name in (full, p.name) for full, p in self._qualified(kind).items())]
        if not kinds:
            raise unknown("part", name, (known for kind in KINDS for known in self.parts(kind)), "pslbench list")
        return kinds

    def _qualified(self, kind: Kind) -> dict[str, Part]:
        """Return the parts of one kind by `plugin/name`."""
        return {
            f"{plugin.name}/{part.name}": part for plugin in self.plugins for part in plugin.parts if part.kind == kind
        }

    def resolve(self, kind: Kind, name: str) -> tuple[str, Part]:
        """Look up a part by `name` or `plugin/name`, and return it with the name that the catalog lists.

        Raises:
            InputError: there is no such part; the message suggests the nearest name.
        """
        known = self.parts(kind)
        if name in known:
            return name, known[name]
        if name in (qualified := self._qualified(kind)):
            return qualified[name].name, qualified[name]
        if same := sorted(full for full in qualified if full.endswith(f"/{name}")):
            raise InputError(
                f"{len(same)} plugins have a {kind} '{name}'; write {' or '.join(same)}, or leave a plugin out with "
                "--no-plugin"
            )
        for other in KINDS if kind != "reporter" else ():
            if name in self.parts(other):
                article = "an" if other == "embedder" else "a"
                option = {"strategy": name, "reporter": f"pslbench report -f {name}"}.get(other, f"-{other[0]} {name}")
                raise InputError(f"unknown {kind} '{name}', which is {article} {other}; write {option}")
        failed = [f"{plugin.name} ({plugin.problem})" for plugin in self.plugins if plugin.status == "failed"]
        also = f"; these plugins failed to load: {', '.join(failed)}" if failed else ""
        raise InputError(f"{unknown(kind, name, known, f'pslbench list {kind}')}{also}")

    def part_of(self, config: PartConfig) -> Part:
        """Return the part that a configuration names."""
        return self.resolve(config.kind, config.name)[1]

    def parse(self, kind: Kind, text: str) -> list[PartConfig]:
        """Parse `name`, `name:key=value,key=1|2`, or `all`. Raises InputError.

        `all` stands for every enabled part whose parameters all have defaults.
        """
        if text == "all":
            ready = {name: part for name, part in self.parts(kind).items() if part.enabled and part.is_ready}
            return [config for name, part in ready.items() for config in parse_configs(part, name)]
        name, colon, parameters = text.partition(":")
        if "=" in name:
            raise InputError(f"'{text}' does not name a {kind}; write the name and a colon first, as in name:{text}")
        if "," in name:
            option = "" if kind == "strategy" else f"-{kind[0]} "
            separate = " ".join(f"{option}{each}" for each in name.split(","))
            raise InputError(f"'{name}' names several parts; write them separately, as in {separate}")
        known_as, part = self.resolve(kind, name)
        return list(parse_configs(part, known_as, parameters if colon else None))

    def call(self, config: PartConfig, *args: object) -> Any:
        """Call the part of a configuration with its values."""
        return self.part_of(config)(*args, **dict(config.values))

    def notify(self, hook: str, warn: Callable[[str], None], **facts: object) -> None:
        """Call every implementation of an observer hook. If an implementation fails, one warning is printed."""
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            try:
                implementation.function(**{name: facts[name] for name in implementation.argnames})
            except (Exception, SystemExit) as error:
                warn(f"plugin '{implementation.plugin_name}' failed in {hook}: {one_line(error)}")


def parse_dataset(catalog: Catalog, text: str) -> list[PartConfig]:
    """Parse a dataset: a name with parameters, or a file or a folder with those of its reader. Raises InputError.

    The text of each configuration that is returned can be parsed again.
    """
    if not text:
        raise InputError("the dataset is empty; give a name, a file or a folder to -d")
    known, name = catalog.parts("dataset"), text.partition(":")[0]
    if name in known:
        return catalog.parse("dataset", text)
    path, parameters = _split_path(text)
    if reader := _reader_of(path):
        part = catalog.resolve("dataset", reader)[1]
        path_parameter = f"path={format_value(os.path.normpath(path))}"
        return list(parse_configs(part, reader, ",".join(filter(None, (path_parameter, parameters)))))
    hint = unknown("dataset", name, known, "pslbench list dataset")
    raise InputError(f"{hint}; or give the path of a file ({', '.join(READERS)}) or of a folder")


def with_values(catalog: Catalog, config: PartConfig, **changed: Value) -> PartConfig:
    """Return the configuration with other values of parameters. Raises InputError if the part lacks one of them."""
    values = dict(config.values)
    if lacking := sorted(changed.keys() - values.keys()):
        option = lacking[0].replace("_", "-")
        raise InputError(f"--{option} is not for the dataset {config.name}, which has no parameter {lacking[0]}")
    return configure(catalog.part_of(config), config.name, **{**values, **changed})


def _split_path(text: str) -> tuple[str, str]:
    """Split `path:key=value`. A path may contain colons: the longest one that exists counts."""
    pieces = text.split(":")
    for n in range(len(pieces), 0, -1):
        path = ":".join(pieces[:n])
        if os.path.exists(path):  # noqa: PTH110 - false also for a text that no path can be
            return path, ":".join(pieces[n:])
    path, _, parameters = text.rpartition(":") if "=" in pieces[-1] else (text, "", "")
    return path, parameters


def _reader_of(path: str) -> str:
    """Return the name of the dataset that reads a file or a folder; empty if the text is no path."""
    if os.path.isdir(path):  # noqa: PTH112 - false also for a text that no path can be
        below = ((root, names) for root, _, names in os.walk(path) if root != path)
        files = (file for _, names in below for file in names if not file.startswith("."))
        return "texts" if next(files, "").lower().endswith(".txt") else "images"
    return READERS.get(os.path.splitext(path)[1].lower(), "images" if os.sep in path else "")  # noqa: PTH122
