"""Combinations that the report shows in detail: their predictions, their pseudo-labels and their dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeVar

from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.contracts import Dataset
from pslbench.errors import InputError, one_line
from pslbench.reporters.html.rendering import SectionUnavailable
from pslbench.reporters.html.sprites import SpriteSheet
from pslbench.results.records import LabelingRecord, Result, ResultsReader

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats, Ints

Artifact = TypeVar("Artifact")


@dataclass(frozen=True, eq=False)
class InspectedDataset:
    """A dataset, or the reason why it cannot be loaded.

    Attributes:
        name: the dataset as a user would type it.
        sheet: the dataset with the sprites of its pool; None if it cannot be loaded.
        error: the reason, a sentence.
    """

    name: str
    sheet: SpriteSheet | None
    error: str = ""

    @property
    def value(self) -> Dataset:
        """The dataset. Raises SectionUnavailable: it cannot be loaded."""
        if self.sheet is None:
            raise SectionUnavailable(self.error)
        return self.sheet.dataset

    @property
    def sprites(self) -> SpriteSheet:
        """The images of the pool. Raises SectionUnavailable: the samples are not images."""
        if self.sheet is None or self.value.x_train.ndim != 4:
            raise SectionUnavailable(self.error or f"The samples of {self.name} are vectors, not images.")
        return self.sheet


@dataclass(frozen=True, eq=False)
class InspectedCombination:
    """One combination with its predictions and pseudo-labels.

    Attributes:
        title: its text in the menu.
        entry: its rows for all seeds. Images show the first seed.
        dataset: its dataset.
        reader: gives access to the stored arrays.
    """

    title: str
    entry: LeaderboardEntry
    dataset: InspectedDataset
    reader: ResultsReader

    @cached_property
    def labeling(self) -> LabelingRecord:
        """The labeling of the pool with the first seed that has one. Raises SectionUnavailable: no seed has one."""
        for record in self._read_artifacts(self.reader.labeling):
            if record is not None:
                return record
        raise SectionUnavailable(
            "An old version of pslbench computed these rows without storing labelings; run them again with --fresh."
        )

    @cached_property
    def predictions(self) -> tuple[Ints, Floats]:
        """True classes, int64 (m,), and class probabilities, float (m, classes), of the test samples of all seeds.

        Seeds without stored predictions are skipped. Raises SectionUnavailable: no seed has predictions.
        """
        import numpy as np

        probabilities = list(self._read_artifacts(self.reader.probabilities))
        return np.tile(self.dataset.value.y_test, len(probabilities)), np.concatenate(probabilities)

    @property
    def seeds_note(self) -> str:
        """A sentence about seeds without stored predictions; empty if there are none."""
        n_seeds, n_stored = len(self.entry.rows), len(self.predictions[0]) // len(self.dataset.value.y_test)
        return f"Only {n_stored} of {n_seeds} seeds have stored predictions. " if n_stored < n_seeds else ""

    def _read_artifacts(self, read: Callable[[Result], Artifact]) -> Iterator[Artifact]:
        """Yield the artifact of each seed that has one. Raises SectionUnavailable: no seed has one."""
        errors = []
        for row in self.entry.rows:
            try:
                artifact = read(row)
            except InputError as error:
                errors.append(error)
            else:
                yield artifact
        if len(errors) == len(self.entry.rows):
            raise SectionUnavailable(f"{errors[0]}.")


def inspect_combinations(
    boards: Sequence[Sequence[LeaderboardEntry]],
    title: Callable[[LeaderboardEntry], str],
    reader: ResultsReader,
    max_combinations: int,
) -> tuple[InspectedCombination, ...]:
    """Select the best combination of each board, then the second best of each, and so on; return them by board."""
    with_results = [[entry for entry in board if entry.rows] for board in boards]
    by_rank = [entry for rank in zip_longest(*with_results) for entry in rank if entry is not None]
    selected = {id(entry) for entry in by_rank[:max_combinations]}
    entries = [entry for board in with_results for entry in board if id(entry) in selected]
    first_rows = {entry.part("dataset"): entry.rows[0] for entry in reversed(entries)}
    datasets = {name: _load_dataset(f"sprites-{i}", row, reader) for i, (name, row) in enumerate(first_rows.items())}
    return tuple(InspectedCombination(title(s), s, datasets[s.part("dataset")], reader) for s in entries)


def _load_dataset(sheet_name: str, row: Result, reader: ResultsReader) -> InspectedDataset:
    try:
        return InspectedDataset(row.dataset, SpriteSheet(sheet_name, reader.dataset(row)))
    except Exception as error:  # a dataset of a plugin may raise anything
        return InspectedDataset(row.dataset, None, f"The dataset {row.dataset} cannot be loaded ({one_line(error)}).")
