"""Lines about the progress of long loops in datasets and embedders."""

import sys
import time

REPORT_SECONDS = 10  # between two lines


class ProgressLines:
    """Prints a line such as `20,000 of 60,000 images` to standard error every ten seconds.

    Args:
        total: the number of samples.
        what: the samples in the plural, and what else the line says.
    """

    def __init__(self, total: int, what: str) -> None:
        self.total, self.what = total, what
        self._done, self._reported = 0, time.monotonic()

    def advance(self, count: int = 1) -> None:
        """Count samples that are done."""
        self._done += count
        if time.monotonic() - self._reported > REPORT_SECONDS:
            self._reported = time.monotonic()
            print(f"{self._done:,} of {self.total:,} {self.what}", file=sys.stderr, flush=True)
