"""Combinations that are looked at closely: with their predictions, what became of the pool, and the data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING

from pslbench.analysis.leaderboard import LeaderboardEntry
from pslbench.contracts import Dataset
from pslbench.errors import InputError, one_line
from pslbench.reporters.formats import pluralize
from pslbench.reporters.html.section import AbsentError, Item, panels
from pslbench.reporters.html.study import Study
from pslbench.results.records import LabelingRecord, Result, ResultsReader

if TYPE_CHECKING:
    from markupsafe import Markup

    from pslbench.contracts.arrays import Floats, Ints


@dataclass(frozen=True, eq=False)
class Data:
    """A data set, or why it is not to be had.

    Attributes:
        text: as a user would type it.
        found: None where it cannot be had.
        why: a sentence then.
    """

    text: str
    found: Dataset | None
    why: str = ""

    @property
    def get(self) -> Dataset:
        if self.found is None:
            raise AbsentError(self.why)
        return self.found

    @property
    def images(self) -> Dataset:
        """Raises AbsentError where samples are vectors."""
        if self.get.x_train.ndim != 4:
            raise AbsentError(f"The samples of {self.text} are vectors, not images; there is nothing to picture.")
        return self.get


@dataclass(frozen=True, eq=False)
class Look:
    """One combination.

    Attributes:
        title: what the menu calls it.
        standing: it over its seeds; pictures show the first.
        data: what it worked on.
    """

    title: str
    entry: LeaderboardEntry
    data: Data
    records: ResultsReader

    @cached_property
    def labeling(self) -> LabelingRecord:
        """What became of the pool with the first seed of which that is kept. Raises AbsentError where it is of none."""
        kept = next((each for each in self._kept(self.records.labeling) if each is not None), None)
        if kept is None:
            raise AbsentError(
                "These rows were made by a version that did not keep what became of the pool; "
                "run them again with --fresh to see it."
            )
        return kept

    @cached_property
    def predictions(self) -> tuple[Ints, Floats]:
        """True classes, int64 (m,), and class probabilities, float (m, classes), of the test samples, seed after seed.
        Seeds of which they are lost are left out. Raises AbsentError where they are of all."""
        import numpy as np

        given = list(self._kept(self.records.probabilities))
        return np.tile(self.data.get.y_test, len(given)), np.concatenate(given)

    @property
    def seeds(self) -> str:
        """A sentence on the seeds of which `predictions` are lost; empty where there are none."""
        rows, kept = len(self.entry.rows), len(self.predictions[0]) // len(self.data.get.y_test)
        return f"Of {kept} of {rows} seeds: what was predicted with the others is not kept. " if kept < rows else ""

    def _kept(self, look_up: Callable[[Result], Item]) -> Iterator[Item]:
        """What is kept beside the rows, seed after seed. Raises AbsentError where there is nothing."""
        found, lost = 0, ""
        for row in self.entry.rows:
            try:
                kept = look_up(row)
            except InputError as error:
                lost = lost or f"{error}."
            else:
                found += 1
                yield kept
        if not found:
            raise AbsentError(lost)


@dataclass(frozen=True, eq=False)
class Looks:
    """All of them.

    Attributes:
        looks: in the order of the boards.
        left_out: how many combinations more ended well.
    """

    looks: Sequence[Look]
    left_out: int = 0

    def panels(self, content: Callable[[Look], Markup]) -> Markup:
        """One at a time, and what is left out. Raises AbsentError where there is nothing to show of any."""
        note, total = "", len(self.looks) + self.left_out
        if self.left_out:
            left_out = pluralize(self.left_out, "more combination")
            note = f"{left_out} left out; pslbench report -f html:combinations={total} shows all."
        return panels("look", "Combination", self.looks, lambda look: look.title, content, note)


def looks(study: Study, most: int) -> Looks:
    """The best of each board, then the second best of each, and so on; `most` at most, in the order of the boards."""
    well = [[entry for entry in board if entry.rows] for board in study.boards]
    by_rank = [entry for rank in zip_longest(*well) for entry in rank if entry is not None]
    taken = {id(entry) for entry in by_rank[:most]}
    kept = [entry for board in well for entry in board if id(entry) in taken]
    data = {text: _data(study, text, kept) for text in dict.fromkeys(entry.part("dataset") for entry in kept)}
    found = [Look(f"{study.title([s])} · {study.name(s)}", s, data[s.part("dataset")], study.records) for s in kept]
    return Looks(found, len(by_rank) - len(found))


def _data(study: Study, text: str, entries: Sequence[LeaderboardEntry]) -> Data:
    row = next(entry.rows[0] for entry in entries if entry.part("dataset") == text)
    try:
        return Data(text, study.records.dataset(row))
    except Exception as error:  # a plugin's data set may fail in any way
        return Data(text, None, f"The data set {text} cannot be had here ({one_line(error)}).")
