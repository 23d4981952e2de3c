"""Finds plugins, and keeps what goes wrong in one of them from harming the others."""

from __future__ import annotations

import importlib.util
import io
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distribution, entry_points
from pathlib import Path
from typing import Any, cast

import pluggy

from pslbench.errors import InputError, nearest, one_line, unknown
from pslbench.parts import KINDS, Choice, Kind, Part, choices, fault_in_name
from pslbench.plugins import spec

BUILTIN = "built-in"
SLOW = 3.0  # seconds of importing that are worth a word


@dataclass(frozen=True)
class Plugin:
    """A row of `pslbench plugins`.

    Attributes:
        name: what `--no-plugin` calls it.
        source: the package or the file it was found in.
        version: of the package; empty for a file.
        status: `ok`, `failed`, or `off`.
        problem: what is wrong with one that failed, on one line.
        traceback: of one that failed.
        notes: what is odd about one that works, a line each.
        seconds: that importing and registering it took.
        parts: what it brings.
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
    """Every plugin that was found, those that failed too, and the parts they bring."""

    plugins: tuple[Plugin, ...]
    manager: pluggy.PluginManager

    def parts(self, kind: Kind) -> dict[str, Part]:
        """The parts of one kind by name; those that share theirs with another only as `plugin/name`."""
        owned = self._owned(kind)
        uses = Counter(part.name for _, part in owned)
        return {part.name if uses[part.name] == 1 else f"{owner}/{part.name}": part for owner, part in owned}

    def kinds(self, name: str) -> list[Kind]:
        """The kinds that have a part of this name, or `plugin/name`. Raises InputError where none has."""
        found = [kind for kind in KINDS if any(name in (p.name, f"{owner}/{p.name}") for owner, p in self._owned(kind))]
        if not found:
            raise unknown("part", name, (known for kind in KINDS for known in self.parts(kind)))
        return found

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
                raise InputError(
                    f"{kind} '{name}' comes from {len(same)} plugins; say which: {' or '.join(same)}; or leave one out "
                    "with --no-plugin"
                )
            failed = [plugin.name for plugin in self.plugins if plugin.status == "failed"]
            left_out = f"; left out, since it failed: plugin {', '.join(failed)}" if failed else ""
            raise InputError(f"{unknown(kind, name, known)}{left_out}")
        return name, known[name]

    def choose(self, kind: Kind, text: str) -> list[Choice]:
        """Read `name`, `name:key=value,key=1|2`, or `all`. Raises InputError.

        `all` stands for every part that is enabled and needs nothing to be said.
        """
        if text == "all":
            ready = {name: part for name, part in self.parts(kind).items() if part.enabled and part.is_ready}
            return [each for name, part in ready.items() for each in choices(part, name)]
        name, _, parameters = text.partition(":")
        if "=" in name:
            raise InputError(f"'{text}' names no {kind}; parameters follow a name and a colon, as in name:{text}")
        if "," in name:
            option = "" if kind == "strategy" else f"-{kind[0]} "
            apart = " ".join(f"{option}{each}" for each in name.split(","))
            raise InputError(f"'{name}' names several; write them apart, as in {apart}")
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
        files: paths of Python files; one that an installed package brings anyway is passed over.
        off: names of plugins to leave out; they are not imported.

    Raises:
        InputError: a file that is not there, or a name in `off` that no plugin has.
    """
    manager = pluggy.PluginManager("pslbench")
    manager.add_hookspecs(spec)
    found: list[Plugin] = []
    for origin in _origins(files):
        found.append(replace(origin.row, status="off") if origin.row.name in off else _admit(manager, origin, found))
    for name in off:
        if name not in (plugin.name for plugin in found):
            raise unknown("plugin", name, (plugin.name for plugin in found))
    owners = Counter((part.kind, part.name) for plugin in found for part in plugin.parts)
    return Catalog(tuple(replace(p, notes=(*p.notes, *_shared(p, owners))) for p in found), manager)


@dataclass(frozen=True)
class Origin:
    """Where a plugin was found, and how it is imported; `dist` is the package that brings it."""

    row: Plugin
    load: Callable[[], object]
    point: EntryPoint | None = None


def _origins(files: Sequence[str]) -> Iterator[Origin]:
    built_in = distribution("pslbench")
    yield Origin(
        Plugin(BUILTIN, "pslbench", built_in.version), partial(importlib.import_module, "pslbench.plugins.builtin")
    )
    points = sorted(entry_points(group="pslbench"), key=lambda point: (point.name, _package(point)))
    names = Counter(point.name for point in points)
    for point in points:
        name = point.name if names[point.name] == 1 else _package(point)
        version = point.dist.version if point.dist else ""
        yield Origin(Plugin(name, _package(point), version), point.load, point)
    installed = {path for point in points if files and (path := _file_of(point))}
    for file in dict.fromkeys(files):
        if not Path(file).is_file():
            raise InputError(f"no plugin file '{file}'; --plugin wants the path of a Python file")
        if Path(file).resolve() in installed:
            continue
        yield Origin(Plugin(Path(file).stem, file), partial(_import_file, Path(file)))


def _file_of(point: EntryPoint) -> Path | None:
    """Where the module of an entry point stands; None where there is none. It is not imported."""
    with suppress(ImportError, ValueError):
        top, *within = point.module.split(".")
        found = importlib.util.find_spec(top)
        if found and found.origin:
            file = Path(found.origin).resolve()
            return file.parent.joinpath(*within).with_suffix(".py") if within else file
    return None


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value


def _admit(manager: pluggy.PluginManager, origin: Origin, before: Sequence[Plugin]) -> Plugin:
    """Import and register one plugin; whatever goes wrong in it ends here."""
    name, printed, start = origin.row.name, io.StringIO(), time.perf_counter()
    plugin: object = None
    try:
        if manager.has_plugin(name):
            raise ValueError(f"another plugin is called '{name}' already")
        with redirect_stdout(printed):
            plugin = origin.load()
            parts = _register(manager, name, plugin, before)
    except (Exception, SystemExit) as error:
        if plugin is not None and manager.get_plugin(name) is plugin:
            manager.unregister(name=name)
        text = "".join(traceback.format_exception(error))
        return replace(origin.row, status="failed", problem=_problem(error, origin.point), traceback=text)
    seconds = time.perf_counter() - start
    return replace(origin.row, seconds=seconds, parts=parts, notes=tuple(_notes(seconds, printed.getvalue())))


def _problem(error: BaseException, point: EntryPoint | None) -> str:
    """What is wrong, and what to do, on one line."""
    if isinstance(error, SystemExit):
        return f"{one_line(error)} raised while it is imported; a plugin raises ImportError where it cannot work"
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if fault := _fault_in_api(frame.f_globals.get("pslbench_api", spec.API_VERSION)):
            return fault  # what it misses is of that API
    if isinstance(error, ModuleNotFoundError) and error.name:
        if point and f"{point.module}.".startswith(f"{error.name}."):
            return f"its entry point names the module '{point.module}', which the package does not bring"
        top = error.name.partition(".")[0]
        if package := next(iter(_uninstalled(point.dist if point else None)), "" if top in sys.modules else top):
            return f"{one_line(error)}; install what it needs, as with: pip install {package}"
    return one_line(error)


def _fault_in_api(wanted: object) -> str:
    """What is wrong with the API that a plugin says it is made for; empty where nothing is."""
    if not isinstance(wanted, int):
        return f"its pslbench_api is {wanted!r}; write a whole number, as in pslbench_api = {spec.API_VERSION}"
    newer = f"it is made for API {wanted}, this pslbench has API {spec.API_VERSION}; use a newer pslbench"
    return newer if wanted > spec.API_VERSION else ""


def _uninstalled(dist: Distribution | None) -> Iterator[str]:
    """The packages that a package says it requires, and that are not installed."""
    from packaging.requirements import InvalidRequirement, Requirement

    for text in (dist.requires if dist else None) or ():
        with suppress(InvalidRequirement):
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                try:
                    distribution(requirement.name)
                except PackageNotFoundError:
                    yield requirement.name


def _notes(seconds: float, printed: str) -> Iterator[str]:
    if seconds >= SLOW:
        yield f"took {seconds:.1f} s to import, at every command; import what is heavy inside the functions"
    if printed.strip():
        yield f"prints while it is imported: {printed.strip().splitlines()[0]!r}"


def _shared(plugin: Plugin, owners: Counter[tuple[Kind, str]]) -> Iterator[str]:
    shared = [part for part in plugin.parts if owners[part.kind, part.name] > 1]
    if shared:
        first, more = shared[0], f" and {len(shared) - 1} more" if len(shared) > 1 else ""
        yield f"another plugin has a {first.kind} '{first.name}'{more} too; pick this one as {plugin.name}/{first.name}"


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
    if fault := _fault_in_api(getattr(plugin, "pslbench_api", spec.API_VERSION)):
        raise ValueError(fault)
    manager.register(plugin, name)
    _check_hooks(manager.get_hookcallers(plugin) or [], plugin)
    mine = [i for i in manager.hook.pslbench_register.get_hookimpls() if i.plugin is plugin]
    parts = tuple(part for implementation in mine for part in _yielded(implementation.function()))
    reserved = {(part.kind, part.name) for known in before if known.name == BUILTIN for part in known.parts}
    seen: set[tuple[str, str]] = set()
    for part in parts:
        if not isinstance(part, Part):
            raise TypeError(
                f'pslbench_register yielded {part!r}, which is no part; decorate it, as with @strategy("its-name")'
            )
        if (part.kind, part.name) in seen:
            raise ValueError(f"it brings two {part.kind} parts called '{part.name}'; choose another name for one")
        if (part.kind, part.name) in reserved:
            raise ValueError(f"the {part.kind} name '{part.name}' is taken; choose another")
        if fault := fault_in_name(part.name):
            raise ValueError(f"the {part.kind} name '{part.name}' {fault}; choose another")
        seen.add((part.kind, part.name))
        part.parameters  # noqa: B018 - a parameter without a type is told now, not in the middle of a run
    return parts


def _yielded(given: object) -> Iterable[Part]:
    if given is None or isinstance(given, Part):
        raise TypeError("pslbench_register returned no parts to go through; write `yield your_part` in it")
    return cast(Iterable[Part], given)


def _check_hooks(hooks: Sequence[pluggy.HookCaller], plugin: object) -> None:
    """Raises ValueError where a plugin implements no hook, or one that is not known and not marked optional."""
    if not hooks:
        raise ValueError("it implements no hook; add `@hookimpl def pslbench_register(): yield your_part`")
    for hook in hooks:
        optional = all(each.optionalhook for each in hook.get_hookimpls() if each.plugin is plugin)
        if not (hook.has_spec() or optional):
            hint = nearest(hook.name, [name for name in vars(spec) if name.startswith("pslbench_")])
            raise ValueError(
                f"it implements the hook '{hook.name}', which API {spec.API_VERSION} does not have; {hint}; mark one "
                "of a newer API @hookimpl(optionalhook=True)"
            )
