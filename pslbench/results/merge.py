"""Results of several folders as those of one: what does not agree is told, never dropped in silence."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge as in_order
from itertools import combinations
from pathlib import Path
from typing import Any

from pslbench.results.folder import SIDECARS, Combination, Provenance, ResultsFolder
from pslbench.results.records import Result

TIMED = ("seconds", "peak_memory_mb", "finished")  # what two runs of one cell may differ in


@dataclass(frozen=True)
class Merged:
    """What becomes of the cells of several folders.

    Attributes:
        files: by cell, those to be copied, its row last; of the first folder in which it ended well.
        shared: how many cells are in more than one folder.
        differing: a line for each cell that has other values in another folder.
        mixed: a line for what was made with other data, code or libraries in another folder; such rows cannot be
            compared.
        runs: those of all manifests, in the order they started.
        lasting: what rows must have been made with to count, by the first folder that says so.
    """

    files: Mapping[str, Sequence[Path]]
    shared: int
    differing: Sequence[str]
    mixed: Sequence[str]
    runs: Sequence[Mapping[str, Any]]
    lasting: Provenance

    def choosing(self, command: str, started: str) -> dict[str, Any]:
        """A run for the manifest after which rows of what is `lasting` count."""
        fingerprints = [[*combination, fingerprint] for combination, fingerprint in self.lasting.fingerprints.items()]
        return {"command": command, "started": started, "data": dict(self.lasting.contents), "recipes": fingerprints}


def merge(sources: Mapping[str, ResultsFolder]) -> Merged:
    """What the union of these folders, by name, would be; nothing is written."""
    rows = {name: store.rows() for name, store in sources.items()}
    cells: dict[str, dict[str, Result]] = {}
    for name, each in rows.items():
        for row in each:
            cells.setdefault(row.key, {})[name] = row
    settled = {key: _settle(found) for key, found in cells.items()}
    lasting = {name: store.lasting(rows[name]) for name, store in sources.items()}
    return Merged(
        {key: _files(key, [sources[name] for name in names]) for key, (names, _) in settled.items()},
        sum(len(found) > 1 for found in cells.values()),
        [line for _, lines in settled.values() for line in lines],
        [line for a, b in combinations(sources, 2) for line in _mixed(a, b, sources, lasting)],
        _joined([store.runs() for store in sources.values()]),
        Provenance(
            ChainMap(*(dict(each.contents) for each in lasting.values())),
            ChainMap(*(dict(each.fingerprints) for each in lasting.values())),
        ),
    )


def _settle(found: Mapping[str, Result]) -> tuple[list[str], list[str]]:
    """Of one cell's row by folder: the folders that agree with the one it is taken from, that one first; and a line for
    each that does not."""
    first = max(found, key=lambda name: found[name].ok)
    others = {name: _differing(found[first], row) for name, row in found.items() if row.ok and name != first}
    lines = [
        f"{_said(found[first].combination)}, seed {found[first].seed}: {values[0]} in {first} and {name}"
        + (f", and {len(values) - 1} more" if len(values) > 1 else "")
        for name, values in others.items()
        if values
    ]
    return [first, *(name for name, values in others.items() if not values)], lines


def _differing(a: Result, b: Result) -> list[str]:
    """What another run of a cell must give again and has not; each with both values."""
    one, other = ({**vars(row), **row.scores} for row in (a, b))
    names = [*dict.fromkeys([*a.scores, *b.scores, *one])]
    return [
        f"{name} {one.get(name)} and {other.get(name)}"
        for name in names
        if name not in (*TIMED, "scores") and repr(one.get(name)) != repr(other.get(name))
    ]


def _files(key: str, stores: Sequence[ResultsFolder]) -> list[Path]:
    """A cell's files of the first of the folders, and what stands beside it in a later one only."""
    by_kind = ChainMap(*({file.parent.name: file for file in store.files(key)} for store in stores))
    return [by_kind[kind] for kind in (*SIDECARS, "cells") if kind in by_kind]


def _mixed(a: str, b: str, sources: Mapping[str, ResultsFolder], lasting: Mapping[str, Provenance]) -> Iterator[str]:
    ours, theirs = lasting[a], lasting[b]
    data = [d for d, content in ours.contents.items() if theirs.contents.get(d, content) != content]
    yield from (f"{name} has other content in {b} than in {a}" for name in data)
    fingerprints = [
        c
        for c, fingerprint in ours.fingerprints.items()
        if c[0] not in data and theirs.fingerprints.get(c, fingerprint) != fingerprint
    ]
    if fingerprints:
        more = f" and {len(fingerprints) - 1} more" if len(fingerprints) > 1 else ""
        versions = _versions(sources[a], sources[b])
        yield f"{_said(fingerprints[0])}{more}: made with other code or libraries in {b} than in {a}{versions}"


def _joined(runs: Sequence[Sequence[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    """All runs in the order they started, those of one folder in its order, none twice."""
    joined: list[Mapping[str, Any]] = []
    for run in in_order(*runs, key=lambda run: str(run.get("started", ""))):
        if run not in joined:
            joined.append(run)
    return joined


def _versions(a: ResultsFolder, b: ResultsFolder) -> str:
    """In what the last runs of two folders differ."""
    last = [(store.runs() or [{}])[-1] for store in (a, b)]
    ours, theirs = ({"commit": run.get("commit"), **run.get("versions", {})} for run in last)
    changed = [f"{name} {ours[name]} and {theirs[name]}" for name in ours if theirs.get(name, ours[name]) != ours[name]]
    return f" ({', '.join(changed)})" if changed else ""


def _said(combination: Combination) -> str:
    dataset, budget, *parts = combination
    return " · ".join([dataset, f"{budget} labels", *(part for part in parts if part != "-")])
