"""The page: its header, its sections, its style and its scripts."""

import os
import re
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import vl_convert
from markupsafe import Markup, escape

from pslbench.analysis.conclusion import conclude, next_command
from pslbench.reporters.formats import board_title, dataset_title
from pslbench.reporters.html.budgets import budgets
from pslbench.reporters.html.costs import costs, time
from pslbench.reporters.html.galleries import clusters, errors
from pslbench.reporters.html.leaderboard import leaderboard
from pslbench.reporters.html.map import map_
from pslbench.reporters.html.pairs import pairs
from pslbench.reporters.html.predictions import calibration, confusion
from pslbench.reporters.html.records import failures, manifest
from pslbench.reporters.html.rendering import render_or_explain, render_template
from pslbench.reporters.html.report_data import ReportData
from pslbench.reporters.html.sprites import SpriteSheet
from pslbench.results.records import UNUSED, Result, ResultsReader
from pslbench.user_folders import cache_root

ASSETS = Path(__file__).parent / "assets"
SECTIONS = (
    *(leaderboard, budgets, costs, pairs, confusion, calibration),
    *(clusters, errors, map_, time, failures, manifest),
)


def render_page(
    results: Sequence[Result], reader: ResultsReader, max_combinations: int, max_map_samples: int
) -> Markup:
    """Return the report as HTML. It loads no other file."""
    data = ReportData(results, reader, max_combinations, max_map_samples)
    sections = [(section, section.describe(data), render_or_explain(section.render, data)[1]) for section in SECTIONS]
    sheets = dict.fromkeys(c.sheet for c in data.inspected if isinstance(c.sheet, SpriteSheet))
    style = (ASSETS / "style.css").read_text(encoding="utf-8") + "".join(sheet.render_style() for sheet in sheets)
    scripts = [_load_vega(), (ASSETS / "page.js").read_text(encoding="utf-8")]
    return render_template(
        "page",
        sections=sections,
        conclusions=_conclude(data),
        facts=_summarize(results, data.datasets),
        style=Markup(style),  # noqa: S704 - our own
        scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own, and the library's
        hashes=[f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}" for script in scripts],
        version=version("pslbench"),
    )


@lru_cache(maxsize=1)
def _load_vega() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script that defines `vegaEmbed`.

    Bundling them takes a second, so the script is stored in the user's cache under the version of vl-convert.
    """
    file = cache_root() / "scripts" / f"vega-{version('vl-convert-python')}.js"
    with suppress(OSError):
        return file.read_text(encoding="utf-8")
    script: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    with suppress(OSError):  # the folder may be read-only
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(script, encoding="utf-8")
        partial.replace(file)
    return script


def _conclude(data: ReportData) -> list[tuple[str, Markup, str]]:
    """Return the title and the conclusion of each board, with the command that would show more."""
    conclusions = []
    for board in data.boards:
        if conclusion := conclude(board):
            command = (
                next_command(board, data.reader.runs, conclusion.seeds, data.reader.folder) if conclusion.seeds else ""
            )
            conclusions.append((board_title(board), _mark_names(conclusion.sentence), command))
    return conclusions


def _mark_names(sentence: str) -> Markup:
    """Return a sentence as HTML, with the names that are in backticks as code."""
    return Markup(re.sub("`([^`]*)`", r"<code>\1</code>", str(escape(sentence))))  # noqa: S704 - escaped


def _summarize(rows: Sequence[Result], datasets: Sequence[str]) -> list[tuple[str, str]]:
    failed = sum(not row.ok for row in rows)
    return [
        ("Datasets", ", ".join(map(dataset_title, datasets)) or "none"),
        ("Budgets", ", ".join(f"{budget:,}" for budget in sorted({row.budget for row in rows})) or "none"),
        ("Strategies", str(len({row.strategy for row in rows}))),
        ("Trainers", ", ".join(sorted({row.trainer for row in rows} - {UNUSED})) or "none"),
        ("Seeds", str(len({row.seed for row in rows}))),
        ("Cells", f"{len(rows):,}" + (f", {failed:,} failed" if failed else "")),
        ("Finished", max((row.finished for row in rows), default="")[:10] or "never"),
    ]
