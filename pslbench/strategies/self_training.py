from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Interval

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.selecting import Selection, bought, kept_and_bought


@strategy("self-training", enabled=False, trains=True, reference="Scudder 1965; Lee 2013, Pseudo-Label")
def self_training(
    pool: Pool,
    *,
    select: Selection = "medoids",
    threshold: Annotated[float, Interval(gt=0, le=1)] = 0.95,
    rounds: Annotated[int, Ge(1)] = 2,
) -> PseudoLabels:
    """Train on the labelled samples, then on what that classifier is sure of, in rounds.

    Takes a training and a prediction of the whole pool a round.

    Args:
        pool: with clusters.
        select: the samples that are labelled: those nearest cluster centres, the most typical of their cluster
            (typiclust), or random ones.
        threshold: the probability from which on a prediction becomes a pseudo-label.
        rounds: how often it is trained before its last predictions are given to the trainer.
    """
    chosen, labels = bought(pool, select)
    now = PseudoLabels(chosen, labels)
    for _ in range(rounds):
        probabilities = pool.train(now).predict_proba(pool.x)
        sure = probabilities.max(axis=1) >= threshold
        now = kept_and_bought(probabilities.argmax(axis=1), sure, chosen, labels)
    return now
