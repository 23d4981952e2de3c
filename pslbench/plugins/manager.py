"""Finds plugins, and keeps what goes wrong in one of them from harming the others."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, cast

import pluggy

from pslbench.errors import InputError, one_line, unknown
from pslbench.parts import Choice, Kind, Part, choices
from pslbench.plugins import spec

BUILTIN = "built-in"


@dataclass(frozen=True)
class Plugin:
    """A row of `pslbench plugins`: `status` is `ok`, `failed` or `off`, `source` where it was found."""

    name: str
    source: str
    status: str = "ok"
    problem: str = ""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, eq=False)
class Catalog:
    """Every plugin that was found, those that failed too, and the parts they bring."""

    plugins: tuple[Plugin, ...]
    manager: pluggy.PluginManager

    def parts(self, kind: Kind) -> dict[str, Part]:
        """The parts of one kind by name; those that share theirs with another only as `plugin/name`."""
        owned = self._owned(kind)
        uses = Counter(part.name for _, part in owned)
        return {part.name if uses[part.name] == 1 else f"{owner}/{part.name}": part for owner, part in owned}

    def _owned(self, kind: Kind) -> list[tuple[str, Part]]:
        return [(plugin.name, part) for plugin in self.plugins for part in plugin.parts if part.kind == kind]

    def part(self, kind: Kind, name: str) -> tuple[str, Part]:
        """The part that `name` or `plugin/name` picks, and the name it goes by.

        Raises:
            InputError: naming the nearest part there is.
        """
        known = self.parts(kind)
        if name not in known:
            qualified = {f"{owner}/{part.name}": part for owner, part in self._owned(kind)}
            if name in qualified:
                return qualified[name].name, qualified[name]
            if same := sorted(full for full in qualified if full.endswith(f"/{name}")):
                raise InputError(f"{kind} '{name}' comes from {len(same)} plugins; say which: {' or '.join(same)}")
            raise unknown(kind, name, known)
        return name, known[name]

    def choose(self, kind: Kind, text: str) -> list[Choice]:
        """Read `name`, `name:key=value,key=1|2`, or `all`. Raises InputError.

        `all` stands for every part that is enabled and needs nothing to be said.
        """
        if text == "all":
            ready = {name: part for name, part in self.parts(kind).items() if part.enabled and part.is_ready}
            return [each for name, part in ready.items() for each in choices(part, name)]
        name, _, parameters = text.partition(":")
        known_as, part = self.part(kind, name)
        return list(choices(part, known_as, parameters))

    def call(self, choice: Choice, *args: Any) -> Any:
        """Call the chosen part with the chosen values."""
        return self.part(choice.kind, choice.name)[1](*args, **dict(choice.values))

    def notify(self, hook: str, complain: Callable[[str], None], **facts: Any) -> None:
        """Call every implementation of an observer hook, each on its own."""
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            try:
                implementation.function(**{name: facts[name] for name in implementation.argnames})
            except (Exception, SystemExit) as error:
                complain(f"plugin '{implementation.plugin_name}' failed in {hook}: {one_line(error)}")


def discover(files: Sequence[str] = (), off: Sequence[str] = ()) -> Catalog:
    """Find the built-in parts, then the entry points of installed packages, then the plugin `files`.

    Args:
        files: paths of Python files.
        off: names of plugins to leave out; they are not imported.

    Raises:
        InputError: a file that is not there, or a name in `off` that no plugin has.
    """
    manager = pluggy.PluginManager("pslbench")
    manager.add_hookspecs(spec)
    found: list[Plugin] = []
    for name, source, load in _sources(files):
        if name in off:
            found.append(Plugin(name, source, "off"))
            continue
        plugin: object = None
        try:
            plugin = load()
            found.append(Plugin(name, source, parts=_register(manager, name, plugin, found)))
        except (Exception, SystemExit) as error:
            if plugin is not None and manager.get_plugin(name) is plugin:
                manager.unregister(name=name)
            found.append(Plugin(name, source, "failed", one_line(error)))
    for name in off:
        if name not in (plugin.name for plugin in found):
            raise unknown("plugin", name, (plugin.name for plugin in found))
    return Catalog(tuple(found), manager)


def _sources(files: Sequence[str]) -> Iterator[tuple[str, str, Callable[[], object]]]:
    yield BUILTIN, "pslbench", lambda: importlib.import_module("pslbench.plugins.builtin")
    points = sorted(entry_points(group="pslbench"), key=lambda point: (point.name, _package(point)))
    names = Counter(point.name for point in points)
    for point in points:
        yield point.name if names[point.name] == 1 else _package(point), _package(point), point.load
    for file in dict.fromkeys(files):
        if not Path(file).is_file():
            raise InputError(f"no plugin file '{file}'; --plugin wants the path of a Python file")
        yield Path(file).stem, file, partial(_import_file, Path(file))


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value


def _import_file(path: Path) -> object:
    name = f"pslbench_plugin_{path.stem}"
    module_spec = importlib.util.spec_from_file_location(name, path.resolve())
    if module_spec is None or module_spec.loader is None:
        raise ImportError(f"{path} is no Python file; its name must end in .py")
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[name] = module  # dataclasses look their module up there
    try:
        module_spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _register(manager: pluggy.PluginManager, name: str, plugin: object, before: Sequence[Plugin]) -> tuple[Part, ...]:
    """Register one plugin and collect its parts. Whatever is wrong with it is raised."""
    if manager.has_plugin(name):
        raise ValueError(f"another plugin is called '{name}' already")
    manager.register(plugin, name)
    manager.check_pending()
    hooks = manager.get_hookcallers(plugin)
    if not hooks:
        raise ValueError("it implements no hook; add `@hookimpl def pslbench_register(): yield your_part`")
    mine = [i for i in manager.hook.pslbench_register.get_hookimpls() if i.plugin is plugin]
    parts = tuple(part for implementation in mine for part in cast(Iterable[Part], implementation.function()))
    reserved = {(part.kind, part.name) for known in before if known.name == BUILTIN for part in known.parts}
    seen: set[tuple[str, str]] = set()
    for part in parts:
        if not isinstance(part, Part):
            raise TypeError(
                f"pslbench_register yielded {part!r}, which is no part; decorate it, as with @strategy(...)"
            )
        if (part.kind, part.name) in reserved | seen:
            raise ValueError(f"the {part.kind} name '{part.name}' is taken; choose another")
        if set(part.name) & set(":,|=/ "):
            raise ValueError(f"the {part.kind} name '{part.name}' must not contain ':', ',', '|', '=', '/' or a blank")
        seen.add((part.kind, part.name))
        part.parameters  # noqa: B018 - a parameter without a type is told now, not in the middle of a run
    return parts
