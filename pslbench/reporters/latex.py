"""The tables in LaTeX."""

import re
from collections.abc import Iterator, Sequence

from pslbench.reporters.typeset_tables import TableCell, TypesetTable, typeset_tables
from pslbench.results.records import Result, ResultsReader

ESCAPES = str.maketrans(
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
        "⊥": r"$\bot$",
        "†": r"$\dagger$",
        "·": r"$\cdot$",
    }
)


def format_latex(results: Sequence[Result], reader: ResultsReader) -> str:
    """Return a `table` environment for each table of the results. They need the package booktabs."""
    text = "\n\n".join("\n".join(_format_table(table)) for table in typeset_tables(results, reader))
    return f"% \\usepackage{{booktabs}}\n\n{text}\n"


def _format_table(table: TypesetTable) -> Iterator[str]:
    yield r"\begin{table}"
    yield r"  \centering\footnotesize\setlength{\tabcolsep}{4pt}"
    yield rf"  \caption{{{_escape(table.title)}}}"
    yield rf"  \label{{tab:{re.sub(r'[^a-z0-9]+', '-', table.title.lower()).strip('-')}}}"
    yield rf"  \begin{{tabular}}{{{''.join('l' if is_text else 'r' for _, is_text in table.headers)}}}"
    yield r"    \toprule"
    yield _format_row([TableCell(title) for title, _ in table.headers])
    for rows in (table.rows[: table.n_competing], table.rows[table.n_competing :]):
        if rows:
            yield r"    \midrule"
            yield from map(_format_row, rows)
    yield r"    \bottomrule"
    yield r"  \end{tabular}"
    yield r"  \par\smallskip\raggedright\scriptsize"
    yield "  " + r" \\ ".join(map(_escape, table.legend))
    yield r"\end{table}"


def _format_row(cells: Sequence[TableCell]) -> str:
    return f"    {' & '.join(map(_format_cell, cells))} \\\\"


def _format_cell(cell: TableCell) -> str:
    text = _escape(cell.text)
    return rf"\textbf{{{text}}}" if cell.bold and text else text


def _escape(text: str) -> str:
    return text.translate(ESCAPES)
