from typing import Annotated, Literal

from annotated_types import Ge

from pslbench.contracts import Pool, PseudoLabels
from pslbench.contracts.arrays import Float64s, Floats
from pslbench.parts import strategy
from pslbench.strategies.selection import query_more
from pslbench.strategies.typiclust import select_typical

Measure = Literal["entropy", "margin", "least-confidence"]


@strategy("uncertainty", enabled=False, trains=True, reference="Settles 2009, Active Learning Literature Survey")
def uncertainty(pool: Pool, *, measure: Measure = "margin", rounds: Annotated[int, Ge(1)] = 3) -> PseudoLabels:
    """Label typical samples, then those that the current classifier is least certain of, and train on those alone.

    Each round after the first takes one training and one prediction of the whole pool.

    Args:
        measure: the measure of uncertainty.
        rounds: the number of rounds. The first labels the most typical samples of the largest clusters. All rounds
            query the same number of labels.
    """
    import numpy as np

    sizes = [len(part) for part in np.array_split(np.arange(pool.budget), min(rounds, pool.budget))]
    typical = select_typical(pool, sizes[0])
    queried = PseudoLabels(typical, pool.label(typical))
    for size in sizes[1:]:
        scores = uncertainty_scores(pool.train(queried).predict_proba(pool.x), measure)
        scores[queried.indices] = -np.inf
        queried = query_more(pool, queried, np.argsort(-scores, kind="stable")[:size])
    return queried


def uncertainty_scores(probabilities: Floats, measure: Measure) -> Float64s:
    """Return the uncertainty, float64 (n,), of class probabilities, (n, classes); higher is less certain."""
    import numpy as np
    from scipy.stats import entropy

    p = np.asarray(probabilities, np.float64)
    if measure == "entropy":
        return np.asarray(entropy(p, axis=1))
    first, second = np.sort(p, axis=1)[:, [-1, -2]].T
    return np.asarray(second - first if measure == "margin" else -first)
