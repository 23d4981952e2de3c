"""Questions in a CSV file that a person fills in."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from pslbench.contracts.samples import Table, Texts
from pslbench.datasets.encodings import detect_encoding
from pslbench.errors import InputError, join_names, pluralize, suggest
from pslbench.labeling.oracle import QuestionsOpenError
from pslbench.labeling.session import Session

NAME, LABEL, SKIP = "sample", "label", "?"
QUESTIONS = "questions.csv"


def write_questions(session: Session, samples: Sequence[int]) -> None:
    """Write questions, and those of the audit that are open, in random order. Raises QuestionsOpenError when done.

    The audit is mixed with the others so that a person cannot tell which is which.
    """
    questions = session.mix_with_audit(samples, len(session.audit))
    path = session.folder / QUESTIONS
    partial = path.with_name(f".{QUESTIONS}")
    try:
        with partial.open("w", newline="", encoding="utf-8-sig") as file:  # spreadsheets need the mark of UTF-8
            writer = csv.writer(file)
            for row in _rows(session, questions):
                writer.writerow(row)
        partial.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path} ({error.strerror}); close it in other programs, and run again") from None
    raise QuestionsOpenError


def _rows(session: Session, samples: Sequence[int]) -> list[list[str]]:
    """Return the header, and a row for each sample: its name, the label to fill in, and its content if that is text."""
    names, x = session.heap.names, session.heap.x
    if isinstance(x, Texts):
        return [[NAME, LABEL, "text"], *([names[i], "", x[i]] for i in samples)]
    if isinstance(x, Table):
        frame = x[list(samples)].to_frame()
        contents = frame.astype(object).where(frame.notna(), "").to_numpy().tolist()
        rows = zip((names[i] for i in samples), contents, strict=True)
        return [[NAME, LABEL, *map(str, frame.columns)], *([name, "", *map(str, content)] for name, content in rows)]
    return [[NAME, LABEL], *([names[i], ""] for i in samples)]


def read_answers(session: Session, annotator: str) -> int:
    """Read the labels that a person filled in, record those that are new, and return their number.

    Lines may be missing, repeated or in another order. An empty label leaves the question open, and `?` means that the
    person cannot tell.

    Raises:
        InputError: a line names an unknown sample or class, or two lines of one sample differ. Nothing is recorded.
    """
    path = session.folder / QUESTIONS
    if not path.exists():
        return 0
    answers = _checked(session, path)
    new = {sample: label for sample, label in answers.items() if _is_new(session, sample, label)}
    for sample, label in new.items():
        if label == SKIP:
            session.book.skip(sample, annotator)
        else:
            session.book.answer(sample, label, annotator)
    return len(new)


def _is_new(session: Session, sample: int, label: str) -> bool:
    book = session.book
    return not book.is_skipped(sample) if label == SKIP else book.label_of(sample) != label


def _checked(session: Session, path: Path) -> dict[int, str]:
    answers: dict[int, str] = {}
    try:
        text = path.read_text(encoding=detect_encoding(path), errors="replace")
        lines = list(csv.DictReader(io.StringIO(text), dialect=_dialect(text.partition("\n")[0])))
    except (OSError, csv.Error) as error:
        raise InputError(f"cannot read {path} ({error}); repair it, and run again") from None
    if lines and not {NAME, LABEL} <= set(lines[0]):
        raise InputError(
            f"{path} needs the columns {NAME} and {LABEL}; it has {join_names([str(each) for each in lines[0]])}"
        )
    unknown = [line[NAME] for line in lines if line[NAME] not in session.index]
    if unknown:
        problem = f"{pluralize(len(unknown), 'line')} of {path} name no sample of this heap, such as '{unknown[0]}'"
        raise InputError(f"{problem}; restore the column {NAME}, or remove the lines")
    for line in lines:
        label = (line[LABEL] or "").strip()
        if not label:
            continue
        sample = session.index[line[NAME]]
        if answers.setdefault(sample, label) != label:
            raise InputError(f"{path} gives {line[NAME]} the labels '{answers[sample]}' and '{label}'; keep one")
        _check_class(session, path, label)
    return answers


def _check_class(session: Session, path: Path, label: str) -> None:
    given = session.settings.classes
    if label != SKIP and given and label not in session.classes:
        advice = f"correct it, or add the class with --add-class '{label}'"
        raise InputError(
            f"{path} has the label '{label}', which is no class ({suggest(label, session.classes)}); {advice}"
        )


def _dialect(header: str) -> type[csv.Dialect] | str:
    """Return the form of a file that a spreadsheet may have saved with semicolons or tabs."""
    try:
        return csv.Sniffer().sniff(header, ",;\t")
    except csv.Error:
        return "excel"
