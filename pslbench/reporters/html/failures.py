from __future__ import annotations

from markupsafe import Markup

from pslbench.errors import pluralize
from pslbench.reporters.html.rendering import SectionUnavailable, render_template
from pslbench.reporters.html.report_data import ReportData
from pslbench.reporters.html.section import section
from pslbench.results.records import Result

MAX_ERRORS = 60


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
        raise SectionUnavailable(f"No cell failed, of {pluralize(len(data.results), 'cell')}.")
    errors = list(groups.values())
    return render_template("failures", errors=errors[:MAX_ERRORS], omitted=len(errors[MAX_ERRORS:]))
