from typing import Annotated, Any

from annotated_types import Ge

from pslbench.contracts import Embedding
from pslbench.contracts.samples import StoredImages, iterate_blocks
from pslbench.embedders.pixels import flatten
from pslbench.errors import InputError
from pslbench.parts import embedder


@embedder("pca", reference="Pearson 1901; Halko, Martinsson & Tropp 2011")
def pca(x: Any, seed: int, *, dims: Annotated[int, Ge(1)] = 50, whiten: bool = False) -> Embedding:
    """Embed samples by principal component analysis (PCA) of the pool.

    Images that do not fit into memory are analyzed incrementally, in batches of 5 x `dims` (Ross et al. 2008). The
    components are then slightly different ones.

    Args:
        x: the pool, float32 (n, ...).
        seed: determines the random numbers of the randomized solver.
        dims: the number of components.
        whiten: whether each component is scaled to unit variance.

    Raises:
        InputError: there are fewer samples or pixels than `dims`.
    """
    import numpy as np
    from sklearn.decomposition import PCA

    if dims > (largest := min(len(x), int(np.prod(x.shape[1:])))):
        raise InputError(f"pca:dims={dims} must be from 1 to {largest} for this dataset")
    if isinstance(x, StoredImages):
        fitted = _fit_incrementally(x, dims, whiten)
    else:
        fitted = PCA(dims, whiten=whiten, random_state=seed).fit(flatten(x))
    features = np.concatenate([fitted.transform(flatten(block)) for block in iterate_blocks(x)])
    return Embedding(features, lambda new: fitted.transform(flatten(new)))


def _fit_incrementally(x: StoredImages, dims: int, whiten: bool) -> Any:
    from sklearn.decomposition import IncrementalPCA
    from sklearn.utils import gen_batches

    fitted = IncrementalPCA(dims, whiten=whiten)
    for batch in gen_batches(len(x), 5 * dims, min_batch_size=dims):
        fitted.partial_fit(flatten(x[batch]), check_input=False)
    return fitted
