"""Writes the reference, a page for each kind of part, out of what the parts say of themselves; `make docs` calls it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pslbench.parts import KINDS, Kind, Part
from pslbench.parts.description import describe
from pslbench.plugins.catalog import BUILTIN, Catalog
from pslbench.plugins.discovery import discover

HERE = Path(__file__).parent
TITLES: dict[Kind, str] = {
    "dataset": "Data sets",
    "embedder": "Embedders",
    "clusterer": "Clusterers",
    "strategy": "Strategies",
    "trainer": "Trainers",
    "reporter": "Reporters",
}
Costs = Mapping[str, str]


def main() -> None:
    """Write `reference/` beside this file."""
    catalog, costs = discover(), costs_in((HERE / "methods.md").read_text(encoding="utf-8"))
    folder = HERE / "reference"
    folder.mkdir(exist_ok=True)
    found = {kind: list(parts_of(catalog, kind)) for kind in KINDS}
    for kind, parts in found.items():
        (folder / f"{kind}.md").write_text("\n".join(page(kind, parts, costs)), encoding="utf-8")
    (folder / "index.md").write_text("\n".join(index(found)), encoding="utf-8")
    for plugin in catalog.plugins:
        if plugin.status == "failed":
            print(f"not in the reference: {plugin.name}: {plugin.problem}", file=sys.stderr)


def parts_of(catalog: Catalog, kind: Kind) -> Iterator[tuple[str, Part]]:
    """The parts that come along, each with the package of plugins/ that brings it, or an empty word."""
    for plugin in catalog.plugins:
        if plugin.name == BUILTIN or (HERE.parent / "plugins" / plugin.source).is_dir():
            package = "" if plugin.name == BUILTIN else plugin.source
            yield from ((package, part) for part in plugin.parts if part.kind == kind)


def index(found: Mapping[Kind, Sequence[tuple[str, Part]]]) -> Iterator[str]:
    yield "# Parts"
    yield "What `pslbench show` says of each, and what it costs.\n"
    yield from ("| kind | parts |", "|---|---|")
    for kind, parts in found.items():
        names = ", ".join(f"[{part.name}]({kind}.md#{part.name})" for _, part in parts)
        yield f"| [{TITLES[kind]}]({kind}.md) | {names} |"
    yield "\n```{toctree}\n:hidden:"
    yield from found
    yield "```\n"


def page(kind: Kind, parts: Sequence[tuple[str, Part]], costs: Costs) -> Iterator[str]:
    yield f"# {TITLES[kind]}"
    if kind == "strategy":
        yield "Costs are of a pool of n samples, m labels and a graph of k neighbours: [methods](../methods.md)."
    for package, part in parts:
        says = describe(part)
        yield f"\n## {part.name}"
        yield from (f"{text}\n" for text in (says.summary, says.details) if text)
        yield from facts(package, part, costs)
        if says.parameters:
            yield from ("| parameter | type | default | meaning |", "|---|---|---|---|")
            for name, words, default, meaning in says.parameters:
                yield f"| `{name}` | {cell(words)} | `{cell(default)}` | {cell(meaning)} |"
            yield f"\n    {says.example}\n"


def facts(package: str, part: Part, costs: Costs) -> Iterator[str]:
    """What its decorator says of it, and its cost, a line each."""
    said = {
        "Source": part.reference,
        "Cost": costs.get(part.name, "") if part.kind == "strategy" else "",
        "Sees": ", ".join(part.uses) if part.kind == "strategy" else "",
        "Takes": "images alone" if part.images_only else "",
        "Largest pool": f"{part.max_pool:,} samples" if part.max_pool else "",
        "Labels": "may ask for all: its rows are upper bounds, outside the ranking" if part.needs_all_labels else "",
        "In `all`": "no: it has to be named" if not part.enabled else "",
        "Package": f"`plugins/{package}`" if package else "",
    }
    yield from (f"- {word}: {text}" for word, text in said.items() if text)
    yield ""


def costs_in(methods: str) -> Costs:
    """What docs/methods.md says of each strategy: its trainings, what its time grows with, and seconds if measured."""
    seconds = dict(re.findall(r"`([\w-]+)` \| ([\d.]+) \|", methods))
    costs = {}
    for names, _, _, trainings, grows in re.findall(r"^\|" + r" ([^|]*) \|" * 5 + "$", methods, re.MULTILINE):
        for name in re.findall(r"`([\w-]+)`", names):
            costs[name] = f"{trainings} training{'s' * (trainings != '1')}; time grows with {grows}"
            if name in seconds:
                costs[name] += f"; {seconds[name]} s on 60,000 samples ([methods](../methods.md#seconds))"
    return costs


def cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    main()
