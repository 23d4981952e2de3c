"""Folders of the user."""

import os
import tempfile
from pathlib import Path


def cache_root() -> Path:
    """Return the folder of stages and downloads: `PSLBENCH_CACHE_DIR`, else one in the user's cache folder."""
    import platformdirs

    if folder := os.environ.get("PSLBENCH_CACHE_DIR"):
        return Path(expand_home(folder))
    try:
        return Path(platformdirs.user_cache_dir("pslbench"))
    except RuntimeError:  # the user has neither $HOME nor a home folder in the user database
        return temporary_cache()


def temporary_cache() -> Path:
    """Return the folder of the cache of a user without a home folder."""
    return Path(tempfile.gettempdir()) / f"pslbench-{os.getuid()}"


def expand_home(path: str) -> str:
    """Expand a leading `~`. A path stays as it is if there is no such home folder."""
    return os.path.expanduser(path)  # noqa: PTH111 - pathlib raises an exception instead
