"""Combinations that the report shows in detail: their predictions, their pseudo-labels and their dataset."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import TypeVar

import numpy as np

from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.contracts import Dataset
from pslbench.contracts.arrays import Floats, Ints
from pslbench.errors import InputError, one_line
from pslbench.reporters.html.rendering import SectionUnavailable
from pslbench.reporters.html.sprites import SpriteSheet
from pslbench.results.records import LabelingRecord, Result, ResultsReader

Artifact = TypeVar("Artifact")


@dataclass(frozen=True, eq=False)
class InspectedCombination:
    """One combination with its predictions and pseudo-labels. Its properties raise SectionUnavailable.

    Attributes:
        title: its text in the menu.
        entry: its rows for all seeds. Images show the first seed.
        sheet: its dataset with the sprites of the pool, or the reason why the dataset cannot be loaded, a sentence.
        reader: gives access to the stored arrays.
    """

    title: str
    entry: LeaderboardEntry
    sheet: SpriteSheet | str
    reader: ResultsReader

    @property
    def dataset(self) -> Dataset:
        """The dataset, if it can be loaded."""
        if isinstance(self.sheet, str):
            raise SectionUnavailable(self.sheet)
        return self.sheet.dataset

    @property
    def sprites(self) -> SpriteSheet:
        """The images of the pool, if the samples are images."""
        if not self.dataset.is_images:
            raise SectionUnavailable(
                f"The samples of {self.entry.part('dataset')} are {self.dataset.kind}, not images."
            )
        assert isinstance(self.sheet, SpriteSheet)
        return self.sheet

    @cached_property
    def labeling(self) -> LabelingRecord:
        """The labeling of the pool with the first seed that has one."""
        for record in self._read_artifacts(self.reader.labeling):
            if record is not None:
                return record
        raise SectionUnavailable(
            "An old version of pslbench computed these rows without storing labelings; run them again with --fresh."
        )

    @cached_property
    def predictions(self) -> tuple[Ints, Floats]:
        """True classes, int64 (m,), and class probabilities, float (m, classes), of the test samples of all seeds that
        have stored predictions."""
        probabilities = list(self._read_artifacts(self.reader.probabilities))
        return np.tile(self.dataset.y_test, len(probabilities)), np.concatenate(probabilities)

    @property
    def seeds_note(self) -> str:
        """A sentence about seeds without stored predictions; empty if there are none."""
        n_seeds, n_stored = len(self.entry.rows), len(self.predictions[0]) // len(self.dataset.y_test)
        return f"Only {n_stored} of {n_seeds} seeds have stored predictions. " if n_stored < n_seeds else ""

    def _read_artifacts(self, read: Callable[[Result], Artifact]) -> Iterator[Artifact]:
        """Yield the artifact of each seed that has one."""
        errors = []
        for row in self.entry.rows:
            try:
                yield read(row)
            except InputError as error:
                errors.append(error)
        if len(errors) == len(self.entry.rows):
            raise SectionUnavailable(f"{errors[0]}.")


def inspect_combinations(
    boards: Sequence[Sequence[LeaderboardEntry]],
    title: Callable[[LeaderboardEntry], str],
    reader: ResultsReader,
    max_combinations: int,
) -> list[InspectedCombination]:
    """Select the best combination of each board, then the second best of each, and so on; return them by board."""
    with_results = [[entry for entry in board if entry.rows] for board in boards]
    by_rank = [entry for rank in zip_longest(*with_results) for entry in rank if entry is not None]
    selected = {entry.combination for entry in by_rank[:max_combinations]}
    entries = [entry for board in with_results for entry in board if entry.combination in selected]
    first_rows = {entry.part("dataset"): entry.rows[0] for entry in reversed(entries)}
    sheets = {name: _load_dataset(f"sprites-{i}", row, reader) for i, (name, row) in enumerate(first_rows.items())}
    return [InspectedCombination(title(entry), entry, sheets[entry.part("dataset")], reader) for entry in entries]


def _load_dataset(sheet_name: str, row: Result, reader: ResultsReader) -> SpriteSheet | str:
    try:
        return SpriteSheet(sheet_name, reader.dataset(row))
    except Exception as error:  # a dataset of a plugin may raise anything
        return f"The dataset {row.dataset} cannot be loaded ({one_line(error)})."
