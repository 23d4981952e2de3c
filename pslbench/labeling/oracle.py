"""Answers the queries of a strategy with the labels that people gave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from pslbench.contracts.arrays import Floats, Ints
from pslbench.errors import ContractError, InputError
from pslbench.execution.cache import Entry
from pslbench.execution.oracle import Corrections, LabelAccount
from pslbench.labeling.session import Session

Ask = Callable[[Sequence[int]], None]
"""Asks for the labels of samples. It returns when each has been labeled or skipped. It raises
`QuestionsOpenError` if nobody answers now, and `RestartError` if an earlier answer was taken back."""


class QuestionsOpenError(Exception):
    """The strategy cannot go on before more questions are answered."""


class RestartError(Exception):
    """The strategy begins again, with the answers so far: there is a new class, or an answer was taken back."""


class PersonOracle:
    """Answers the queries of one run of a strategy over the heap of a session.

    The strategy runs from its start, and all answers that exist are given at once. If a person skips a sample, the
    nearest sample that nobody has seen is asked instead, and its label stands in for that of the skipped sample while
    the strategy runs. `corrections` then takes the stand-in out of all training.

    Args:
        session: its answers.
        n_classes: the number of classes that the strategy was started with.
        ask: asks a person; None if no more questions are asked. The label of the nearest labeled sample then stands in
            for a missing one.
        samples: returns the samples of the heap.
        features: returns the features in which samples are near each other, float32 (n, d).
    """

    def __init__(
        self,
        session: Session,
        n_classes: int,
        ask: Ask | None,
        samples: Callable[[], Entry],
        features: Callable[[], Floats],
    ) -> None:
        self._session, self._n_classes, self._ask = session, n_classes, ask
        self.samples, self._read_features = samples, features
        self.account = LabelAccount(len(session.heap), session.settings.strategy_budget)
        self._calls, self._may_label = 0, True

    def begin(self, stage: str) -> None:
        self._may_label = stage != "train"

    def label(self, indices: Ints) -> Ints:
        """Return labels, int64 (m,), of samples, int64 (m,). It waits until each is answered.

        Raises:
            QuestionsOpenError: nobody answers now.
            RestartError: there are more classes than the strategy knows, or an answer was taken back.
        """
        import numpy as np

        if not self._may_label:
            raise ContractError("a trainer must not query labels; only the strategy may")
        self.account.charge(indices)
        samples: list[int] = list(dict.fromkeys(indices.tolist()))
        if samples and self._ask:
            self._session.book.note_questions(self._calls, samples)
            self._calls += 1
            self._ask_all(samples)
        classes = {label: code for code, label in enumerate(self._session.classes)}
        if len(classes) > self._n_classes:
            raise RestartError
        labels = {sample: classes[self._label_or_stand_in(sample)] for sample in samples}
        return np.array([labels[sample] for sample in indices.tolist()], np.int64)

    def _ask_all(self, samples: Sequence[int]) -> None:
        """Ask until each sample is labeled, or another sample is labeled instead of it."""
        book = self._session.book
        while unanswered := [each for each in map(self._current, samples) if not book.is_seen(each)]:
            assert self._ask is not None
            self._ask(unanswered)

    def _current(self, sample: int) -> int:
        """Return the sample to ask in place of this one: itself, or the last stand-in if it was skipped."""
        book = self._session.book
        if not book.is_skipped(sample):
            return sample
        for stand_in in book.stand_ins(sample):
            if not book.is_skipped(stand_in):
                return stand_in
        taken = {*self._session.audit, *self.account.asked.tolist()}
        free = [each for each in range(len(self._session.heap)) if each not in taken and not book.is_seen(each)]
        stand_in = self._nearest(sample, free)
        book.note_stand_in(sample, stand_in)
        return stand_in

    def _label_or_stand_in(self, sample: int) -> str:
        book = self._session.book
        candidates = [sample, *reversed(book.stand_ins(sample))] if book.is_skipped(sample) else [sample]
        for each in candidates:
            if label := book.label_of(each):
                return label
        audit = set(self._session.audit)
        if not (labeled := [each for each in book.labeled if each not in audit]):
            raise InputError("no question of the strategy has been answered; answer some first")
        label = book.label_of(self._nearest(sample, labeled))
        assert label is not None
        return label

    def _nearest(self, sample: int, candidates: Sequence[int]) -> int:
        if not candidates:
            raise InputError("every sample has been seen; finish the session with pslbench label finish")
        rows = self._features[candidates] - self._features[sample]
        return candidates[int((rows * rows).sum(axis=1).argmin())]

    @cached_property
    def _features(self) -> Floats:
        return self._read_features()

    def corrections(self, is_final: bool) -> Corrections:
        """Return what the answers change about pseudo-labels of the strategy.

        Samples without a label of their own are left out. Added are stand-ins and labels from before the session. When
        the strategy has ended, all other answers are added, such as those to questions that it does not ask any more.
        They must not take part earlier, because the strategy would then ask other questions than before. The audit
        never takes part.
        """
        import numpy as np

        book, classes = self._session.book, {label: code for code, label in enumerate(self._session.classes)}
        asked = self.account.asked.tolist()
        skipped = [sample for sample in asked if book.label_of(sample) is None]
        stand_ins = {each for sample in skipped for each in book.stand_ins(sample)}
        added = book.labeled if is_final else sorted(book.given | stand_ins)
        left_out = {*asked, *self._session.audit} - book.given
        known = [each for each in added if each not in left_out and book.label_of(each) is not None]
        labels = [classes[str(book.label_of(each))] for each in known]
        return Corrections(np.array(skipped, np.int64), np.array(known, np.int64), np.array(labels, np.int64))

    def test_accuracy(self, probabilities: Floats) -> float:  # noqa: ARG002
        raise ContractError("a heap has no test set, so a trainer cannot choose by test accuracy; use another setting")
