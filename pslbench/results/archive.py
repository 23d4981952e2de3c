"""A folder of results as a zip file."""

import os
import re
import shutil
import zlib
from contextlib import suppress
from pathlib import Path
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from pslbench.errors import InputError
from pslbench.results.codec import FORMAT, KEY_PATTERN
from pslbench.results.folder import FILES, ResultsFolder
from pslbench.results.manifest import MANIFEST

ZIP_COMMENT = "pslbench results, format "  # the comment of the zip file, followed by FORMAT
FILE_PATTERNS = [f"{kind}/{KEY_PATTERN}{re.escape(suffix)}" for kind, suffix in FILES.items()]
MEMBER_PATTERN = "|".join([re.escape(MANIFEST), *FILE_PATTERNS])


def pack(folder: ResultsFolder, file: Path) -> None:
    """Write all cells of a folder, their sidecar files and the manifest to a zip file.

    Equal folders give equal bytes: names are sorted, and timestamps are zeroed.

    Raises:
        InputError: the folder has no cells, or `file` exists or cannot be written.
    """
    if file.suffix != ".zip":
        raise InputError(f"an export is a zip file; name it {file.name}.zip")
    if file.exists():
        raise InputError(f"'{file}' exists already; remove it, or choose another name with -o")
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with folder.with_cells() as source:
            if not (rows := source.all_rows()):
                raise InputError(f"no cell has finished in '{folder.path}' yet, so there is nothing to export")
            with ZipFile(partial, "w") as archive:
                archive.comment = f"{ZIP_COMMENT}{FORMAT}".encode()
                if folder.runs():
                    archive.writestr(ZipInfo(MANIFEST), (folder.path / MANIFEST).read_bytes(), ZIP_DEFLATED)
                for path in (path for row in rows for path in source.files_of(row.key)):
                    archive.writestr(ZipInfo(f"{path.parent.name}/{path.name}"), path.read_bytes(), ZIP_DEFLATED)
        partial.replace(file)
    except OSError as error:
        raise InputError(f"cannot write '{file}' ({error.strerror}); choose another name with -o") from None
    finally:
        with suppress(OSError):
            partial.unlink()


def unpack(file: Path, folder: Path) -> ResultsFolder:
    """Extract what `pack` wrote into a folder. Raises InputError if `file` is something else or damaged."""
    if not file.is_file():
        raise InputError(f"there is no file '{file}'; give the path of a file that pslbench export wrote")
    try:
        with ZipFile(file) as archive:
            _check(file, archive, shutil.disk_usage(folder).free)
            archive.extractall(folder)  # checks the CRC-32 of each file
    except (OSError, BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "damaged, or not a zip file"
        raise InputError(f"cannot read '{file}' ({why}); export it again with pslbench export") from None
    return ResultsFolder.open(folder)


def _check(file: Path, archive: ZipFile, free: int) -> None:
    """Raises InputError if `pack` did not write the archive, a newer version did, or it does not fit on the disk."""
    made_by, _, form = archive.comment.decode(errors="replace").partition(ZIP_COMMENT)
    if not made_by and form.isdecimal() and int(form) > FORMAT:
        raise InputError(f"'{file}' has format {form}, and this pslbench reads formats up to {FORMAT}; update it")
    strange = [member.filename for member in archive.infolist() if not re.fullmatch(MEMBER_PATTERN, member.filename)]
    if made_by or not form.isdecimal() or strange:
        holds = f"; it contains {strange[0]!r}" if strange else ""
        raise InputError(f"'{file}' was not written by pslbench export{holds}")
    if (size := sum(member.file_size for member in archive.infolist())) > free:
        raise InputError(
            f"'{file}' unpacks to {size / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB are free; free some space"
        )
