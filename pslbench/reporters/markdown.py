"""The tables in Markdown."""

from collections.abc import Iterator, Sequence

from pslbench.reporters.typeset_tables import TableCell, TypesetTable, typeset_tables
from pslbench.results.records import Result, ResultsReader

ESCAPES = str.maketrans({**{c: f"\\{c}" for c in "\\`*_[]|~$#"}, "<": "&lt;", "&": "&amp;"})


def format_markdown(results: Sequence[Result], reader: ResultsReader) -> str:
    """Return the tables of the results, and below each its legend."""
    return "\n\n".join("\n".join(_format_table(table)) for table in typeset_tables(results, reader)) + "\n"


def _format_table(table: TypesetTable) -> Iterator[str]:
    yield f"**{_escape(table.title)}**"
    yield ""
    titles, is_text = [_escape(title) for title, _ in table.headers], [is_text for _, is_text in table.headers]
    rows = [[_format_cell(cell) for cell in row] for row in table.rows]
    widths = [max(3, *map(len, column)) for column in zip(titles, *rows, strict=True)]
    rules = ["-" * width if text else "-" * (width - 1) + ":" for width, text in zip(widths, is_text, strict=True)]
    for row in (titles, rules, *rows):
        padded = [c.ljust(w) if text else c.rjust(w) for c, w, text in zip(row, widths, is_text, strict=True)]
        yield f"| {' | '.join(padded)} |"
    yield ""
    yield from (f"- {_escape(line)}" for line in table.legend)


def _format_cell(cell: TableCell) -> str:
    text = _escape(cell.text)
    return f"**{text}**" if cell.bold and text else text


def _escape(text: str) -> str:
    return text.translate(ESCAPES)
