"""Charts, panels and templates as HTML."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from altair import FacetChart, LayerChart
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pslbench.errors import pluralize
from pslbench.reporters.formats import dataset_title

Chart = LayerChart | FacetChart
Subject = TypeVar("Subject")


class SectionUnavailable(Exception):
    """A section or a panel has nothing to show. The message is a sentence that gives the reason."""


@lru_cache(maxsize=1)
def _environment() -> Environment:
    loader = PackageLoader("pslbench", "reporters/html/templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"pluralize": pluralize, "dataset_title": dataset_title}
    return environment


def render_template(name: str, **values: Any) -> Markup:
    """Return the HTML of a template. Jinja escapes all values."""
    return Markup(_environment().get_template(f"{name}.html.j2").render(values))  # noqa: S704 - escaped by Jinja


def render_or_explain(render: Callable[..., Markup], *arguments: Any) -> tuple[bool, Markup]:
    """Return whether the content is available, and as HTML either the content or the reason why there is none."""
    try:
        return True, render(*arguments)
    except SectionUnavailable as reason:
        return False, Markup('<p class="absent">{}</p>').format(reason)


def render_chart(
    chart: Chart,
    data: Mapping[str, Sequence[Mapping[str, Any]]],
    label: str,
    *,
    caption: str = "",
    min_width: int = 0,
    max_width: int = 0,
    columns: Mapping[str, str] | None = None,
) -> Markup:
    """Return a chart as HTML, with its caption and a table of its numbers.

    Args:
        chart: layers over named data. The page supplies their colors.
        data: the rows of each named data source. They bypass Altair, which would validate and copy each row.
        label: a description for screen readers.
        caption: the text below the chart.
        min_width: pixels. The chart scrolls in a narrower page.
        max_width: pixels, or 0 for the width of the page.
        columns: the fields in the table of numbers and their titles. The table lists the first data source.
    """
    spec = chart.to_dict(validate=False)  # validation would take a third of the time; the browser tests cover it
    own = {"width": "container", "description": label, "datasets": data}
    spec = {key: value for key, value in spec.items() if key != "config"} | own
    values = {"label": label, "caption": caption, "min_width": min_width, "max_width": max_width}
    return render_template("chart", spec=spec, columns=columns or {}, rows=next(iter(data.values())), **values)


def render_panels(
    menu: str,
    subjects: Iterable[Subject],
    title: Callable[[Subject], str],
    render: Callable[[Subject], Markup],
    *,
    header: str = "",
    note: str = "",
) -> Markup:
    """Return one panel per subject as HTML, with a menu that selects the visible panel.

    The menu starts at the first panel that has content. A panel without content shows the reason. If no panel has
    content, the reasons replace the menu and the header.

    Args:
        menu: the name of the menu. All menus of this name on the page change together.
        header: HTML above the menu.
        note: the text below the panels.
    """
    panels = [(title(subject), *render_or_explain(render, subject)) for subject in subjects]
    selected = next((i for i, (_, is_available, _) in enumerate(panels) if is_available), None)
    if selected is None:
        reasons = dict.fromkeys(reason for _, _, reason in panels)
        return Markup("\n").join(reasons or [Markup('<p class="absent">No cell has results.</p>')])
    return render_template("panels", menu=menu, panels=panels, selected=selected, header=header, note=note)
