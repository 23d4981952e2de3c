from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge, Interval

from pslbench.contracts import Pool, PseudoLabels
from pslbench.parts import strategy
from pslbench.strategies.diffusion import as_pseudo_labels
from pslbench.strategies.selecting import Selection, bought

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@strategy(
    "label-spreading",
    enabled=False,
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
    """Spread the labels over the graph with scikit-learn's LabelSpreading.

    Time grows with the edges of the graph. Samples that no label reaches in `max_iter` steps get none.

    Args:
        pool: with clusters and a graph.
        select: the samples that are labelled: those nearest cluster centres, the most typical of their cluster
            (typiclust), or random ones.
        alpha: the share of its label that a sample takes from its neighbours, at each step.
        neighbors: of each sample in the graph.
        max_iter: steps at the most.
    """
    import numpy as np
    from sklearn.semi_supervised import LabelSpreading

    def kernel(*_: Any) -> csr_matrix:
        return pool.graph.links(neighbors)

    chosen, labels = bought(pool, select)
    known = np.full(len(pool), -1)
    known[chosen] = labels
    spread = LabelSpreading(kernel, alpha=alpha, max_iter=max_iter).fit(np.zeros((len(pool), 1)), known)
    u = np.zeros((len(pool), pool.n_classes))
    u[:, spread.classes_] = np.nan_to_num(spread.label_distributions_)
    return as_pseudo_labels(u, chosen, labels)
