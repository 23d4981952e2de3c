"""A section of the report, and the HTML that sections share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from altair import FacetChart, LayerChart
    from jinja2 import Environment
    from markupsafe import Markup

Item = TypeVar("Item")


class AbsentError(Exception):
    """What a section would show is not to be had; the message, a sentence, says why."""


@dataclass(frozen=True)
class Section:
    """
    Attributes:
        id, short, title: of the heading, in the navigation, and in full.
        body: its HTML.
    """

    id: str
    short: str
    title: str
    body: Markup


@dataclass(frozen=True)
class Figure:
    """A chart with its caption.

    Attributes:
        chart: layers over named data; colours come from the page.
        data: rows by the name of the data. Altair would check and copy each.
        label: what is to be seen, for those who do not see it.
        caption: below the chart.
        width: pixels below which the chart scrolls instead of shrinking.
        most: pixels beyond which it does not grow; 0 for the page's width.
        numbers: fields of the first of `data` with the heads of a table below, for those who cannot point at the chart.
    """

    chart: LayerChart | FacetChart
    data: Mapping[str, Sequence[Mapping[str, Any]]]
    label: str
    caption: str = ""
    width: int = 0
    most: int = 0
    numbers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The Vega-Lite specification."""
        sized = self.chart.properties(width="container", description=self.label)
        given: dict[str, Any] = sized.to_dict(validate=False)  # a third of the report's time; the browser's tests check
        return {key: value for key, value in given.items() if key != "config"} | {"datasets": self.data}


@lru_cache(maxsize=1)
def environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("pslbench", "reporters/html/templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def render(template: str, **values: Any) -> Markup:
    """The HTML of a template, with what it is given escaped."""
    from markupsafe import Markup

    return Markup(environment().get_template(f"{template}.html.j2").render(values))  # noqa: S704 - escaped by Jinja


def figure(shown: Figure) -> Markup:
    return render("figure", figure=shown)


def absent(why: AbsentError) -> Markup:
    return render("absent", why=str(why))


def panels(
    kind: str,
    label: str,
    items: Iterable[Item],
    title: Callable[[Item], str],
    content: Callable[[Item], Markup],
    note: str = "",
) -> Markup:
    """One of `items` at a time, with a menu to choose; menus of one kind move together. The first that can be shown is
    open; the note says what is left out.

    Raises:
        AbsentError: where there is nothing to show of any item, and for which reasons.
    """
    shown: list[tuple[str, Markup | None, str]] = []
    for item in items:
        try:
            shown.append((title(item), content(item), ""))
        except AbsentError as why:
            shown.append((title(item), None, str(why)))
    if all(body is None for _, body, _ in shown):
        raise AbsentError(
            " ".join(dict.fromkeys(why for _, _, why in shown)) or "There are no results that ended well."
        )
    opened = next(i for i, (_, body, _) in enumerate(shown) if body is not None)
    return render("panels", kind=kind, label=label, panels=shown, opened=opened, note=note)


def section(id_: str, short: str, title: str, intro: str, body: Callable[[], Markup | Sequence[Markup]]) -> Section:
    """What `body` gives below a sentence of introduction, or one that says why there is nothing."""
    from markupsafe import Markup

    try:
        given = body()
    except AbsentError as why:
        return Section(id_, short, title, absent(why))
    parts = [given] if isinstance(given, Markup) else given
    return Section(id_, short, title, render("intro", text=intro) + Markup("").join(parts))
