"""Keeps other processes from a folder."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from pslbench.errors import InputError

LOCK, OWNER = ".lock", ".owner"  # files in the folder


@contextmanager
def lock_folder(folder: Path, describe: Callable[[str], str]) -> Iterator[None]:
    """Keep other processes from a folder, which must exist.

    Args:
        folder: the folder.
        describe: returns the message of the error, given the number of the process that holds the lock.

    Raises:
        InputError: another process holds the lock.
    """
    lock, owner = FileLock(folder / LOCK), folder / OWNER
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise InputError(describe(owner.read_text() if owner.exists() else "unknown")) from None
    try:
        with suppress(OSError):
            owner.write_text(str(os.getpid()))
        yield
    finally:
        lock.release()
