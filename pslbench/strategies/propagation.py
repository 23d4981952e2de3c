"""Spread labels over a graph by solving linear systems in its Laplacian.

This module imports NumPy and SciPy at its top, so parts import it inside their functions.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix, diags, identity
from scipy.sparse.csgraph import connected_components

from pslbench.contracts import Graph, PseudoLabels
from pslbench.strategies.selection import combine_labels

Reals = NDArray[np.floating]
TOLERANCE = 1e-3
FINE_TOLERANCE = 1e-5  # with few labels the potentials of two classes are close to each other
MAX_AGGREGATES = 1_000  # whose matrix is dense
LEAK = 1e-4  # share of each degree; makes the systems regular, and scores stay 0 where no label reaches


def gaussian_affinities(graph: Graph, k: int = 10) -> csr_matrix:
    """Return the weights of the graph of k nearest neighbors, float64 (n, n), symmetric, without self-loops.

    (W + Wᵀ) / 2 with W_ij = exp(-4 d_ij² / d_k(i)²) if j is one of the k nearest of i, at distance d_ij, where d_k(i)
    is the distance of the k-th (Calder et al. 2020, Poisson Learning, section 4, with k = 10).
    """
    squares = graph.nearest_distances(k).astype(np.float64) ** 2
    widths = np.maximum(squares[:, -1:], np.finfo(np.float64).tiny)
    directed = graph.weighted(np.exp(-4 * squares / widths))
    return ((directed + directed.T) / 2).tocsr()


def make_laplacian(weights: csr_matrix, leak: float = LEAK) -> csr_matrix:
    """Return (1 + leak) D - W of symmetric weights W, (n, n), where D has the row sums on its diagonal."""
    degrees = np.asarray(weights.sum(axis=1)).ravel()
    return (diags((1 + leak) * degrees) - weights).tocsr()


def solve(
    a: csr_matrix,
    b: Reals,
    start: Reals | None = None,
    tolerance: float = TOLERANCE,
    precondition: Callable[[Reals], Reals] | None = None,
) -> Reals:
    """Solve a x = b by preconditioned conjugate gradients, for all columns of b at once.

    Args:
        a: symmetric, positive definite, (n, n).
        b: float (n, m).
        start: an initial guess of x, float (n, m); 0 if none.
        tolerance: the largest norm of each residual, as a share of the norm of its column of b.
        precondition: approximates the solution of a x = r for r, float (n, m). If none, r is divided by the diagonal.
    """
    scale = 1 / a.diagonal()[:, None]
    apply = precondition or (lambda r: scale * r)

    def dot(u: Reals, v: Reals) -> Reals:
        return np.asarray(np.einsum("ij,ij->j", u, v))

    x = np.zeros_like(b) if start is None else start.copy()
    residual = b - a @ x
    direction = scaled = apply(residual)
    energy, limits = dot(residual, scaled), tolerance**2 * dot(b, b)
    for _ in range(len(b)):
        if (dot(residual, residual) <= limits).all():
            break
        product = a @ direction
        step = _divide(energy, dot(direction, product))
        x += step * direction
        residual -= step * product
        scaled = apply(residual)
        energy, previous = dot(residual, scaled), energy
        direction = scaled + _divide(energy, previous) * direction
    return x


def aggregate(laplacian: csr_matrix) -> tuple[csr_matrix, csr_matrix]:
    """Join each sample with the one that it is most strongly linked to, and so on, until 1,000 aggregates are left.

    Samples without a path between them are never joined, so more aggregates can be left.

    Returns:
        Which aggregate each sample is in, (n, aggregates), 0 or 1; and the matrix of the aggregates.
    """
    members, coarse, n = identity(laplacian.shape[0], format="csr"), laplacian, laplacian.shape[0]
    while n > MAX_AGGREGATES:
        links = (diags(coarse.diagonal()) - coarse).tocsr()
        has_link = links.max(axis=1).toarray().ravel() > 0
        strongest = np.where(has_link, np.asarray(links.argmax(axis=1)).ravel(), np.arange(n))
        joins = csr_matrix((np.ones(n), strongest, np.arange(n + 1)), shape=(n, n))
        count, numbers = connected_components(joins, directed=False)
        if count == n:
            break
        joined = csr_matrix((np.ones(n), numbers, np.arange(n + 1)), shape=(n, count))
        members, coarse, n = members @ joined, (joined.T @ coarse @ joined).tocsr(), count
    return members, coarse


def two_level(laplacian: csr_matrix) -> Callable[[Reals], Reals] | None:
    """Return a preconditioner that adds the exact solution on aggregates of samples to the division by the diagonal.

    Clusters with weak links between them otherwise take hundreds of steps, because each step goes from neighbor to
    neighbor (Nicolaides 1987, Deflation of conjugate gradients). None if there are too many aggregates.
    """
    members, coarse = aggregate(laplacian)
    if coarse.shape[0] > MAX_AGGREGATES:
        return None
    transposed, factor = members.T.tocsr(), cho_factor(coarse.toarray())
    scale = 1 / laplacian.diagonal()[:, None]
    return lambda r: scale * r + members @ cho_solve(factor, transposed @ r)


def _divide(a: Reals, b: Reals) -> Reals:
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)


def solve_harmonic(
    laplacian: csr_matrix,
    queried: PseudoLabels,
    n_classes: int,
    start: Reals | None = None,
    tolerance: float = TOLERANCE,
) -> Reals:
    """Return u, (n, classes), with laplacian @ u = 0 at unlabeled samples, and the one-hot labels at labeled ones.

    The Laplacian, (n, n), is symmetric and positive definite; u has its dtype. `start` is an initial guess of u.
    """
    labeled = queried.indices
    free = np.setdiff1d(np.arange(laplacian.shape[0]), labeled)
    u = np.zeros((laplacian.shape[0], n_classes), laplacian.dtype)
    u[labeled] = np.eye(n_classes)[queried.hard_labels]
    rows = laplacian[free]
    right = -(rows[:, labeled] @ u[labeled])
    u[free] = solve(rows[:, free], right, None if start is None else start[free], tolerance)
    return u


def solve_poisson(weights: csr_matrix, queried: PseudoLabels, n_classes: int) -> Reals:
    """Return u, float64 (n, classes), with L u = the sum over labeled j of (y_j - mean y) at j.

    This is equation 1.3 of Calder et al. 2020 with a leak of 1e-4 of each degree in the Laplacian L of the symmetric
    weights, (n, n). Without it there is no solution if the charges of a component of the graph do not sum to zero.
    """
    y = np.eye(n_classes)[queried.hard_labels]
    source = np.zeros((weights.shape[0], n_classes))
    source[queried.indices] = y - y.mean(axis=0) if len(np.unique(queried.labels)) > 1 else y
    laplacian = make_laplacian(weights)
    return solve(laplacian, source, tolerance=FINE_TOLERANCE, precondition=two_level(laplacian))


def label_by_scores(scores: Reals, queried: PseudoLabels) -> PseudoLabels:
    """Return the class with the largest score, float (n, classes), per sample. Rows of zeros get no label."""
    return combine_labels(queried, scores.argmax(axis=1), np.asarray(scores.any(axis=1)))
