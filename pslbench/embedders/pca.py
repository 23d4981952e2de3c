from typing import Annotated

from annotated_types import Ge

from pslbench.contracts import Embedding
from pslbench.contracts.arrays import Floats
from pslbench.embedders.pixels import flatten
from pslbench.errors import InputError
from pslbench.parts import embedder


@embedder("pca", reference="Pearson 1901; Halko, Martinsson & Tropp 2011")
def pca(x: Floats, seed: int, *, dims: Annotated[int, Ge(1)] = 50, whiten: bool = False) -> Embedding:
    """Embed samples by principal component analysis (PCA) of the pool.

    Args:
        x: the pool, float32 (n, ...).
        seed: determines the random numbers of the randomized solver.
        dims: the number of components.
        whiten: whether each component is scaled to unit variance.

    Raises:
        InputError: there are fewer samples or pixels than `dims`.
    """
    from sklearn.decomposition import PCA

    flattened = flatten(x)
    if dims > min(flattened.shape):
        raise InputError(f"pca:dims={dims} must be from 1 to {min(flattened.shape)} for this dataset")
    fitted = PCA(dims, whiten=whiten, random_state=seed).fit(flattened)
    return Embedding(fitted.transform(flattened), lambda new: fitted.transform(flatten(new)))
