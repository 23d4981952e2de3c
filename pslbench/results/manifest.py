"""The manifest of a folder of results: what each run was asked for, and where it ran."""

from __future__ import annotations

import json
import platform
import shlex
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pslbench.errors import InputError
from pslbench.processor import cores
from pslbench.results.codec import load_json
from pslbench.results.provenance import Provenance

MANIFEST = "manifest.json"
RENAMED = {"data": "dataset_checksums", "recipes": "fingerprints"}  # since version 0.1


def run_entry(command: Sequence[str], provenance: Provenance, **facts: Any) -> dict[str, Any]:
    """Return the entry of a run that starts now.

    Args:
        command: the words of the command line.
        provenance: what rows of the run are computed with.
        facts: more about the run, such as the number of its cells.
    """
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
    content = load_json(path) if path.exists() else {"runs": []}
    runs = content.get("runs") if isinstance(content, dict) else None
    if not isinstance(runs, list) or not all(isinstance(run, dict) for run in runs):
        raise _foreign_file_error(path)
    renamed = [{RENAMED.get(name, name): value for name, value in run.items()} for run in runs]
    if not all(map(_is_run, renamed)):
        raise _foreign_file_error(path)
    return renamed


def to_manifest(runs: Iterable[Mapping[str, Any]]) -> bytes:
    return json.dumps({"runs": list(runs)}, indent=2).encode() + b"\n"


def _foreign_file_error(path: Path) -> InputError:
    return InputError(f"{path} was not written by pslbench; choose another folder with -o")


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
