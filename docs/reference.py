"""Writes the reference: one page per kind of part, from the docstrings of the parts. `make docs` runs it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pslbench.parts import KINDS, Kind, Part
from pslbench.parts.description import describe
from pslbench.plugins.catalog import BUILTIN, Catalog
from pslbench.plugins.discovery import discover

DOCS = Path(__file__).parent
TITLES: dict[Kind, str] = {
    "dataset": "Datasets",
    "embedder": "Embedders",
    "clusterer": "Clusterers",
    "strategy": "Strategies",
    "trainer": "Trainers",
    "reporter": "Reporters",
}
Costs = Mapping[str, str]  # by the name of a strategy
PackagedPart = tuple[str, Part]  # with the package of plugins/ that contains the part; empty for a built-in part


def main() -> None:
    """Write the folder `reference/` beside this file."""
    catalog, costs = discover(), parse_costs((DOCS / "methods.md").read_text(encoding="utf-8"))
    folder = DOCS / "reference"
    folder.mkdir(exist_ok=True)
    parts_by_kind = {kind: list(find_parts(catalog, kind)) for kind in KINDS}
    for kind, parts in parts_by_kind.items():
        (folder / f"{kind}.md").write_text("\n".join(render_page(kind, parts, costs)), encoding="utf-8")
    (folder / "index.md").write_text("\n".join(render_index(parts_by_kind)), encoding="utf-8")
    for plugin in catalog.plugins:
        if plugin.status == "failed":
            print(f"not in the reference: {plugin.name}: {plugin.problem}", file=sys.stderr)


def find_parts(catalog: Catalog, kind: Kind) -> Iterator[PackagedPart]:
    """Yield the built-in parts and those of the packages in plugins/."""
    for plugin in catalog.plugins:
        if plugin.name == BUILTIN or (DOCS.parent / "plugins" / plugin.source).is_dir():
            package = "" if plugin.name == BUILTIN else plugin.source
            yield from ((package, part) for part in plugin.parts if part.kind == kind)


def render_index(parts_by_kind: Mapping[Kind, Sequence[PackagedPart]]) -> Iterator[str]:
    yield "# Parts"
    yield "The output of `pslbench show` for each part, and its cost.\n"
    yield from ("| kind | parts |", "|---|---|")
    for kind, parts in parts_by_kind.items():
        names = ", ".join(f"[{part.name}]({kind}.md#{part.name})" for _, part in parts)
        yield f"| [{TITLES[kind]}]({kind}.md) | {names} |"
    yield "\n```{toctree}\n:hidden:"
    yield from parts_by_kind
    yield "```\n"


def render_page(kind: Kind, parts: Sequence[PackagedPart], costs: Costs) -> Iterator[str]:
    yield f"# {TITLES[kind]}"
    if kind == "strategy":
        yield "Costs are for a pool of n samples, m labels and a graph of k neighbors: [methods](../methods.md)."
    for package, part in parts:
        description = describe(part)
        yield f"\n## {part.name}"
        yield from (f"{text}\n" for text in (description.summary, description.details) if text)
        yield from render_facts(package, part, costs)
        if description.parameters:
            yield from ("| parameter | type | default | meaning |", "|---|---|---|---|")
            for name, value_type, default, meaning in description.parameters:
                yield f"| `{name}` | {escape(value_type)} | `{escape(default)}` | {escape(meaning)} |"
            yield f"\n    {description.example}\n"


def render_facts(package: str, part: Part, costs: Costs) -> Iterator[str]:
    """Yield one line per argument of the decorator that is set, and the cost."""
    is_strategy = part.kind == "strategy"
    facts = {
        "Source": part.reference,
        "Cost": costs.get(part.name, "") if is_strategy else "",
        "Uses": ", ".join(part.uses) if is_strategy else "",
        "Takes": ", ".join(part.takes) if part.kind in ("embedder", "trainer") else "",
        "Soft labels": "not supported" if not part.soft_labels else "",
        "Largest pool": f"{part.max_pool:,} samples" if part.max_pool else "",
        "Labels": "may query all labels; its rows are upper bounds and not ranked" if part.needs_all_labels else "",
        "In `all`": f"no: {part.why_not_in_all}" if not part.enabled else "",
        "Package": f"`plugins/{package}`" if package else "",
    }
    yield from (f"- {name}: {text}" for name, text in facts.items() if text)
    yield ""


def parse_costs(methods: str) -> Costs:
    """Read the costs of strategies from docs/methods.md: trainings, growth of the time, and measured seconds."""
    seconds = dict(re.findall(r"`([\w-]+)` \| ([\d.]+) \|", methods))
    costs = {}
    for names, _, _, trainings, growth in re.findall(r"^\|" + r" ([^|]*) \|" * 5 + "$", methods, re.MULTILINE):
        for name in re.findall(r"`([\w-]+)`", names):
            costs[name] = f"{trainings} training{'s' * (trainings != '1')}; time grows with {growth}"
            if name in seconds:
                costs[name] += f"; {seconds[name]} s for 60,000 samples ([methods](../methods.md#seconds))"
    return costs


def escape(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    main()
