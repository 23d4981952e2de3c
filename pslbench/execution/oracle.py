"""The label account, the exam, and the door that keeps what stands behind it out of a strategy's reach."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from pslbench.contracts import PseudoLabels
from pslbench.errors import BudgetExceeded, ContractError

if TYPE_CHECKING:
    from pslbench.contracts import Predictor
    from pslbench.contracts.arrays import Floats, Ints


class LabelAccount:
    """The true labels of a pool, given out one by one and counted.

    Args:
        labels: int64 (n,).
        limit: how many distinct samples may be asked for.
    """

    def __init__(self, labels: Ints, limit: int) -> None:
        import numpy as np

        self._labels, self._limit = labels, limit
        self._asked = np.zeros(len(labels), bool)

    @property
    def asked(self) -> Ints:
        """The distinct samples that were asked for, int64 (spent,), ascending."""
        import numpy as np

        return np.flatnonzero(self._asked)

    def label(self, indices: Ints) -> Ints:
        """The true labels, int64 (m,), of samples `indices`, int64 (m,).

        Raises:
            BudgetExceeded: where more than the limit would be spent; nothing is charged then.
            ContractError: where an index is not in the pool.
        """
        if len(indices) and not (indices.min() >= 0 and indices.max() < len(self._labels)):
            raise ContractError(f"label() was asked for a sample outside 0 to {len(self._labels) - 1}")
        asked = self._asked.copy()
        asked[indices] = True
        if asked.sum() > self._limit:
            raise BudgetExceeded(f"{asked.sum()} labels asked for, but the budget is {self._limit}")
        self._asked = asked
        return self._labels[indices]


class TestSet:
    """The test set's labels, int64 (n_test,), and how often a trainer looked at them."""

    def __init__(self, labels: Ints, n_classes: int) -> None:
        self._labels, self._n_classes, self.looks = labels, n_classes, 0

    def look(self, probabilities: Floats) -> float:
        """Test accuracy of class probabilities, float (n_test, classes). Counted."""
        self.looks += 1
        return float((self.check(probabilities).argmax(axis=1) == self._labels).mean())

    def check(self, probabilities: Floats) -> Floats:
        """The same probabilities. Raises ContractError where they are none."""
        return check_probabilities(probabilities, len(self._labels), self._n_classes)


class CheckedPredictor:
    """A classifier that a strategy had trained: what it predicts is checked as what is scored is."""

    def __init__(self, predictor: Predictor, n_classes: int) -> None:
        self._predictor, self._n_classes = predictor, n_classes

    def predict_proba(self, x: Floats) -> Floats:
        return check_probabilities(self._predictor.predict_proba(x), len(x), self._n_classes)


def check_probabilities(probabilities: Floats, n: int, n_classes: int) -> Floats:
    """The same probabilities, float (n, n_classes). Raises ContractError where they are none."""
    import numpy as np

    probabilities = np.asarray(probabilities)
    if probabilities.shape != (n, n_classes):
        raise ContractError(f"predict_proba must give {(n, n_classes)}, samples by classes, not {probabilities.shape}")
    if not (probabilities.min() >= 0 and np.allclose(probabilities.sum(axis=1), 1, atol=1e-2)):
        raise ContractError("predict_proba must give probabilities: not negative, and 1 in sum for each sample")
    return probabilities


class _Request(NamedTuple):
    door: int
    argument: Any
    reply: SimpleQueue[tuple[Any, BaseException | None]]


class _Door:
    """A callable that leads to nothing but a queue."""

    def __init__(self, requests: SimpleQueue[_Request | None], number: int, closed: threading.Event) -> None:
        self._requests, self._number, self._closed = requests, number, closed

    def __call__(self, argument: Any) -> Any:
        if self._closed.is_set():
            raise ContractError("this may be asked only while the strategy, or the trainer, that got it runs")
        reply: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        self._requests.put(_Request(self._number, argument, reply))
        value, error = reply.get()
        if error is not None:
            raise error
        return value


@contextmanager
def behind_doors(*answers: Callable[[Any], Any]) -> Iterator[tuple[Callable[[Any], Any], ...]]:
    """`answers`, run one at a time by a thread of their own, as callables from which neither they nor what they know
    can be reached."""
    requests: SimpleQueue[_Request | None] = SimpleQueue()
    closed = threading.Event()
    threading.Thread(target=_serve, args=(answers, requests), daemon=True).start()
    try:
        yield tuple(_Door(requests, number, closed) for number in range(len(answers)))
    finally:
        closed.set()
        requests.put(None)


def _serve(answers: Sequence[Callable[[Any], Any]], requests: SimpleQueue[_Request | None]) -> None:
    while (request := requests.get()) is not None:
        try:
            if not _is_plain(request.argument):  # methods of its own would run here, among what is hidden
                raise ContractError(f"ask with arrays of numpy, or PseudoLabels, not {type(request.argument).__name__}")
            request.reply.put((answers[request.door](request.argument), None))
        except BaseException as error:
            request.reply.put((None, _without_frames(error)))


def _is_plain(argument: Any) -> bool:
    import numpy as np

    if type(argument) is PseudoLabels:
        return all(value is None or type(value) is np.ndarray for value in vars(argument).values())
    return type(argument) in (int, np.ndarray)


def _without_frames(error: BaseException) -> BaseException:
    """The error with its traceback as a note: the frames themselves lead to what stands behind the door."""
    text = "".join(traceback.format_exception(error))
    error.add_note(f"behind the pool:\n{text}")
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
