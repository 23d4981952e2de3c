from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge, Interval

from pslbench.contracts import Pool, PseudoLabels
from pslbench.neighbours import nearest_neighbours
from pslbench.parts import strategy
from pslbench.strategies.diffusion import one_hot
from pslbench.strategies.poisson import potential
from pslbench.strategies.selecting import kept_and_bought

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pslbench.contracts import Floats, Ints

FIRST = 4  # labels a class before the first student: with 2, medoids missed whole islands of an embedding
DOUBTED = 0.2  # share of each class that the first student is not shown
UNTAUGHT = 0.25  # of a class: where students agree to less they do not know it
SPACE = 8  # mean square of features, where naming another class counts 2
SMALLEST = 1e-6  # probability, before logarithms are taken


@strategy(
    "co-testing",
    enabled=False,
    uses="graph",
    reference="Muslea, Minton & Knoblock 2006, Active Learning with Multiple Views",
)
def co_testing(
    pool: Pool,
    *,
    rounds: Annotated[int, Ge(1)] = 5,
    sure: Annotated[float, Interval(ge=0, le=1)] = 0.8,
    sample: Annotated[int, Ge(1)] = 6000,
) -> PseudoLabels:
    """Ask where two views of the pool contradict each other, and train on what they agree on.

    One view is Poisson learning on the graph, the other a student: the cell's trainer, trained on what both views
    agreed on. The first labels, four a class, go to medoids of the embedding. Each round trains a student, has medoids
    of the doubtful samples labelled, and spreads all labels anew, over the graph of the embedding and that of the
    students' probabilities together. Doubtful is where the views give different classes or the students are not sure.

    Takes a training on `sample` samples, a prediction of the pool, a graph and a propagation a round; only the training
    does not grow with the pool.

    Args:
        pool: with features and a graph.
        rounds: of a student and questions; each may ask for the same number of labels.
        sure: the least probability of the students' class; that is the mean of the last student and those before.
        sample: how many of the samples that both views agree on a student is trained on, at the most.
    """
    import numpy as np

    chosen = medoids(pool.features, min(FIRST * pool.n_classes, pool.budget), pool.rng)
    labels = pool.label(chosen)
    near = pool.graph.affinities()
    spread = potential(near, chosen, labels, pool.n_classes)
    agreed = clearest(spread)
    students: Floats | None = None
    for left in range(rounds, 0, -1):
        now = kept_and_bought(spread.argmax(axis=1), agreed, chosen, labels)
        student = pool.train(_some(now, chosen, sample, pool.rng)).predict_proba(pool.x)
        students = student if students is None else (students + student) / np.float32(2)
        agreed = agreement(spread, students, sure)
        agreed[chosen] = True
        doubtful, size = np.flatnonzero(~agreed), (pool.budget - len(chosen)) // left
        if len(doubtful) and size:
            views = _side_by_side(pool.features, spread, students)
            asked = doubtful[medoids(views[doubtful], size, pool.rng)]
            chosen, labels = np.append(chosen, asked), np.append(labels, pool.label(asked))
        alike = nearest_neighbours(np.log(students + SMALLEST)).affinities()
        spread = potential(near + alike, chosen, labels, pool.n_classes)
        agreed = agreement(spread, students, sure)
    return kept_and_bought(spread.argmax(axis=1), agreed, chosen, labels)


def medoids(features: Floats, k: int, rng: np.random.Generator) -> Ints:
    """The samples nearest the k centres of k-means in features, float32 (n, d): int64 (k,), distinct, or fewer."""
    import numpy as np
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.metrics import pairwise_distances_argmin

    seed = int(rng.integers(2**32))
    fitted = MiniBatchKMeans(min(k, len(features)), batch_size=1024, n_init=3, random_state=seed).fit(features)
    return np.unique(pairwise_distances_argmin(fitted.cluster_centers_, features))


def agreement(spread: NDArray[Any], students: Floats, sure: float) -> NDArray[np.bool_]:
    """Where, bool (n,), potentials and probabilities, (n, classes), name the same class, and it is probable.

    A class that the students hardly ever agree to is one that they were never taught: for lack of a label, the graph
    had given its samples to others. There its clearest samples take the place of those agreed on.
    """
    import numpy as np

    given, clear = spread.argmax(axis=1), clearest(spread)
    agreed = np.asarray((given == students.argmax(axis=1)) & (students.max(axis=1) >= sure))
    for each in np.unique(given):
        of_class = given == each
        if agreed[of_class].mean() < UNTAUGHT:
            agreed[of_class] = clear[of_class]
    return agreed


def clearest(u: NDArray[Any]) -> NDArray[np.bool_]:
    """Which samples, bool (n,), of potentials u, (n, classes), are not among the least clear of their class.

    Clear is where the first class is far before the second, as a share of the sum of all. Classes are looked at one by
    one: potentials differ in scale between them, and a threshold for all would leave whole classes out.
    """
    import numpy as np

    second, first = np.sort(u, axis=1)[:, -2:].T
    margin = (first - second) / np.maximum(abs(u).sum(axis=1), np.finfo(float).tiny)
    given, clear = u.argmax(axis=1), np.zeros(len(u), bool)
    for each in np.unique(given):
        of_class = given == each
        clear[of_class] = margin[of_class] >= np.quantile(margin[of_class], DOUBTED)
    return clear


def _some(agreed: PseudoLabels, chosen: Ints, sample: int, rng: np.random.Generator) -> PseudoLabels:
    """At most `sample` of the pseudo-labels, drawn at random, and those of the `chosen`."""
    import numpy as np

    drawn = rng.permutation(len(agreed.indices))[:sample]
    rows = np.union1d(drawn, np.searchsorted(agreed.indices, chosen))
    return PseudoLabels(agreed.indices[rows], agreed.labels[rows])


def _side_by_side(features: Floats, spread: NDArray[Any], students: Floats) -> Floats:
    """Features and the class that each view names, one-hot: float32 (n, d + 2 classes)."""
    import numpy as np

    centred = features - features.mean(axis=0)
    square = float(np.einsum("ij,ij->i", centred, centred).mean())
    spaced = centred * (SPACE / (square or 1)) ** 0.5
    classes = [one_hot(view.argmax(axis=1), view.shape[1]) for view in (spread, students)]
    return np.hstack([spaced, *classes]).astype(np.float32)
