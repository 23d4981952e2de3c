"""Finds plugins, and contains the failures of each of them."""

import importlib.util
import io
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import replace
from functools import partial
from importlib.machinery import SourceFileLoader
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distribution, entry_points, version
from pathlib import Path

import pluggy

from pslbench.errors import InputError, one_line, suggest, unknown
from pslbench.parts import Kind, Part, name_problem
from pslbench.plugins import spec
from pslbench.plugins.catalog import BUILTIN, Catalog, Plugin

Import = Callable[[], object]
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
    plugins: list[Plugin] = []
    for plugin, load, point in _sources(files):
        is_off = plugin.name in off
        plugins.append(replace(plugin, status="off") if is_off else _load(manager, plugin, load, point, plugins))
    names = [plugin.name for plugin in plugins]
    if unknown_names := [name for name in off if name not in names]:
        raise unknown("plugin", unknown_names[0], names)
    owners = Counter((part.kind, part.name) for plugin in plugins for part in plugin.parts)
    return Catalog(tuple(replace(p, notes=(*p.notes, *_shared(p, owners))) for p in plugins), manager)


class PluginError(Exception):
    """A plugin that does not follow the rules. The message is a sentence about it that says what to do."""


def _sources(files: Sequence[str]) -> Iterator[tuple[Plugin, Import, EntryPoint | None]]:
    """Yield each plugin before it is imported, how to import it, and the entry point if it is installed."""
    import_builtin = partial(importlib.import_module, "pslbench.plugins.builtin")
    yield Plugin(BUILTIN, "pslbench", version("pslbench")), import_builtin, None
    points = sorted(
        ((point, *_package(point)) for point in entry_points(group="pslbench")), key=lambda row: (row[0].name, row[1])
    )
    names = Counter(point.name for point, *_ in points)
    for point, package, package_version in points:
        yield Plugin(point.name if names[point.name] == 1 else package, package, package_version), point.load, point
    installed = {path for point, *_ in points if files and (path := _file_of(point))}
    for file in dict.fromkeys(files):
        if not Path(file).is_file():
            raise InputError(f"there is no plugin file '{file}'; give the path of a Python file to --plugin")
        if Path(file).resolve() not in installed:
            yield Plugin(Path(file).stem, file), partial(_import_file, Path(file)), None


def _file_of(point: EntryPoint) -> Path | None:
    """Return the file of an entry point's module, or None if there is none. The module is not imported."""
    with suppress(ImportError, ValueError):
        top, *within = point.module.split(".")
        found = importlib.util.find_spec(top)
        if found and found.origin:
            file = Path(found.origin).resolve()
            return file.parent.joinpath(*within).with_suffix(".py") if within else file
    return None


def _package(point: EntryPoint) -> tuple[str, str]:
    """Return the name and the version of the package of an entry point."""
    if not point.dist:
        return point.value, ""
    metadata = point.dist.metadata  # reads a file
    return metadata["Name"], metadata["Version"]


def _load(
    manager: pluggy.PluginManager, plugin: Plugin, load: Import, point: EntryPoint | None, before: Sequence[Plugin]
) -> Plugin:
    """Import and register one plugin. Any failure becomes a row with status `failed`."""
    module, printed, start = None, io.StringIO(), time.perf_counter()
    try:
        if manager.has_plugin(plugin.name):
            raise PluginError(f"there is already a plugin '{plugin.name}'; rename one of the two")
        with redirect_stdout(printed):
            module = load()
            parts = _register(manager, plugin.name, module, before)
    except (Exception, SystemExit) as error:
        if module is not None and manager.get_plugin(plugin.name) is module:
            manager.unregister(name=plugin.name)
        text = "".join(traceback.format_exception(error))
        return replace(plugin, status="failed", problem=_problem(error, point), traceback=text)
    seconds = time.perf_counter() - start
    return replace(plugin, seconds=seconds, parts=parts, notes=tuple(_notes(seconds, printed.getvalue())))


def _problem(error: BaseException, point: EntryPoint | None) -> str:
    """Say in whole sentences, on one line, what is wrong and what to do."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if problem := _api_problem(frame.f_globals.get("pslbench_api", spec.API_VERSION)):
            return problem  # the missing name belongs to that API
    if isinstance(error, PluginError):
        return str(error)
    if isinstance(error, SystemExit):
        return f"it ends the process ({one_line(error)}); a plugin that cannot work must raise ImportError"
    if isinstance(error, ModuleNotFoundError) and error.name:
        if point and f"{point.module}.".startswith(f"{error.name}."):
            return f"its entry point names the module '{point.module}', which its package lacks; install it again"
        top = error.name.partition(".")[0]
        if package := next(iter(_uninstalled(point.dist if point else None)), "" if top in sys.modules else top):
            return f"it needs the module '{error.name}', which is missing; run for example: pip install {package}"
    advice = "pslbench plugins --verbose, with the same --plugin if it is a file, prints the traceback"
    return f"it fails with {one_line(error)}; {advice}"


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
        yield f"it takes {seconds:.1f} s to import at every command; move heavy imports into the functions"
    if printed.strip():
        yield f"it prints during its import: {printed.strip().splitlines()[0]!r}"


def _shared(plugin: Plugin, owners: Counter[tuple[Kind, str]]) -> Iterator[str]:
    shared = [part for part in plugin.parts if owners[part.kind, part.name] > 1]
    if shared:
        first, more = shared[0], f" and {len(shared) - 1} more" if len(shared) > 1 else ""
        qualified = f"{plugin.name}/{first.name}"
        yield f"another plugin also has a {first.kind} '{first.name}'{more}; select this one as {qualified}"


class UncachedLoader(SourceFileLoader):
    """Reads and writes no bytecode: it is as old as its file to the second, and a file can change twice in a second."""

    def path_stats(self, path: object) -> Mapping[str, object]:
        raise OSError(path)


def _import_file(path: Path) -> object:
    """Import a plugin file. It can import the modules beside it, unless an installed one has the same name."""
    if (folder := str(path.resolve().parent)) not in sys.path:
        sys.path.append(folder)
    name = f"pslbench_plugin_{path.stem}"
    if path.suffix != ".py":
        raise PluginError(f"the name of its file '{path.name}' does not end in .py; rename it")
    loader = UncachedLoader(name, str(path.resolve()))
    module_spec = importlib.util.spec_from_loader(name, loader)
    assert module_spec is not None
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[name] = module  # dataclasses look up their module there
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _register(manager: pluggy.PluginManager, name: str, plugin: object, before: Sequence[Plugin]) -> tuple[Part, ...]:
    """Register one plugin and return its parts. Raises an exception if anything is wrong with it."""
    if problem := _api_problem(getattr(plugin, "pslbench_api", spec.API_VERSION)):
        raise PluginError(problem)
    manager.register(plugin, name)
    _check_hooks(manager.get_hookcallers(plugin) or [], plugin)
    reserved = {(part.kind, part.name) for known in before if known.name == BUILTIN for part in known.parts}
    parts: dict[tuple[Kind, str], Part] = {}
    for part in _yielded_parts(manager, plugin):
        key = part.kind, part.name
        if key in parts:
            raise PluginError(f"it registers two {part.kind} parts named '{part.name}'; rename one of them")
        if key in reserved:
            raise PluginError(f"the {part.kind} name '{part.name}' is taken; choose another")
        if problem := name_problem(part.name):
            raise PluginError(f"the {part.kind} name '{part.name}' {problem}; choose another")
        part.parameters  # noqa: B018 - a parameter without a type is reported now, not in the middle of a run
        parts[key] = part
    return tuple(parts.values())


def _yielded_parts(manager: pluggy.PluginManager, plugin: object) -> Iterator[Part]:
    for implementation in manager.hook.pslbench_register.get_hookimpls():
        if implementation.plugin is not plugin:
            continue
        yielded: object = implementation.function()
        if not isinstance(yielded, Iterable):
            raise PluginError("its pslbench_register is not a generator; write `yield your_part` in it")
        for part in yielded:
            if not isinstance(part, Part):
                made_by_us = getattr(part, "__module__", "") == "pslbench.parts.decorators"  # @strategy without a name
                what = "a decorator without a name" if made_by_us else f"{part!r}, which is not a part"
                raise PluginError(f'it yields {what}; decorate a function, as in @strategy("its-name")')
            yield part


def _check_hooks(hooks: Sequence[pluggy.HookCaller], plugin: object) -> None:
    """Raises PluginError if a plugin implements no hook, or an unknown one that is not marked optional."""
    if not hooks:
        raise PluginError("it implements no hook; add `@hookimpl def pslbench_register(): yield your_part`")
    for hook in hooks:
        optional = all(each.optionalhook for each in hook.get_hookimpls() if each.plugin is plugin)
        if not (hook.has_spec() or optional):
            hint = suggest(hook.name, [name for name in vars(spec) if name.startswith("pslbench_")])
            raise PluginError(
                f"it implements the hook '{hook.name}', which API {spec.API_VERSION} does not have; {hint}; mark a "
                "hook of a newer API with @hookimpl(optionalhook=True)"
            )
