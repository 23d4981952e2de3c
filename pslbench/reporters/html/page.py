"""The page: its header, its sections in their order, its style and its scripts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pslbench.reporters.html.budgets import budgets
from pslbench.reporters.html.calibration import calibration
from pslbench.reporters.html.clusters import clusters
from pslbench.reporters.html.confusion import confusion
from pslbench.reporters.html.costs import costs
from pslbench.reporters.html.errors import errors
from pslbench.reporters.html.failures import failures
from pslbench.reporters.html.leaderboard import leaderboard
from pslbench.reporters.html.looks import looks
from pslbench.reporters.html.manifest import manifest
from pslbench.reporters.html.map import map_
from pslbench.reporters.html.pairs import pairs
from pslbench.reporters.html.section import render
from pslbench.reporters.html.sprites import Sprites
from pslbench.reporters.html.study import Study, study
from pslbench.reporters.html.time import time
from pslbench.results.records import Result, ResultsReader

ASSETS = Path(__file__).parent / "assets"


def page(results: Sequence[Result], records: ResultsReader, combinations: int, samples: int) -> str:
    """The whole report, HTML; nothing in it leads elsewhere."""
    seen = study(results, records)
    close = looks(seen, combinations)
    data = {look.data.text: look.data.found for look in close.looks}
    sprites = {text: Sprites(f"sprites-{i}", found) for i, (text, found) in enumerate(data.items()) if found}
    sections = [
        leaderboard(seen),
        budgets(seen),
        costs(seen),
        pairs(seen),
        confusion(close),
        calibration(close),
        clusters(close, sprites),
        errors(close, sprites),
        map_(close, samples),
        time(seen),
        failures(seen),
        manifest(seen),
    ]
    scripts = [_charts(), (ASSETS / "page.js").read_text(encoding="utf-8")]
    style = (ASSETS / "style.css").read_text(encoding="utf-8") + "".join(s.style for s in sprites.values() if s.places)
    return str(
        render(
            "page",
            sections=sections,
            facts=_facts(seen),
            style=Markup(style),  # noqa: S704 - our own
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own, and the library's
            hashes=[_hash(script) for script in scripts],
            version=version("pslbench"),
        )
    )


@lru_cache(maxsize=1)
def _charts() -> str:
    """Vega, Vega-Lite and Vega-Embed, as one script that leaves `vegaEmbed`."""
    import vl_convert

    script: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return script


def _hash(script: str) -> str:
    """What a content security policy calls it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _facts(seen: Study) -> list[tuple[str, Any]]:
    """What was run, in few words."""
    rows = seen.results
    budgets_ = sorted({row.budget for row in rows})
    strategies = {row.strategy for row in rows}
    failed = sum(not row.ok for row in rows)
    day = max((row.finished for row in rows), default="")[:10]
    return [
        ("Data", ", ".join(seen.datasets) or "none"),
        ("Labels", ", ".join(f"{budget:,}" for budget in budgets_) or "none"),
        ("Strategies", f"{len(strategies)}"),
        ("Trainer", ", ".join(sorted({row.trainer for row in rows})) or "none"),
        ("Seeds", f"{len({row.seed for row in rows})}"),
        ("Cells", f"{len(rows):,}" + (f", {failed:,} failed" if failed else "")),
        ("Finished", day or "never"),
    ]
