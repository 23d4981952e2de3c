"""Sections about the run itself: failed cells and the manifest."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pslbench.errors import pluralize
from pslbench.reporters.html.rendering import SectionUnavailable, render_template
from pslbench.reporters.html.report_data import ReportData
from pslbench.reporters.html.section import section
from pslbench.results.records import Result

MAX_ERRORS = 60
FIELDS = ("started", "cells", "jobs", "commit", "python", "platform", "cpu", "cores")


@section(
    "Failures", "Failures", "Failed cells, grouped by error. Repeat the command with --retry-failed to run them again."
)
def failures(data: ReportData) -> Markup:
    groups: dict[tuple[str, ...], list[Result]] = {}
    for row in data.results:
        if not row.ok:
            error = row.error or {}
            key = (row.dataset, row.strategy, error.get("type", ""), error.get("message", ""))
            groups.setdefault(key, []).append(row)
    if not groups:
        raise SectionUnavailable(f"There is no failure in {pluralize(len(data.results), 'cell')}.")
    errors = list(groups.values())
    return render_template("failures", errors=errors[:MAX_ERRORS], omitted=len(errors[MAX_ERRORS:]))


@section(
    "Manifest",
    "Manifest",
    "The commands that computed these results, with software versions and hardware. The latest command comes first. "
    "Each command repeats its run, or resumes it after an interruption.",
)
def manifest(data: ReportData) -> Markup:
    if not data.reader.runs:
        raise SectionUnavailable("manifest.json of the folder lists no run.")
    return render_template("manifest", runs=[_describe_run(run) for run in reversed(data.reader.runs)])


def _describe_run(run: Mapping[str, Any]) -> dict[str, Any]:
    short = {"started": str(run.get("started", ""))[:16].replace("T", " "), "commit": str(run.get("commit") or "")[:12]}
    values = {name: short.get(name, run.get(name)) for name in FIELDS}
    return {
        "command": run.get("command", ""),
        "facts": [(name, value) for name, value in values.items() if value not in (None, "")],
        "versions": sorted(dict(run.get("versions", {})).items()),
        "checksums": sorted(dict(run.get("dataset_checksums", {})).items()),
    }
