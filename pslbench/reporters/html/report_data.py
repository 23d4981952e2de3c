"""The data that all sections of the report share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

from pslbench.analysis.leaderboard import LeaderboardEntry, boards
from pslbench.analysis.statistics import MIN_SEEDS
from pslbench.reporters.formats import board_title
from pslbench.reporters.html.inspected import InspectedCombination, inspect_combinations
from pslbench.reporters.leaderboard_table import varying_parts
from pslbench.results.records import UNUSED, Result, ResultsReader

MAX_SERIES = 20  # series that a reader can tell apart by color and dash

Board = Sequence[LeaderboardEntry]


@dataclass(frozen=True, eq=False)
class ReportData:
    """The results of a folder.

    Attributes:
        results, reader: the arguments of the reporter.
        max_combinations: the largest number of combinations that the report shows in detail.
        max_map_samples: the largest number of samples in a map.
    """

    results: Sequence[Result]
    reader: ResultsReader
    max_combinations: int
    max_map_samples: int

    @cached_property
    def boards(self) -> Sequence[Board]:
        """The combinations by dataset and budget, the best first."""
        return boards(self.results, reader=self.reader)

    @cached_property
    def entries(self) -> Board:
        return [entry for board in self.boards for entry in board]

    @property
    def datasets(self) -> list[str]:
        return list(dict.fromkeys(entry.part("dataset") for entry in self.entries))

    @property
    def lacks_intervals(self) -> bool:
        """Whether a combination has too few seeds for confidence intervals."""
        return any(0 < len(entry.rows) < MIN_SEEDS for entry in self.entries)

    @cached_property
    def inspected(self) -> list[InspectedCombination]:
        """The combinations that the report shows in detail."""

        def title(entry: LeaderboardEntry) -> str:
            return f"{board_title([entry])} · {self.series_name(entry)}"

        return inspect_combinations(self.boards, title, self.reader, self.max_combinations)

    @cached_property
    def varying_parts(self) -> list[str]:
        return varying_parts(self.entries)

    def series_name(self, entry: LeaderboardEntry) -> str:
        """Return the strategy and the parts that differ between combinations, without dataset and budget."""
        return " · ".join(part for part in map(entry.part, self.varying_parts) if part != UNUSED)

    @cached_property
    def all_series(self) -> list[str]:
        """The names of all series with results: those that compete first, then by mean test accuracy."""
        by_name: dict[str, list[LeaderboardEntry]] = {}
        for entry in self.entries:
            if entry.rows:
                by_name.setdefault(self.series_name(entry), []).append(entry)

        def sort_key(name: str) -> tuple[bool, float, str]:
            competes = any(entry.ranked for entry in by_name[name])
            return not competes, -fmean(entry.score("test_accuracy").mean for entry in by_name[name]), name

        return sorted(by_name, key=sort_key)

    @property
    def series(self) -> list[str]:
        """The series in the charts."""
        return self.all_series[:MAX_SERIES]

    def select_charted(self, entries: Iterable[LeaderboardEntry]) -> list[LeaderboardEntry]:
        """Return the leaderboard entries that have results and one of the series that the charts show."""
        return [entry for entry in entries if entry.rows and self.series_name(entry) in self.series]

    def charted_entries(self, dataset: str) -> list[LeaderboardEntry]:
        """Return the charted entries of a dataset, for all budgets."""
        return self.select_charted(entry for entry in self.entries if entry.part("dataset") == dataset)
