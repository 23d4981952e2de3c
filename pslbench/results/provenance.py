"""Which rows of a folder belong together: those with the data and the code that the last run used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pslbench.results.records import Combination, Result


@dataclass(frozen=True)
class Provenance:
    """What a row must have been computed with to be current.

    Attributes:
        dataset_checksums: the checksum of each dataset.
        fingerprints: the fingerprint of each combination.
    """

    dataset_checksums: Mapping[str, str]
    fingerprints: Mapping[Combination, str]

    def covers(self, row: Result) -> bool:
        """Whether a row is current."""
        current = self.dataset_checksums[row.dataset], self.fingerprints[row.combination]
        return (row.checksum, row.fingerprint) == current


def provenance_of(rows: Iterable[Result], runs: Iterable[Mapping[str, Any]]) -> Provenance:
    """Return the provenance of current rows: what the last run declared, else what the last row was computed with."""
    by_age = sorted(rows, key=lambda row: row.finished)
    checksums = {row.dataset: row.checksum for row in by_age}
    fingerprints = {row.combination: row.fingerprint for row in by_age}
    for run in runs:
        checksums |= run.get("dataset_checksums", {})
        fingerprints |= {tuple(combination): last for *combination, last in run.get("fingerprints", [])}
    return Provenance(checksums, fingerprints)
