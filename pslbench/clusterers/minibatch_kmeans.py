from typing import Annotated, Any

from annotated_types import Ge

from pslbench.parts import clusterer


@clusterer("minibatch-kmeans", reference="Sculley 2010, Web-scale k-means clustering")
def minibatch_kmeans(
    k: int,
    seed: int,
    *,
    n_init: Annotated[int, Ge(1)] = 3,
    max_iter: Annotated[int, Ge(1)] = 10_000,
    batch_size: Annotated[int, Ge(1)] = 1024,
) -> Any:
    """Cluster by mini-batch k-means from the best of several k-means++ initializations, as in the notebook.

    Args:
        seed: determines initializations and batches.
        n_init: the number of initializations. The 50 of the notebook take ten times as long for the same inertia.
        max_iter: the largest number of passes over the data. Fitting stops after 10 batches without improvement.
        batch_size: the default of scikit-learn. With the 100 of the notebook, fitting stops early at a higher inertia.
    """
    from sklearn.cluster import MiniBatchKMeans

    return MiniBatchKMeans(k, n_init=n_init, max_iter=max_iter, batch_size=batch_size, random_state=seed)
