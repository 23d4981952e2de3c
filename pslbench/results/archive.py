"""A folder of results as one file."""

from __future__ import annotations

import os
import re
import shutil
import zlib
from contextlib import suppress
from pathlib import Path
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from pslbench.errors import InputError
from pslbench.results.codec import KEY
from pslbench.results.folder import FORMAT, MANIFEST, ResultsFolder

MADE_BY = "pslbench results, format "  # the file's comment, and FORMAT
MEMBER = re.compile(rf"manifest\.json|cells/{KEY}\.json|predictions/{KEY}\.npy|labels/{KEY}\.npz")


def pack(store: ResultsFolder, file: Path) -> None:
    """Write all cells of a folder, what stands beside them, and its manifest as a zip file.

    Equal folders give equal bytes: names are in order, and times are those of no day.

    Raises:
        InputError: where there is nothing to pack, `file` is there already, or it cannot be written.
    """
    if file.suffix != ".zip":
        raise InputError(f"an export is a zip file; call it {file.name}.zip")
    if file.exists():
        raise InputError(f"'{file}' is there already; remove it, or choose another with -o")
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with store.whole() as whole:
            if not (rows := whole.rows()):
                raise InputError(f"no cell has finished in '{store.folder}' yet; there is nothing to export")
            with ZipFile(partial, "w", ZIP_DEFLATED) as archive:
                archive.comment = f"{MADE_BY}{FORMAT}".encode()
                if store.runs():
                    archive.writestr(_member(MANIFEST), (store.folder / MANIFEST).read_bytes())
                for path in (path for row in rows for path in whole.files(row.key)):
                    archive.writestr(_member(f"{path.parent.name}/{path.name}"), path.read_bytes())
        partial.replace(file)
    except OSError as error:
        raise InputError(f"cannot write '{file}' ({error.strerror}); choose another with -o") from None
    finally:
        with suppress(OSError):
            partial.unlink()


def _member(name: str) -> ZipInfo:
    member = ZipInfo(name)
    member.compress_type = ZIP_DEFLATED
    return member


def unpack(file: Path, folder: Path) -> ResultsFolder:
    """What `pack` wrote, as a folder of results. Raises InputError where `file` is no such thing, or is damaged."""
    try:
        with ZipFile(file) as archive:
            _check(file, archive, shutil.disk_usage(folder).free)
            archive.extractall(folder)  # compares the CRC-32 of each
    except (OSError, BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "damaged, or no zip file"
        raise InputError(f"cannot read '{file}' ({why}); write it again with pslbench export") from None
    return ResultsFolder.open(folder)


def _check(file: Path, archive: ZipFile, free: int) -> None:
    """Raises InputError where an archive is not of `pack`, of a newer one, or too large when unpacked."""
    made_by, _, form = archive.comment.decode(errors="replace").partition(MADE_BY)
    if not made_by and form.isdecimal() and int(form) > FORMAT:
        raise InputError(f"'{file}' has format {form}, this pslbench reads those up to {FORMAT}: use a newer one")
    strange = [member.filename for member in archive.infolist() if not MEMBER.fullmatch(member.filename)]
    if made_by or not form.isdecimal() or strange:
        holds = f"; it holds {strange[0]!r}" if strange else ""
        raise InputError(f"'{file}' was not written by pslbench export{holds}")
    if (size := sum(member.file_size for member in archive.infolist())) > free:
        raise InputError(f"'{file}' unpacks to {size / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB are free; make room")
