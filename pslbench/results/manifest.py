"""The manifest of a folder of results: what each run was asked for, where it ran, and which rows are current."""

import json
import platform
import shlex
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pslbench.errors import InputError
from pslbench.processor import cores
from pslbench.results.codec import load_json
from pslbench.results.records import Combination, Result

MANIFEST = "manifest.json"
RENAMED = {"data": "dataset_checksums", "recipes": "fingerprints"}  # since version 0.1


@dataclass(frozen=True)
class Provenance:
    """What a row must have been computed with to be current: data with a checksum, a combination with a fingerprint."""

    dataset_checksums: Mapping[str, str]
    fingerprints: Mapping[Combination, str]

    def covers(self, row: Result) -> bool:
        """Whether a row is current."""
        current = self.dataset_checksums[row.dataset], self.fingerprints[row.combination]
        return (row.checksum, row.fingerprint) == current


def provenance_of(rows: Iterable[Result], runs: Iterable[Mapping[str, Any]]) -> Provenance:
    """Return the provenance of current rows: what the last run declared, else what the last row was computed with."""
    by_age = sorted(rows, key=lambda row: row.finished)
    checksums = {row.dataset: row.checksum for row in by_age}
    fingerprints = {row.combination: row.fingerprint for row in by_age}
    for run in runs:
        checksums |= run.get("dataset_checksums", {})
        fingerprints |= {tuple(combination): last for *combination, last in run.get("fingerprints", [])}
    return Provenance(checksums, fingerprints)


def run_entry(command: Sequence[str], provenance: Provenance, **facts: object) -> dict[str, Any]:
    """Return the entry of a run that starts now with this command line; `facts` can be the number of its cells."""
    return {
        "command": shlex.join(command),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        **facts,
        "dataset_checksums": dict(provenance.dataset_checksums),
        "fingerprints": [[*combination, last] for combination, last in provenance.fingerprints.items()],
    }


def describe_machine() -> dict[str, Any]:
    """Return facts about this machine and this checkout."""
    return {
        "commit": _commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cores": cores(),
    }


def read_runs(folder: Path) -> list[dict[str, Any]]:
    """Return the entries of the manifest, the oldest first, under today's names. Raises InputError if it is damaged."""
    path = folder / MANIFEST
    runs = load_json(path).get("runs") if path.exists() else []
    if isinstance(runs, list) and all(isinstance(run, dict) for run in runs):
        renamed = [{RENAMED.get(name, name): value for name, value in run.items()} for run in runs]
        if all(map(_is_run, renamed)):
            return renamed
    raise InputError(f"{path} was not written by pslbench; choose another folder with -o")


def to_manifest(runs: Iterable[Mapping[str, Any]]) -> bytes:
    return json.dumps({"runs": list(runs)}, indent=2).encode() + b"\n"


def _is_run(run: Mapping[str, Any]) -> bool:
    fingerprints = run.get("fingerprints", [])
    return (
        all(isinstance(run.get(name, {}), dict) for name in ("dataset_checksums", "versions"))
        and isinstance(fingerprints, list)
        and all(isinstance(each, list) and [*map(type, each)] == [str, int, *[str] * 5] for each in fingerprints)
    )


def _commit() -> str | None:
    """Return the commit of the checkout of this file, with `+` if its files differ; None if there is none."""
    here = Path(__file__)
    queries = (
        ("ls-files", "--error-unmatch", here.name),  # fails in the checkout of something else
        ("rev-parse", "HEAD"),
        ("status", "--porcelain", "--", str(here.parents[1])),
    )
    try:
        answers = [
            subprocess.run(["git", "-C", here.parent, *words], capture_output=True, text=True, check=True).stdout
            for words in queries
        ]
    except (OSError, subprocess.CalledProcessError):
        return None
    return answers[1].strip() + ("+" if answers[2].strip() else "")


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if "model name" in line] if info.exists() else []
    return names[0].partition(": ")[2] if names else platform.processor()
