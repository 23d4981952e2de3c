from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge

from pslbench.contracts import TrainingData
from pslbench.contracts.arrays import Floats
from pslbench.parts import trainer


@dataclass(frozen=True)
class NearestNeighbors:
    """A fitted search of scikit-learn, the scaler of its space, and the weighted labels, float32 (m, classes)."""

    search: Any
    scaler: Any
    votes: Floats

    def predict_proba(self, x: Floats) -> Floats:
        """Return class probabilities, float32 (m, classes), of features, float32 (m, d)."""
        import numpy as np

        nearest = self.search.kneighbors(self.scaler.transform(x), return_distance=False)
        votes = self.votes[nearest].sum(axis=1)
        totals = votes.sum(axis=1, keepdims=True)
        equal = np.float32(1 / votes.shape[1])  # if all neighbors have the weight 0
        return np.where(totals > 0, votes / np.where(totals > 0, totals, 1), equal)


@trainer("knn", takes="features", reference="Fix & Hodges 1951; Cover & Hart 1967, Nearest neighbor classification")
def knn(data: TrainingData, *, k: Annotated[int, Ge(1)] = 1) -> NearestNeighbors:
    """Predict the labels of the nearest pseudo-labeled samples, by features that are standardized with the pool.

    Args:
        data: features. Soft labels and weights are votes of their size.
        k: the number of neighbors; fewer if there are fewer pseudo-labels.
    """
    from sklearn.neighbors import NearestNeighbors as Search
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(data.pool)
    search = Search(n_neighbors=min(k, len(data.indices))).fit(scaler.transform(data.x))
    weights = 1 if data.weights is None else data.weights[:, None]
    return NearestNeighbors(search, scaler, data.probabilities * weights)
