from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pslbench.parts import reporter
from pslbench.reporters.typeset_tables import Cell, Sheet, sheets
from pslbench.results.records import Result, ResultsReader

SPECIAL = str.maketrans(
    {
        **{c: f"\\{c}" for c in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "±": r"$\pm$",
        "≈": r"$\approx$",
        "∞": r"$\infty$",
        "†": r"$\dagger$",
        "·": r"$\cdot$",
    }
)


@reporter("latex", writes=True, enabled=False)
def latex(results: Sequence[Result], records: ResultsReader) -> None:
    """Write leaderboard.tex: the tables as they stand in papers, for \\input; they want the package booktabs."""
    text = "\n\n".join("\n".join(_lines(sheet)) for sheet in sheets(results))
    (records.folder / "leaderboard.tex").write_text(f"% \\usepackage{{booktabs}}\n\n{text}\n", encoding="utf-8")


def _lines(sheet: Sheet) -> Iterator[str]:
    yield r"\begin{table}"
    yield r"  \centering\footnotesize\setlength{\tabcolsep}{4pt}"
    yield rf"  \caption{{{_escaped(sheet.title)}}}"
    yield rf"  \label{{tab:{re.sub(r'[^a-z0-9]+', '-', sheet.title.lower()).strip('-')}}}"
    yield rf"  \begin{{tabular}}{{{''.join('l' if words else 'r' for _, words in sheet.heads)}}}"
    yield r"    \toprule"
    yield _row([Cell(head) for head, _ in sheet.heads])
    for part in (sheet.competing, sheet.others):
        if part:
            yield r"    \midrule"
            yield from map(_row, part)
    yield r"    \bottomrule"
    yield r"  \end{tabular}"
    yield r"  \par\smallskip\raggedright\scriptsize"
    yield "  " + r" \\ ".join(map(_escaped, sheet.legend))
    yield r"\end{table}"


def _row(cells: Sequence[Cell]) -> str:
    return f"    {' & '.join(map(_cell, cells))} \\\\"


def _cell(cell: Cell) -> str:
    text = _escaped(cell.text)
    return rf"\textbf{{{text}}}" if cell.bold and text else text


def _escaped(text: str) -> str:
    return text.translate(SPECIAL)
