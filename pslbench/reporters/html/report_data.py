"""The data that all sections of the report share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from pslbench.analysis.leaderboard import LeaderboardEntry, boards
from pslbench.analysis.statistics import MIN_SEEDS
from pslbench.reporters.formats import pluralize
from pslbench.reporters.html.inspected import InspectedCombination, inspect_combinations
from pslbench.results.records import Result, ResultsReader

MAX_SERIES = 20  # series that a reader can tell apart by color and dash
OPTIONAL_PARTS = ("clusterer", "embedder", "trainer")

Board = Sequence[LeaderboardEntry]


@dataclass(frozen=True, eq=False)
class ReportData:
    """The results of a folder.

    Attributes:
        results, reader: the arguments of the reporter.
        boards: the combinations by dataset and budget, the best first.
        varying_parts: the parts besides the strategy that differ between combinations. They belong to a series name.
        all_series: the names of all combinations that have results, without dataset and budget, the best first.
        inspected: the combinations that the report shows in detail.
        max_map_samples: the largest number of samples in a map.
    """

    results: Sequence[Result]
    reader: ResultsReader
    boards: Sequence[Board]
    varying_parts: tuple[str, ...]
    all_series: tuple[str, ...]
    inspected: tuple[InspectedCombination, ...]
    max_map_samples: int

    @property
    def datasets(self) -> list[str]:
        return list(dict.fromkeys(board[0].part("dataset") for board in self.boards))

    @property
    def lacks_intervals(self) -> bool:
        """Whether a combination has too few seeds for confidence intervals."""
        return any(0 < len(entry.rows) < MIN_SEEDS for board in self.boards for entry in board)

    @property
    def series(self) -> tuple[str, ...]:
        """The series in the charts."""
        return self.all_series[:MAX_SERIES]

    def series_name(self, entry: LeaderboardEntry) -> str:
        """Return the strategy and the parts that differ between combinations."""
        return _series_name(entry, self.varying_parts)

    def select_charted(self, entries: Iterable[LeaderboardEntry]) -> list[LeaderboardEntry]:
        """Return the entries that have results and are in the charts."""
        return [entry for entry in entries if entry.rows and self.series_name(entry) in self.series]

    def charted_entries(self, dataset: str) -> list[LeaderboardEntry]:
        """Return the charted entries of a dataset, for all budgets."""
        return self.select_charted(s for board in self.boards for s in board if s.part("dataset") == dataset)


def collect_report_data(
    results: Sequence[Result], reader: ResultsReader, max_combinations: int, max_map_samples: int
) -> ReportData:
    """Return the data of a report."""
    all_boards = boards(results)
    entries = [entry for board in all_boards for entry in board]
    values = {kind: {entry.part(kind) for entry in entries} - {"-"} for kind in OPTIONAL_PARTS}
    varying_parts = tuple(kind for kind in OPTIONAL_PARTS if len(values[kind]) > 1)

    def inspected_title(entry: LeaderboardEntry) -> str:
        return f"{board_title([entry])} · {_series_name(entry, varying_parts)}"

    series = tuple(_rank_series(entries, varying_parts))
    inspected = inspect_combinations(all_boards, inspected_title, reader, max_combinations)
    return ReportData(results, reader, all_boards, varying_parts, series, inspected, max_map_samples)


def board_title(board: Board) -> str:
    """Return the dataset and the budget of a board."""
    dataset, budget = board[0].combination[:2]
    return f"{dataset}, {pluralize(budget, 'label')}"


def _series_name(entry: LeaderboardEntry, varying_parts: Iterable[str]) -> str:
    parts = (entry.part(kind) for kind in varying_parts)
    return " · ".join([entry.part("strategy"), *(part for part in parts if part != "-")])


def _rank_series(entries: Iterable[LeaderboardEntry], varying_parts: Iterable[str]) -> list[str]:
    """Return the names of all series with results: those that compete first, then by mean test accuracy."""
    by_name: dict[str, list[LeaderboardEntry]] = {}
    for entry in entries:
        if entry.rows:
            by_name.setdefault(_series_name(entry, varying_parts), []).append(entry)

    def sort_key(name: str) -> tuple[bool, float, str]:
        competes = any(entry.ranked for entry in by_name[name])
        return not competes, -fmean(entry.score("test_accuracy").mean for entry in by_name[name]), name

    return sorted(by_name, key=sort_key)
