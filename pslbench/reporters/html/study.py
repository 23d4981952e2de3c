"""What all sections of the report speak of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from statistics import fmean

from pslbench.analysis.leaderboard import LeaderboardEntry, boards
from pslbench.reporters.formats import few_seeds_note, pluralize
from pslbench.results.records import Result, ResultsReader

IN_CHARTS = 20  # series that can still be told apart: colours times dashes


@dataclass(frozen=True, eq=False)
class Study:
    """The results of a folder.

    Attributes:
        results, records: as a reporter gets them.
        boards: combinations by data set and budget, the best first.
        varying: the parts beside the strategy that differ within the folder, and so belong to a row's name.
        series: the names in the charts, the best first; as many as can be told apart.
        left_out: how many more there are.
    """

    results: Sequence[Result]
    records: ResultsReader
    boards: list[list[LeaderboardEntry]]
    varying: tuple[str, ...]
    series: tuple[str, ...] = ()
    left_out: int = 0

    def name(self, entry: LeaderboardEntry) -> str:
        """What a combination is called among those of its board."""
        parts = (entry.part(kind) for kind in self.varying)
        return " · ".join([entry.part("strategy"), *(part for part in parts if part != "-")])

    def title(self, board: Sequence[LeaderboardEntry]) -> str:
        dataset, budget = board[0].combination[:2]
        return f"{dataset}, {pluralize(budget, 'label')}"

    @property
    def note(self) -> str:
        """What charts leave out."""
        return f"{self.left_out} more do not fit into charts; the leaderboard has them." if self.left_out else ""

    @property
    def few(self) -> str:
        return few_seeds_note(entry for board in self.boards for entry in board)

    @property
    def datasets(self) -> list[str]:
        return list(dict.fromkeys(board[0].part("dataset") for board in self.boards))

    def charted(self, board: Sequence[LeaderboardEntry]) -> list[LeaderboardEntry]:
        """The combinations of a board that ended well and are in charts."""
        return [entry for entry in board if entry.rows and self.name(entry) in self.series]


def study(results: Sequence[Result], records: ResultsReader) -> Study:
    found = boards(results)
    texts = {kind: {s.part(kind) for board in found for s in board} - {"-"} for kind in KINDS}
    bare = Study(results, records, found, tuple(kind for kind in KINDS if len(texts[kind]) > 1))
    accuracies: dict[str, list[float]] = {}
    competing = set()
    for board in found:
        for entry in board:
            accuracies.setdefault(bare.name(entry), []).append(entry.score("test_accuracy").mean)
            competing |= {bare.name(entry)} if entry.ranked else set()

    def place(name: str) -> tuple[bool, float, str]:
        known = [value for value in accuracies[name] if not isnan(value)]
        return name not in competing, -fmean(known) if known else 0, name

    well = [name for name in sorted(accuracies, key=place) if not all(map(isnan, accuracies[name]))]
    return Study(results, records, found, bare.varying, tuple(well[:IN_CHARTS]), len(well[IN_CHARTS:]))


KINDS = ("clusterer", "embedder", "trainer")
