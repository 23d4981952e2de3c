import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from annotated_types import Ge

from pslbench.errors import InputError
from pslbench.extras import requires_extra
from pslbench.parts import reporter
from pslbench.results.records import Result, ResultsReader


@reporter("html", writes=True, enabled=False)
def html(
    results: Sequence[Result],
    reader: ResultsReader,
    *,
    combinations: Annotated[int, Ge(1)] = 12,
    samples: Annotated[int, Ge(10)] = 1500,
) -> None:
    """Write report.html: tables, interactive charts and images in one file that opens offline.

    Args:
        combinations: the largest number of combinations with images and predictions; the best of each board come first.
        samples: the largest number of pool samples in the map.
    """
    write_report(reader.folder / "report.html", results, reader, combinations, samples)


def write_report(
    path: Path, results: Sequence[Result], reader: ResultsReader, combinations: int = 12, samples: int = 1500
) -> None:
    """Write the report to a file. The other arguments are those of `html`. Raises InputError if that is impossible."""
    with requires_extra("report"):
        from pslbench.reporters.html.page import render_page

    partial = path.with_name(f".{path.name}.{os.getpid()}")
    page = render_page(results, reader, combinations, samples)
    try:
        partial.write_text(page, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(f"cannot write {path} ({error.strerror})") from None
