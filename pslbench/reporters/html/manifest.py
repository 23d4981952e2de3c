from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pslbench.reporters.html.section import AbsentError, Section, render, section
from pslbench.reporters.html.study import Study

FACTS = ("started", "cells", "jobs", "commit", "python", "platform", "cpu", "cores")


def manifest(study: Study) -> Section:
    """What was asked, and where it ran."""
    intro = (
        "What was asked, and where it ran, the latest first. The command repeats the run, and goes on where it stopped."
    )

    def body() -> Markup:
        if not study.records.runs:
            raise AbsentError("The folder's manifest.json has no run.")
        return render("manifest", runs=[_said(run) for run in reversed(study.records.runs)])

    return section("manifest", "Manifest", "Manifest", intro, body)


def _said(run: Mapping[str, Any]) -> dict[str, Any]:
    short = {"started": str(run.get("started", ""))[:16].replace("T", " "), "commit": str(run.get("commit") or "")[:12]}
    facts = [(name, value) for name in FACTS if (value := short.get(name, run.get(name))) not in (None, "")]
    return {
        "command": run.get("command", ""),
        "facts": facts,
        "versions": sorted(dict(run.get("versions", {})).items()),
        "data": sorted(dict(run.get("data", {})).items()),
    }
