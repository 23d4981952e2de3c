"""Finds plugins, and contains the failures of each of them."""

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
from typing import cast

import pluggy

from pslbench.errors import InputError, one_line, suggest, unknown
from pslbench.parts import Kind, Part, name_problem
from pslbench.plugins import spec
from pslbench.plugins.catalog import BUILTIN, Catalog, Plugin

SLOW_IMPORT = 3.0  # seconds, from which on a plugin gets a note


def discover(files: Sequence[str] = (), off: Sequence[str] = ()) -> Catalog:
    """Find the built-in parts, then the entry points of installed packages, then the plugin `files`.

    Args:
        files: paths of Python files. A file of an installed plugin is ignored.
        off: names of plugins to leave out. They are not imported.

    Raises:
        InputError: a file does not exist, or no plugin has a name in `off`.
    """
    manager = pluggy.PluginManager("pslbench")
    manager.add_hookspecs(spec)
    found: list[Plugin] = []
    for source in _sources(files):
        found.append(replace(source.row, status="off") if source.row.name in off else _load(manager, source, found))
    for name in off:
        if name not in (plugin.name for plugin in found):
            raise unknown("plugin", name, (plugin.name for plugin in found))
    owners = Counter((part.kind, part.name) for plugin in found for part in plugin.parts)
    return Catalog(tuple(replace(p, notes=(*p.notes, *_shared(p, owners))) for p in found), manager)


@dataclass(frozen=True)
class PluginSource:
    """Where a plugin comes from, and how to import it; `point` is the entry point of an installed package."""

    row: Plugin
    load: Callable[[], object]
    point: EntryPoint | None = None


def _sources(files: Sequence[str]) -> Iterator[PluginSource]:
    built_in = distribution("pslbench")
    yield PluginSource(
        Plugin(BUILTIN, "pslbench", built_in.version), partial(importlib.import_module, "pslbench.plugins.builtin")
    )
    points = sorted(entry_points(group="pslbench"), key=lambda point: (point.name, _package(point)))
    names = Counter(point.name for point in points)
    for point in points:
        name = point.name if names[point.name] == 1 else _package(point)
        version = point.dist.version if point.dist else ""
        yield PluginSource(Plugin(name, _package(point), version), point.load, point)
    installed = {path for point in points if files and (path := _file_of(point))}
    for file in dict.fromkeys(files):
        if not Path(file).is_file():
            raise InputError(f"there is no plugin file '{file}'; give the path of a Python file to --plugin")
        if Path(file).resolve() in installed:
            continue
        yield PluginSource(Plugin(Path(file).stem, file), partial(_import_file, Path(file)))


def _file_of(point: EntryPoint) -> Path | None:
    """Return the file of an entry point's module, or None if there is none. The module is not imported."""
    with suppress(ImportError, ValueError):
        top, *within = point.module.split(".")
        found = importlib.util.find_spec(top)
        if found and found.origin:
            file = Path(found.origin).resolve()
            return file.parent.joinpath(*within).with_suffix(".py") if within else file
    return None


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value


def _load(manager: pluggy.PluginManager, source: PluginSource, before: Sequence[Plugin]) -> Plugin:
    """Import and register one plugin. Any failure becomes a row with status `failed`."""
    name, printed, start = source.row.name, io.StringIO(), time.perf_counter()
    plugin: object = None
    try:
        if manager.has_plugin(name):
            raise ValueError(f"there is already a plugin '{name}'")
        with redirect_stdout(printed):
            plugin = source.load()
            parts = _register(manager, name, plugin, before)
    except (Exception, SystemExit) as error:
        if plugin is not None and manager.get_plugin(name) is plugin:
            manager.unregister(name=name)
        text = "".join(traceback.format_exception(error))
        return replace(source.row, status="failed", problem=_problem(error, source.point), traceback=text)
    seconds = time.perf_counter() - start
    return replace(source.row, seconds=seconds, parts=parts, notes=tuple(_notes(seconds, printed.getvalue())))


def _problem(error: BaseException, point: EntryPoint | None) -> str:
    """Say what is wrong and what to do, on one line."""
    if isinstance(error, SystemExit):
        return f"{one_line(error)} during its import; a plugin that cannot work should raise ImportError"
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if problem := _api_problem(frame.f_globals.get("pslbench_api", spec.API_VERSION)):
            return problem  # the missing name belongs to that API
    if isinstance(error, ModuleNotFoundError) and error.name:
        if point and f"{point.module}.".startswith(f"{error.name}."):
            return f"its entry point names the module '{point.module}', which the package does not contain"
        top = error.name.partition(".")[0]
        if package := next(iter(_uninstalled(point.dist if point else None)), "" if top in sys.modules else top):
            return f"{one_line(error)}; install what it needs, for example with: pip install {package}"
    return one_line(error)


def _api_problem(wanted: object) -> str:
    """Say why a plugin for this API version cannot be loaded; empty if it can."""
    if not isinstance(wanted, int):
        return f"its pslbench_api is {wanted!r}; write a whole number, as in pslbench_api = {spec.API_VERSION}"
    newer = f"it needs API {wanted}, and this pslbench has API {spec.API_VERSION}; use a newer pslbench"
    return newer if wanted > spec.API_VERSION else ""


def _uninstalled(dist: Distribution | None) -> Iterator[str]:
    """Yield the requirements of a package that are not installed."""
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
    if seconds >= SLOW_IMPORT:
        yield f"takes {seconds:.1f} s to import at every command; move heavy imports into the functions"
    if printed.strip():
        yield f"prints during its import: {printed.strip().splitlines()[0]!r}"


def _shared(plugin: Plugin, owners: Counter[tuple[Kind, str]]) -> Iterator[str]:
    shared = [part for part in plugin.parts if owners[part.kind, part.name] > 1]
    if shared:
        first, more = shared[0], f" and {len(shared) - 1} more" if len(shared) > 1 else ""
        qualified = f"{plugin.name}/{first.name}"
        yield f"another plugin also has a {first.kind} '{first.name}'{more}; select this one as {qualified}"


def _import_file(path: Path) -> object:
    name = f"pslbench_plugin_{path.stem}"
    module_spec = importlib.util.spec_from_file_location(name, path.resolve())
    if module_spec is None or module_spec.loader is None:
        raise ImportError(f"{path} is not a Python file; its name must end in .py")
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[name] = module  # dataclasses look up their module there
    try:
        module_spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _register(manager: pluggy.PluginManager, name: str, plugin: object, before: Sequence[Plugin]) -> tuple[Part, ...]:
    """Register one plugin and return its parts. Raises an exception if anything is wrong with it."""
    if problem := _api_problem(getattr(plugin, "pslbench_api", spec.API_VERSION)):
        raise ValueError(problem)
    manager.register(plugin, name)
    _check_hooks(manager.get_hookcallers(plugin) or [], plugin)
    mine = [i for i in manager.hook.pslbench_register.get_hookimpls() if i.plugin is plugin]
    parts = tuple(part for implementation in mine for part in _iterable(implementation.function()))
    reserved = {(part.kind, part.name) for known in before if known.name == BUILTIN for part in known.parts}
    seen: set[tuple[str, str]] = set()
    for part in parts:
        if not isinstance(part, Part):
            raise TypeError(
                f'pslbench_register yielded {part!r}, which is not a part; decorate it, as in @strategy("its-name")'
            )
        if (part.kind, part.name) in seen:
            raise ValueError(f"it registers two {part.kind} parts named '{part.name}'; rename one of them")
        if (part.kind, part.name) in reserved:
            raise ValueError(f"the {part.kind} name '{part.name}' is taken; choose another")
        if problem := name_problem(part.name):
            raise ValueError(f"the {part.kind} name '{part.name}' {problem}; choose another")
        seen.add((part.kind, part.name))
        part.parameters  # noqa: B018 - a parameter without a type is reported now, not in the middle of a run
    return parts


def _iterable(given: object) -> Iterable[Part]:
    if given is None or isinstance(given, Part):
        raise TypeError("pslbench_register must be a generator; write `yield your_part` in it")
    return cast(Iterable[Part], given)


def _check_hooks(hooks: Sequence[pluggy.HookCaller], plugin: object) -> None:
    """Raises ValueError if a plugin implements no hook, or an unknown one that is not marked optional."""
    if not hooks:
        raise ValueError("it implements no hook; add `@hookimpl def pslbench_register(): yield your_part`")
    for hook in hooks:
        optional = all(each.optionalhook for each in hook.get_hookimpls() if each.plugin is plugin)
        if not (hook.has_spec() or optional):
            hint = suggest(hook.name, [name for name in vars(spec) if name.startswith("pslbench_")])
            raise ValueError(
                f"it implements the hook '{hook.name}', which API {spec.API_VERSION} does not have; {hint}; mark a "
                "hook of a newer API with @hookimpl(optionalhook=True)"
            )
