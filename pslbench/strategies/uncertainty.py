from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.typiclust import most_typical

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pslbench.contracts.arrays import Floats

Measure = Literal["entropy", "margin", "least-confidence"]


@strategy("uncertainty", enabled=False, trains=True, reference="Settles 2009, Active Learning Literature Survey")
def uncertainty(pool: Pool, *, measure: Measure = "margin", rounds: Annotated[int, Ge(1)] = 3) -> PseudoLabels:
    """Label typical samples first, then, in rounds, those that the classifier trained so far is least certain of.

    Takes a training and a prediction of the whole pool a round after the first.

    Args:
        pool: with clusters.
        measure: of uncertainty.
        rounds: the first buys the most typical samples of the largest clusters; all buy the same number of labels.
    """
    import numpy as np

    sizes = [len(part) for part in np.array_split(np.arange(pool.budget), min(rounds, pool.budget))]
    chosen = most_typical(pool, sizes[0])
    labels = pool.label(chosen)
    for size in sizes[1:]:
        probabilities = pool.train(PseudoLabels(chosen, labels)).predict_proba(pool.x)
        doubt = doubts(probabilities, measure)
        doubt[chosen] = -np.inf
        asked = np.argsort(-doubt, kind="stable")[:size]
        chosen, labels = np.append(chosen, asked), np.append(labels, pool.label(asked))
    return PseudoLabels(chosen, labels)


def doubts(probabilities: Floats, measure: Measure) -> NDArray[Any]:
    """How uncertain each row of class probabilities, (n, classes), is, float64 (n,): more is less certain."""
    import numpy as np
    from scipy.stats import entropy

    p = np.asarray(probabilities, np.float64)
    if measure == "entropy":
        return np.asarray(entropy(p, axis=1))
    first, second = np.sort(p, axis=1)[:, [-1, -2]].T
    return np.asarray(second - first if measure == "margin" else -first)
