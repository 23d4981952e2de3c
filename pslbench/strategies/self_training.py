from typing import Annotated

from annotated_types import Ge, Interval

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.selection import Selection, combine_labels, query_labels


@strategy("self-training", enabled=False, trains=True, reference="Scudder 1965; Lee 2013, Pseudo-Label")
def self_training(
    pool: Pool,
    *,
    select: Selection = "medoids",
    threshold: Annotated[float, Interval(gt=0, le=1)] = 0.95,
    rounds: Annotated[int, Ge(1)] = 2,
) -> PseudoLabels:
    """Train on labeled samples, then, in rounds, on the confident predictions of the current classifier.

    Each round takes one training and one prediction of the whole pool.

    Args:
        select: the samples to label: cluster medoids, the most typical samples (typiclust), or random ones.
        threshold: the least probability of a prediction that becomes a pseudo-label.
        rounds: the number of trainings before the last predictions go to the trainer.
    """
    queried = pseudo_labels = query_labels(pool, select)
    for _ in range(rounds):
        probabilities = pool.train(pseudo_labels).predict_proba(pool.x)
        is_confident = probabilities.max(axis=1) >= threshold
        pseudo_labels = combine_labels(queried, probabilities.argmax(axis=1), is_confident)
    return pseudo_labels
