from typing import Annotated

from annotated_types import Ge, Interval

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.selection import Selection, query_labels


@strategy(
    "label-spreading",
    enabled=False,
    disabled_reason="poisson is stronger with few labels",
    uses=("clusters", "graph"),
    reference="Zhou et al. 2004, Local and Global Consistency",
)
def label_spreading(
    pool: Pool,
    *,
    select: Selection = "medoids",
    alpha: Annotated[float, Interval(gt=0, lt=1)] = 0.2,
    neighbors: Annotated[int, Interval(ge=1, le=20)] = 7,
    max_iter: Annotated[int, Ge(1)] = 30,
) -> PseudoLabels:
    """Spread labels over the graph with scikit-learn's LabelSpreading.

    Time grows with the number of edges. Samples that no label reaches in `max_iter` iterations get none.

    Args:
        select: the samples to label: cluster medoids, the most typical samples (typiclust), or random ones.
        alpha: the share of its label that a sample takes from its neighbors in each iteration.
        neighbors: the number of neighbors per sample in the graph.
        max_iter: the largest number of iterations.
    """
    import numpy as np
    from sklearn.semi_supervised import LabelSpreading

    from pslbench.strategies.propagation import label_by_scores

    queried = query_labels(pool, select)
    known = np.full(len(pool), -1)
    known[queried.indices] = queried.labels
    spreading = LabelSpreading(lambda *_: pool.graph.links(neighbors), alpha=alpha, max_iter=max_iter)
    fitted = spreading.fit(np.zeros((len(pool), 1)), known)
    scores = np.zeros((len(pool), pool.n_classes))
    scores[:, fitted.classes_] = np.nan_to_num(fitted.label_distributions_)
    return label_by_scores(scores, queried)
