from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt

from pslbench.parts import clusterer


@clusterer("gmm", reference="Dempster, Laird & Rubin 1977, the EM algorithm")
def gmm(
    k: int,
    seed: int,
    *,
    covariance: Literal["diag", "spherical", "tied", "full"] = "diag",
    max_iter: Annotated[int, Ge(1)] = 100,
    reg_covar: Annotated[float, Gt(0)] = 1e-3,
) -> Any:
    """Fit a Gaussian mixture by expectation maximization and assign each sample to its most probable component.

    Args:
        k: the number of components.
        seed: determines the initialization by k-means.
        covariance: the shape of the components.
        max_iter: the largest number of iterations.
        reg_covar: the number added to the diagonal of each covariance, in squared units of the features.
    """
    from sklearn.mixture import GaussianMixture

    return GaussianMixture(k, covariance_type=covariance, max_iter=max_iter, reg_covar=reg_covar, random_state=seed)
