"""What a strategy receives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pslbench.contracts.arrays import ArrayLike, Floats, Generator, Ints
from pslbench.contracts.features import Clusters, Embedding, Graph
from pslbench.contracts.pseudo_labels import PseudoLabels
from pslbench.errors import ContractError

if TYPE_CHECKING:
    from pslbench.contracts.training import Predictor


@dataclass(frozen=True, eq=False)
class Pool:
    """The pool as a strategy sees it. The true labels are in another process.

    Attributes:
        x: the samples, read-only: images, float32 (n, height, width, channels), or `StoredImages` if they do not fit
            into memory; vectors, float32 (n, d); `Texts`; or a `Table`. A strategy that trains gets them as the trainer
            takes them: as features if it takes those.
        n_classes: the number of classes.
        budget: the number of labels that may be queried.
        rng: the strategy's own stream of random numbers, derived from the seed of the cell.
    """

    x: Any
    n_classes: int
    budget: int
    rng: Generator
    _ask: Callable[[Ints], Ints] = field(repr=False)
    _train: Callable[[PseudoLabels], Predictor] = field(repr=False)
    _embedding: Embedding | None = field(default=None, repr=False)
    _clusters: Clusters | None = field(default=None, repr=False)
    _graph: Graph | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.x)

    @property
    def features(self) -> Floats:
        """The embedded samples, float32 (n, d), read-only."""
        if self._embedding is None:
            raise ContractError("this strategy is registered with uses='x', so it has no features")
        return self._embedding.features

    @property
    def clusters(self) -> Clusters:
        """The pool in as many clusters as the budget has labels. All strategies of one seed share them."""
        if self._clusters is None:
            raise ContractError("this strategy has no clusters; register it with uses='clusters'")
        return self._clusters

    @property
    def graph(self) -> Graph:
        """The nearest neighbors of each sample in the space of the features, computed once per embedding."""
        if self._graph is None:
            raise ContractError("this strategy has no graph; register it with uses='graph'")
        return self._graph

    def label(self, indices: ArrayLike) -> Ints:
        """Query the true labels of samples. Each distinct sample is charged once.

        Args:
            indices: integers (m,), samples of the pool. An empty query is free.

        Returns:
            Their classes, int64 (m,).

        Raises:
            BudgetExceeded: the query would exceed the budget. Nothing is charged.
            ContractError: an index is not a sample of the pool.
        """
        import numpy as np

        queried = np.atleast_1d(np.asarray(indices))
        if queried.size == 0:
            return np.zeros(0, np.int64)
        if queried.ndim != 1 or not np.issubdtype(queried.dtype, np.integer):
            raise ContractError(f"label() takes integers (m,), not {queried.dtype} of shape {queried.shape}")
        return self._ask(queried.astype(np.int64))

    def train(self, pseudo_labels: PseudoLabels) -> Predictor:
        """Train the trainer of the cell on these pseudo-labels. The strategy must be registered with `trains=True`.

        Raises:
            ContractError: the argument is not `PseudoLabels`, or its samples are not in this pool.
        """
        if type(pseudo_labels) is not PseudoLabels:
            raise ContractError(f"train() takes PseudoLabels, not {type(pseudo_labels).__name__}")
        return self._train(pseudo_labels)
