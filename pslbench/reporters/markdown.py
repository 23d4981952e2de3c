from __future__ import annotations

from collections.abc import Iterator, Sequence

from pslbench.parts import reporter
from pslbench.reporters.typeset_tables import Cell, Sheet, sheets
from pslbench.results.records import Result, ResultsReader

SPECIAL = str.maketrans({**{c: f"\\{c}" for c in "\\`*_[]|~$#"}, "<": "&lt;", "&": "&amp;"})


@reporter("md", writes=True, enabled=False, reference="GitHub Flavored Markdown Spec 0.29, section 4.10")
def markdown(results: Sequence[Result], records: ResultsReader) -> None:
    """Write leaderboard.md: the tables, to be pasted into a README."""
    text = "\n\n".join("\n".join(_lines(sheet)) for sheet in sheets(results))
    (records.folder / "leaderboard.md").write_text(text + "\n", encoding="utf-8")


def _lines(sheet: Sheet) -> Iterator[str]:
    yield f"**{_escaped(sheet.title)}**"
    yield ""
    heads = [_escaped(head) for head, _ in sheet.heads]
    rows = [[_cell(cell) for cell in row] for row in (*sheet.competing, *sheet.others)]
    widths = [max(3, *map(len, column)) for column in zip(heads, *rows, strict=True)]
    rules = [
        "-" * width if words else "-" * (width - 1) + ":" for width, (_, words) in zip(widths, sheet.heads, strict=True)
    ]
    for row in (heads, rules, *rows):
        padded = [
            text.ljust(width) if words else text.rjust(width)
            for text, width, (_, words) in zip(row, widths, sheet.heads, strict=True)
        ]
        yield f"| {' | '.join(padded)} |"
    yield ""
    yield from (f"- {_escaped(line)}" for line in sheet.legend)


def _cell(cell: Cell) -> str:
    text = _escaped(cell.text)
    return f"**{text}**" if cell.bold and text else text


def _escaped(text: str) -> str:
    return text.translate(SPECIAL)
