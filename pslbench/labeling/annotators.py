"""Annotators that are no people: for tests, measurements and demonstrations."""

from collections.abc import Callable, Sequence

from pslbench.contracts.arrays import Generator
from pslbench.errors import InputError
from pslbench.labeling.session import Session


def simulate(session: Session, error_rate: float, seed: int) -> Callable[[Sequence[int]], None]:
    """Return a function that answers questions with the known labels of the heap.

    Args:
        session: its heap must have a label for every sample.
        error_rate: the probability of a wrong answer, which is then a class drawn at random.
        seed: of the errors. Whether an answer is wrong does not depend on the order of the questions.

    Raises:
        InputError: a sample has no label.
    """
    import numpy as np

    truth = session.heap.known
    if missing := sum(label is None for label in truth):
        raise InputError(f"a simulated annotator needs the label of every sample, but {missing:,} have none")
    classes = sorted({str(label) for label in truth})

    def answer(samples: Sequence[int]) -> None:
        for sample in samples:
            rng = np.random.default_rng([seed, sample])
            is_wrong = error_rate > 0 and rng.random() < error_rate
            label = _another(str(truth[sample]), classes, rng) if is_wrong else str(truth[sample])
            session.book.answer(sample, label, by="simulated")

    return answer


def _another(label: str, classes: Sequence[str], rng: Generator) -> str:
    others = [each for each in classes if each != label]
    return str(rng.choice(others)) if others else label
