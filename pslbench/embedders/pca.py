from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge

from pslbench.contracts import Embedding
from pslbench.embedders.pixels import flat
from pslbench.errors import InputError
from pslbench.parts import embedder

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats


@embedder("pca", reference="Pearson 1901; Halko, Martinsson & Tropp 2011")
def pca(x: Floats, seed: int, *, dims: Annotated[int, Ge(1)] = 50, whiten: bool = False) -> Embedding:
    """Principal components of the pool.

    Args:
        x: the pool, float32 (n, ...).
        seed: of the randomised solver.
        dims: how many components.
        whiten: whether each component is scaled to unit variance.

    Raises:
        InputError: where there are fewer samples or pixels than `dims`.
    """
    from sklearn.decomposition import PCA

    points = flat(x)
    if dims > min(points.shape):
        raise InputError(f"pca:dims={dims} must be from 1 to {min(points.shape)} for this data set")
    fitted = PCA(dims, whiten=whiten, random_state=seed).fit(points)
    return Embedding(fitted.transform(points), lambda new: fitted.transform(flat(new)))
