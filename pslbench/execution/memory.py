"""The peak of the resident memory of this process."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path
from types import TracebackType


class PeakMemory:
    """A context manager that stores the peak, in MiB, in `peak_mb`.

    Linux resets its high-water mark at the start. On other systems the peak is that of the process so far.
    """

    peak_mb = 0.0

    def __enter__(self) -> PeakMemory:
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        self.peak_mb = round(_peak_mb(), 1)


def _peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(found[1]) / 1024
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)
