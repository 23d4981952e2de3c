"""Combines the results of several folders. Disagreements are reported, never dropped."""

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge as merge_sorted
from itertools import combinations
from pathlib import Path
from typing import Any

from pslbench.results.folder import FILES, ResultsFolder
from pslbench.results.manifest import Provenance
from pslbench.results.records import UNUSED, Combination, Result

MAY_DIFFER = ("seconds", "peak_memory_mb", "finished")  # between two runs of one cell


@dataclass(frozen=True)
class MergePlan:
    """What a merge of several folders would write.

    Attributes:
        files: for each cell the files to copy, that of the row last; from the first folder in which the cell succeeded.
        n_shared: the number of cells in more than one folder.
        differing: one line for each cell whose values differ between folders.
        incompatible: one line for rows that were computed with other data, code or libraries in another folder.
        runs: the entries of all manifests in the order in which the runs started.
        provenance: what rows must have been computed with to be current; the first folder decides.
    """

    files: Mapping[str, Sequence[Path]]
    n_shared: int
    differing: Sequence[str]
    incompatible: Sequence[str]
    runs: Sequence[Mapping[str, Any]]
    provenance: Provenance


def plan_merge(sources: Mapping[str, ResultsFolder]) -> MergePlan:
    """Plan the union of these folders, by name. Nothing is written."""
    rows = {name: folder.all_rows() for name, folder in sources.items()}
    cells: dict[str, dict[str, Result]] = {}
    for name, of_folder in rows.items():
        for row in of_folder:
            cells.setdefault(row.key, {})[name] = row
    settled = {key: _resolve_cell(by_folder) for key, by_folder in cells.items()}
    provenance = {name: folder.provenance(rows[name]) for name, folder in sources.items()}
    return MergePlan(
        {key: _files(key, [sources[name] for name in names]) for key, (names, _) in settled.items()},
        sum(len(by_folder) > 1 for by_folder in cells.values()),
        [line for _, lines in settled.values() for line in lines],
        [line for a, b in combinations(sources, 2) for line in _incompatible(a, b, sources, provenance)],
        _join_runs([folder.runs() for folder in sources.values()]),
        Provenance(
            ChainMap(*(dict(each.dataset_checksums) for each in provenance.values())),
            ChainMap(*(dict(each.fingerprints) for each in provenance.values())),
        ),
    )


def _resolve_cell(by_folder: Mapping[str, Result]) -> tuple[list[str], list[str]]:
    """Return the folders that agree on a cell, the one to copy it from first, and a line for each that disagrees."""
    first = max(by_folder, key=lambda name: by_folder[name].ok)
    others = {n: _differences(by_folder[first], row) for n, row in by_folder.items() if row.ok and n != first}
    lines = [
        f"{_describe(by_folder[first].combination)}, seed {by_folder[first].seed}: {values[0]} in {first} and {name}"
        + (f", and {len(values) - 1} more" if len(values) > 1 else "")
        for name, values in others.items()
        if values
    ]
    return [first, *(name for name, values in others.items() if not values)], lines


def _differences(a: Result, b: Result) -> list[str]:
    """Describe the values that two runs of one cell must share but do not."""
    one, other = ({**vars(row), **row.scores} for row in (a, b))
    names = [*dict.fromkeys([*a.scores, *b.scores, *one])]
    return [
        f"{name} {one.get(name)} and {other.get(name)}"
        for name in names
        if name not in (*MAY_DIFFER, "scores") and repr(one.get(name)) != repr(other.get(name))
    ]


def _files(key: str, folders: Sequence[ResultsFolder]) -> list[Path]:
    """Return the files of a cell from the first folder, and sidecar files that only a later one has."""
    by_kind = ChainMap(*({file.parent.name: file for file in folder.files_of(key)} for folder in folders))
    return [by_kind[kind] for kind in FILES if kind in by_kind]


def _incompatible(
    a: str, b: str, sources: Mapping[str, ResultsFolder], provenance: Mapping[str, Provenance]
) -> Iterator[str]:
    ours, theirs = provenance[a], provenance[b]
    datasets = [d for d, sum_ in ours.dataset_checksums.items() if theirs.dataset_checksums.get(d, sum_) != sum_]
    yield from (f"{name} has other content in {b} than in {a}" for name in datasets)
    other = {c for c, value in ours.fingerprints.items() if theirs.fingerprints.get(c, value) != value}
    if changed := [c for c in ours.fingerprints if c in other and c[0] not in datasets]:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        versions = _version_differences(sources[a], sources[b])
        yield f"{_describe(changed[0])}{more}: computed with other code or libraries in {b} than in {a}{versions}"


def _join_runs(runs: Sequence[Sequence[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    """Return all runs in the order in which they started, without duplicates."""
    joined: list[Mapping[str, Any]] = []
    for run in merge_sorted(*runs, key=lambda run: str(run.get("started", ""))):
        if run not in joined:
            joined.append(run)
    return joined


def _version_differences(a: ResultsFolder, b: ResultsFolder) -> str:
    """Describe the versions in which the last runs of two folders differ."""
    last = [(folder.runs() or [{}])[-1] for folder in (a, b)]
    ours, theirs = ({"commit": run.get("commit"), **run.get("versions", {})} for run in last)
    changed = [f"{name} {ours[name]} and {theirs[name]}" for name in ours if theirs.get(name, ours[name]) != ours[name]]
    return f" ({', '.join(changed)})" if changed else ""


def _describe(combination: Combination) -> str:
    dataset, budget, *parts = combination
    return " · ".join([dataset, f"{budget} labels", *(part for part in parts if part != UNUSED)])
