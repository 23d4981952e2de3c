from __future__ import annotations

from markupsafe import Markup

from pslbench.reporters.html.section import AbsentError, Section, render, section
from pslbench.reporters.html.study import Study
from pslbench.results.records import Result

SHOWN = 60  # kinds of failures


def failures(study: Study) -> Section:
    """Cells that failed, with their tracebacks."""
    intro = "Cells that failed, those with the same error together. pslbench run --retry-failed tries again."

    def body() -> Markup:
        failed = [row for row in study.results if not row.ok]
        if not failed:
            raise AbsentError(f"None of {len(study.results):,} cells failed.")
        kinds: dict[tuple[str, ...], list[Result]] = {}
        for row in failed:
            error = row.error or {}
            kinds.setdefault((row.dataset, row.strategy, error.get("type", ""), error.get("message", "")), []).append(
                row
            )
        shown = [_said(rows) for rows in kinds.values()]
        return render("failures", kinds=shown[:SHOWN], left_out=len(shown[SHOWN:]))

    return section("failures", "Failures", "Failures", intro, body)


def _said(rows: list[Result]) -> dict[str, object]:
    first = rows[0]
    error = first.error or {}
    return {
        "what": f"{first.strategy} on {first.dataset}",
        "cells": [f"{row.budget:,} labels, seed {row.seed}" for row in rows],
        "type": error.get("type", "failed"),
        "message": error.get("message", ""),
        "traceback": error.get("traceback", ""),
        "where": f"cells/{first.key}.json",
    }
