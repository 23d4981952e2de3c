"""Tells in which encoding a text file is."""

import codecs
from collections.abc import Iterable
from pathlib import Path

from pslbench.errors import pluralize

UTF_8, UTF_16, WINDOWS = "utf-8-sig", "utf-16", "cp1252"  # as Python names them
BLOCK = 2**20  # bytes that are decoded at once


def detect_encoding(file: Path) -> str:
    """Return UTF-16 if the file begins with its mark, else UTF-8 if the file is valid UTF-8, else Windows-1252.

    Raises OSError if the file cannot be read.
    """
    decoder = codecs.getincrementaldecoder(UTF_8)()
    with file.open("rb") as stream:
        block = stream.read(BLOCK)
        if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return UTF_16
        try:
            while block:
                decoder.decode(block)
                block = stream.read(BLOCK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return WINDOWS
    return UTF_8


def describe_encodings(encodings: Iterable[str]) -> tuple[str, ...]:
    """Return a note about files that are not in UTF-8; an encoding for each file."""
    n = sum(encoding == WINDOWS for encoding in encodings)
    verb = "is not UTF-8 and is" if n == 1 else "are not UTF-8 and are"
    return (f"{pluralize(n, 'file')} {verb} read as Windows-1252; save as UTF-8 to be sure",) if n else ()
