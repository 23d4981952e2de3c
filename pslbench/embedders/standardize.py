from __future__ import annotations

from pslbench.contracts import Embedding
from pslbench.contracts.arrays import Floats
from pslbench.embedders.pixels import flatten
from pslbench.parts import embedder


@embedder("standardize", takes=("images", "vectors", "features"), keeps_size=True)
def standardize(x: Floats) -> Embedding:
    """Scale every number to mean 0 and variance 1 in the pool. Constant numbers become 0.

    Args:
        x: vectors or features, float32 (n, d), or images, which are flattened.
    """
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(flatten(x))
    return Embedding(scaler.transform(flatten(x)), lambda new: scaler.transform(flatten(new)))
