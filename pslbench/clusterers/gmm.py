from __future__ import annotations

from typing import Any, Literal

from pslbench.parts import clusterer


@clusterer("gmm", reference="Dempster, Laird & Rubin 1977, the EM algorithm")
def gmm(
    k: int,
    seed: int,
    *,
    covariance: Literal["diag", "spherical", "tied", "full"] = "diag",
    max_iter: int = 100,
    reg_covar: float = 1e-3,
) -> Any:
    """Gaussian mixture fitted by expectation maximisation; a sample goes to its most probable component."""
    from sklearn.mixture import GaussianMixture

    return GaussianMixture(k, covariance_type=covariance, max_iter=max_iter, reg_covar=reg_covar, random_state=seed)
