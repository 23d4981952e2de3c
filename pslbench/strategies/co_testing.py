from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge, Interval

from pslbench.clustering import fit_clusters
from pslbench.contracts import Pool, PseudoLabels
from pslbench.neighbors import nearest_neighbors
from pslbench.parts import strategy
from pslbench.strategies.diffusion import gaussian_affinities, one_hot
from pslbench.strategies.poisson import potential
from pslbench.strategies.selecting import kept_and_bought

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pslbench.contracts.arrays import Floats, Ints

FIRST = 4  # labels a class before the first student: with 2, medoids missed whole islands of an embedding
DOUBTED = 0.2  # share of each class that the first student is not shown
UNTAUGHT = 0.25  # of a class: where students agree to less they do not know it
SPACE = 8  # mean square of features, where naming another class counts 2
SMALLEST = 1e-6  # probability, before logarithms are taken


@strategy(
    "co-testing",
    enabled=False,
    trains=True,
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

    One view is Poisson learning on the graph, the other students: the cell's trainer, trained on what both views
    agreed on. The first labels, four a class, go to medoids of the embedding. Each round trains a student, has medoids
    of the doubtful samples labelled, and spreads all labels anew, over the graph of the embedding and that of the
    students' probabilities together. Doubtful is where the views give different classes or the students are not sure.

    Co-testing as published trains both views on the labelled samples alone. Here each learns from the other. Each round
    takes a training on `sample` samples, a prediction of the pool, its nearest neighbours, and a propagation.

    Args:
        pool: with features and a graph.
        rounds: of a student and questions; each may ask for the same number of labels. The last student's
            probabilities count as much as those of all before it.
        sure: the least probability of the students' class.
        sample: how many pseudo-labels a student is trained on, at the most; labels that were bought are among them.
    """
    import numpy as np

    chosen = medoids(pool.features, min(FIRST * pool.n_classes, pool.budget), pool.rng)
    labels = pool.label(chosen)
    near = gaussian_affinities(pool.graph)
    spread = potential(near, chosen, labels, pool.n_classes)
    taught = clearest(spread)
    students: Floats | None = None
    for left in range(rounds, 0, -1):
        lesson = kept_and_bought(spread.argmax(axis=1), taught, chosen, labels)
        student = pool.train(_some(lesson, chosen, sample, pool.rng)).predict_proba(pool.x)
        students = student if students is None else (students + student) / np.float32(2)
        doubted = ~agreement(spread, students, sure)
        doubted[chosen] = False
        doubtful, size = np.flatnonzero(doubted), (pool.budget - len(chosen)) // left
        if len(doubtful) and size:
            views = _side_by_side(pool.features, spread, students)
            asked = doubtful[medoids(views[doubtful], size, pool.rng)]
            chosen, labels = np.append(chosen, asked), np.append(labels, pool.label(asked))
        alike = gaussian_affinities(nearest_neighbors(np.log(students + SMALLEST)))
        spread = potential(near + alike, chosen, labels, pool.n_classes)
        taught = teachable(spread, agreement(spread, students, sure))
    return kept_and_bought(spread.argmax(axis=1), taught, chosen, labels)


def medoids(features: Floats, k: int, rng: np.random.Generator) -> Ints:
    """The sample nearest its centre in each cluster of k-means in features, float32 (n, d): int64 (k,), or fewer."""
    import numpy as np
    from sklearn.cluster import MiniBatchKMeans

    seed, k = int(rng.integers(2**32)), min(k, len(features))
    fitter = MiniBatchKMeans(k, batch_size=1024, n_init=3, random_state=seed)
    return np.unique(fit_clusters(fitter, features, k)[0].medoids)


def agreement(spread: NDArray[Any], students: Floats, sure: float) -> NDArray[np.bool_]:
    """Where, bool (n,), potentials and probabilities, (n, classes), name the same class, and it is probable.

    Potentials are 0 where no label leads to: they name no class.
    """
    import numpy as np

    same = (spread.argmax(axis=1) == students.argmax(axis=1)) & spread.any(axis=1)
    return np.asarray(same & (students.max(axis=1) >= sure))


def teachable(spread: NDArray[Any], agreed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What the next student is taught, bool (n,), of potentials (n, classes): what is `agreed`, bool (n,), and more.

    A class that students hardly ever agree to is one that they were never taught: for lack of a label, the graph
    had given its samples to others. There its clearest samples are taught as well.
    """
    import numpy as np

    given, clear, taught = spread.argmax(axis=1), clearest(spread), agreed.copy()
    for each in np.unique(given):
        of_class = given == each
        if agreed[of_class].mean() < UNTAUGHT:
            taught[of_class] |= clear[of_class]
    return taught


def clearest(u: NDArray[Any]) -> NDArray[np.bool_]:
    """Which samples, bool (n,), of potentials u, (n, classes), are not among the least clear of their class.

    Clear is where the first class is far before the second, as a share of the sum of all. Classes are looked at one by
    one: potentials differ in scale between them, and a threshold for all would leave whole classes out.
    """
    import numpy as np

    second, first = np.sort(u, axis=1)[:, -2:].T
    margin = (first - second) / np.maximum(abs(u).sum(axis=1), np.finfo(float).tiny)
    given, clear = u.argmax(axis=1), np.zeros(len(u), bool)
    for each in np.unique(given[margin > 0]):
        of_class = (given == each) & (margin > 0)
        clear[of_class] = margin[of_class] >= np.quantile(margin[of_class], DOUBTED)
    return clear


def _some(lesson: PseudoLabels, chosen: Ints, sample: int, rng: np.random.Generator) -> PseudoLabels:
    """At most `sample` of the pseudo-labels, those of the `chosen` first, the others drawn at random."""
    import numpy as np

    bought = np.isin(lesson.indices, chosen)
    order = rng.permutation(len(lesson.indices))
    rows = np.sort(order[np.argsort(~bought[order], kind="stable")][:sample])
    return PseudoLabels(lesson.indices[rows], lesson.labels[rows])


def _side_by_side(features: Floats, spread: NDArray[Any], students: Floats) -> Floats:
    """Features and the class that each view names, one-hot: float32 (n, d + 2 classes)."""
    import numpy as np

    centred = features - features.mean(axis=0)
    square = float(np.einsum("ij,ij->i", centred, centred).mean())
    spaced = centred * (SPACE / (square or 1)) ** 0.5
    classes = [one_hot(view.argmax(axis=1), view.shape[1]) for view in (spread, students)]
    return np.hstack([spaced, *classes]).astype(np.float32)
