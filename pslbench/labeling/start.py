"""Starts a labeling session, or goes on with one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from pslbench.errors import InputError, pluralize
from pslbench.labeling import session as sessions
from pslbench.labeling.audit import usual_size
from pslbench.labeling.heap import Heap, load_heap, parse_heap
from pslbench.labeling.session import Session, Settings
from pslbench.parts import Kind, PartConfig, Value
from pslbench.planning.plan import DEFAULT_EMBEDDERS, DEFAULT_TRAINERS, SUGGESTED_CLUSTERER, mismatch
from pslbench.plugins.catalog import Catalog, parse_dataset, with_values

DEFAULT_BUDGET, DEFAULT_STRATEGY = 120, "centroid-only"  # it asks once; results/kinds compares it with others


@dataclass(frozen=True)
class SessionRequest:
    """What a user asks for. None stands for the default, or for what the session was started with."""

    data: str | None = None
    classes: tuple[str, ...] | None = None
    budget: int | None = None
    audit: int | None = None
    seed: int | None = None
    strategy: str | None = None
    embedder: str | None = None
    clusterer: str | None = None
    trainer: str | None = None
    has_classes: bool = False
    earlier: Path | None = None
    charge_known: bool = False
    skip_bad: bool = False
    features: str | None = None
    plugin: tuple[str, ...] = ()
    no_plugin: tuple[str, ...] = ()


def open_session(folder: Path, catalog: Catalog, request: SessionRequest, note: Callable[[str], None]) -> Session:
    """Start a session in a folder, or go on with the one that it contains.

    Args:
        folder: of the session.
        catalog: the parts.
        request: what the user asks for.
        note: called with a line about each thing that the data converted, guessed or left out.

    Raises:
        InputError: the request does not fit the session or the heap, or the heap has changed.
    """
    if not sessions.exists(folder):
        return _start(folder, catalog, request, note)
    settings = sessions.read_settings(folder)
    _check_request(folder, settings, _dataset_text(catalog, request), request)
    heap = load_heap(parse_dataset(catalog, settings.data)[0], catalog.call, settings.has_classes)
    sessions.check_heap(folder, heap)
    return Session(folder, settings, heap)


def _start(folder: Path, catalog: Catalog, request: SessionRequest, note: Callable[[str], None]) -> Session:
    if request.data is None:
        raise InputError(f"'{folder}' contains no session; name the data to label, as in pslbench label photos/")
    text = _dataset_text(catalog, request)
    assert text is not None
    heap = load_heap(parse_dataset(catalog, text)[0], catalog.call, request.has_classes)
    for line in heap.notes:
        note(f"{heap.name}: {line}")
    known = _known_labels(heap, request, note)
    session = sessions.create(folder, _settings(catalog, request, text, heap), heap)
    for sample, label in known.items():
        if request.charge_known:
            session.book.answer(sample, label, by="known")
        else:
            session.book.give(sample, label)
    return session


def _known_labels(heap: Heap, request: SessionRequest, note: Callable[[str], None]) -> dict[int, str]:
    """Return the labels that samples have already: those of the data, and those of an earlier session."""
    labels = {} if request.has_classes else {i: label for i, label in enumerate(heap.known) if label is not None}
    if request.earlier is None:
        return labels
    earlier, samples = sessions.read_labels(request.earlier), zip(heap.names, heap.digests, strict=True)
    taken = {i: earlier[sample] for i, sample in enumerate(samples) if sample in earlier}
    note(f"{len(taken):,} of {pluralize(len(earlier), 'label')} of the session in '{request.earlier}' are taken over")
    return labels | taken


def _dataset_text(catalog: Catalog, request: SessionRequest) -> str | None:
    """Return the heap as a dataset that can be parsed again, also in another working directory."""
    if request.data is None:
        return None
    is_benchmark = request.has_classes
    config = parse_dataset(catalog, request.data)[0] if is_benchmark else parse_heap(catalog, request.data)
    changed: dict[str, Value] = {"skip_bad": True} if request.skip_bad else {}
    changed |= {"features": str(Path(request.features).absolute())} if request.features else {}
    values = dict(config.values)
    if "path" in values:
        changed["path"] = str(Path(str(values["path"])).expanduser().absolute())
    return with_values(catalog, config, **changed).text


def _settings(catalog: Catalog, request: SessionRequest, text: str, heap: Heap) -> Settings:
    budget = DEFAULT_BUDGET if request.budget is None else request.budget
    audit = usual_size(budget) if request.audit is None else request.audit
    _check_sizes(budget, audit, request.audit is not None, heap)
    classes = request.classes or (heap.classes if request.has_classes else ())
    if len(set(classes)) != len(classes) or len(classes) == 1:
        raise InputError("--classes needs at least two different names, as in --classes cat,dog")
    parts: tuple[tuple[Kind, str], ...] = (
        ("strategy", request.strategy or DEFAULT_STRATEGY),
        ("embedder", request.embedder or DEFAULT_EMBEDDERS[heap.main_input]),
        ("clusterer", request.clusterer or SUGGESTED_CLUSTERER),
        ("trainer", request.trainer or DEFAULT_TRAINERS[heap.main_input]),
    )
    texts = {kind: _suitable(catalog, kind, name, heap) for kind, name in parts}
    return Settings(
        text,
        request.has_classes,
        budget,
        audit,
        request.seed or 0,
        texts["strategy"],
        texts["embedder"],
        texts["clusterer"],
        texts["trainer"],
        classes,
        request.plugin,
        request.no_plugin,
        heap.checksum,
    )


def _check_sizes(budget: int, audit: int, is_chosen: bool, heap: Heap) -> None:
    if budget > len(heap):
        raise InputError(f"the budget {budget} exceeds the heap of {len(heap):,} samples; use -b {len(heap)} or less")
    if budget - audit < 2:
        advice = "choose a smaller --audit" if is_chosen else "choose a larger budget, or a smaller audit with --audit"
        raise InputError(f"the audit takes {audit} of {pluralize(budget, 'label')}, so too few are left; {advice}")


def _suitable(catalog: Catalog, kind: Kind, text: str, heap: Heap) -> str:
    """Return the configuration of a part as text. Raises InputError if it does not take the heap."""
    configs: Sequence[PartConfig] = catalog.parse(kind, text)
    if len(configs) != 1:
        raise InputError(f"'{text}' stands for {len(configs)} parts; a session takes one {kind}")
    part = catalog.part_of(configs[0])
    if kind == "strategy" and (part.needs_all_labels or part.baseline):
        raise InputError(f"{configs[0]} is a bound of a benchmark and cannot be used to label; choose another strategy")
    if kind != "strategy" and (problem := mismatch(part, configs[0], heap)):
        raise InputError(f"{problem}; choose another {kind} with -{kind[0]}")
    return configs[0].text


def _check_request(folder: Path, settings: Settings, text: str | None, request: SessionRequest) -> None:
    """Raise InputError if the user asks for something else than the session was started with."""
    asked = {field.name: getattr(request, field.name) for field in fields(request)} | {"data": text}
    for name in ("data", "budget", "audit", "seed", "strategy", "embedder", "clusterer", "trainer", "classes"):
        if asked[name] not in (None, getattr(settings, name)):
            before = getattr(settings, name)
            shown = ",".join(before) if isinstance(before, tuple) else before
            raise InputError(
                f"the session in '{folder}' was started with the {name} {shown}; leave that out, or choose another "
                "folder with -o"
            )
