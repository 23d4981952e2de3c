"""The query strategies of scikit-activeml: each is asked from a cold start, in rounds, which samples to label.

A function here makes a query strategy and says what it is asked with; `querying` makes a part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Gt, Interval

from pslbench import ContractError, InputError, Part, Pool, PseudoLabels, hookimpl, strategy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MISSING = -1  # the label of a sample that was not asked for
SQUARE = 10_000  # samples, for what holds a number for each two of them: 800 MB
Batch = Annotated[int, Ge(1)]
Doubt = Literal["least_confident", "margin_sampling", "entropy"]
Question = tuple[Any, dict[str, Any]]  # a query strategy, and what its `query` is called with beyond samples and labels


@dataclass(frozen=True)
class Kit:
    """What questions are made of.

    Attributes:
        x: the features, float32 (n, d).
        classes: how many there are.
        seed: for all that is random.
    """

    x: NDArray[np.float32]
    classes: int
    seed: int

    @property
    def common(self) -> dict[str, Any]:
        """The arguments that every query strategy takes."""
        return {"missing_label": MISSING, "random_state": self.seed}

    @property
    def known(self) -> dict[str, Any]:
        """The arguments that every classifier takes: it knows all classes before it has seen any."""
        return {"classes": list(range(self.classes)), **self.common}

    @property
    def clustering(self) -> dict[str, Any]:
        """The arguments of scikit-learn's k-means, which would else draw from a stream of its own."""
        return {"random_state": self.seed, "n_init": 1}

    def logistic(self) -> Any:
        from skactiveml.classifier import SklearnClassifier
        from sklearn.linear_model import LogisticRegression

        return SklearnClassifier(LogisticRegression(max_iter=200), **self.known)

    def committee(self, members: int) -> list[Any]:
        """Logistic regressions, each taught on a bootstrap sample of the labelled."""
        from skactiveml.classifier import SklearnClassifier
        from sklearn.ensemble import BaggingClassifier
        from sklearn.linear_model import LogisticRegression

        return [
            SklearnClassifier(
                BaggingClassifier(LogisticRegression(max_iter=200), 1, random_state=self.seed + member), **self.known
            )
            for member in range(members)
        ]


def querying(name: str, *, reference: str, most: int | None = None) -> Callable[[Callable[..., Question]], Part]:
    """Make a strategy of `function(kit, *, batch, ...) -> Question`; users can set its keyword-only parameters.

    Args:
        name: what users type.
        reference: the paper.
        most: the largest pool it can handle; a larger one is refused at once instead of eating the memory.
    """

    def part(function: Callable[..., Question]) -> Part:
        @wraps(function)
        def ask(pool: Pool, *, batch: int, **given: Any) -> PseudoLabels:
            if most and len(pool) > most:
                raise InputError(
                    f"{name} compares each two samples: it takes a pool of at most {most:,}, not of {len(pool):,}; "
                    "try al-core-set or al-typiclust, or a smaller data set"
                )
            kit = Kit(pool.features, pool.n_classes, int(pool.rng.integers(2**31)))
            return in_rounds(pool, *function(kit, batch=batch, **given), batch)

        return strategy(name, uses="features", enabled=False, reference=reference)(ask)

    return part


def in_rounds(pool: Pool, query: Any, options: dict[str, Any], batch: int) -> PseudoLabels:
    """Ask `query` which `batch` samples to label, knowing the labels so far, until the budget is spent."""
    import warnings

    import numpy as np

    labels = np.full(len(pool), MISSING)
    while left := pool.budget - int(np.count_nonzero(labels != MISSING)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of classifiers that have no label yet
            asked = np.unique(query.query(pool.features, labels, batch_size=min(batch, left), **options))
        if (labels[asked] != MISSING).all():
            raise ContractError(f"{type(query).__name__} asked for no sample that has no label yet")
        labels[asked] = pool.label(asked)
    chosen = np.flatnonzero(labels != MISSING)
    return PseudoLabels(chosen, labels[chosen])


@querying("al-uncertainty", reference="Settles 2009, Active Learning Literature Survey")
def uncertainty(kit: Kit, *, batch: Batch = 20, method: Doubt = "margin_sampling") -> Question:
    """Label, in rounds, the samples that a logistic regression on the labelled ones is least certain of.

    The first round is drawn at random.

    Args:
        kit: what it is made of.
        batch: labels a round.
        method: what uncertain means.
    """
    from skactiveml.pool import UncertaintySampling

    return UncertaintySampling(method, **kit.common), {"clf": kit.logistic()}


@querying("al-committee", reference="Seung, Opper & Sompolinsky 1992; Engelson & Dagan 1996")
def committee(
    kit: Kit,
    *,
    batch: Batch = 20,
    method: Literal["KL_divergence", "vote_entropy", "variation_ratios"] = "KL_divergence",
    members: Annotated[int, Ge(2)] = 5,
) -> Question:
    """Label, in rounds, the samples that a committee of logistic regressions disagrees on.

    The first round is drawn at random.

    Args:
        kit: what it is made of.
        batch: labels a round.
        method: the measure of disagreement.
        members: of the committee, each taught on a bootstrap sample.
    """
    from skactiveml.pool import QueryByCommittee

    return QueryByCommittee(method, **kit.common), {"ensemble": kit.committee(members)}


@querying("al-batch-bald", reference="Kirsch, van Amersfoort & Gal 2019, BatchBALD")
def batch_bald(kit: Kit, *, batch: Batch = 20, members: Annotated[int, Ge(2)] = 5) -> Question:
    """Label, in rounds, the batch whose labels together tell most about which of a committee is right.

    The first round is drawn at random.

    Args:
        kit: what it is made of.
        batch: labels a round.
        members: of the committee of logistic regressions, each taught on a bootstrap sample.
    """
    from skactiveml.pool import BatchBALD

    return BatchBALD(**kit.common), {"ensemble": kit.committee(members)}


@querying("al-probabilistic", reference="Kottke et al. 2016, Multi-Class Probabilistic Active Learning")
def probabilistic(
    kit: Kit, *, batch: Batch = 20, prior: Annotated[float, Gt(0)] = 1.0, m_max: Annotated[int, Ge(1)] = 1
) -> Question:
    """Label, in rounds, the samples from whose labels a Parzen window classifier is expected to gain most.

    The first round is drawn at random. The kernel's width is scikit-activeml's rule of thumb.

    Args:
        kit: what it is made of.
        batch: labels a round.
        prior: how many labels of each class are thought to be there before any is.
        m_max: how many labels near a sample are thought of at once.
    """
    from skactiveml.classifier import ParzenWindowClassifier
    from skactiveml.pool import ProbabilisticAL

    parzen = ParzenWindowClassifier(metric_dict={"gamma": "mean"}, **kit.known)
    return ProbabilisticAL(prior, m_max, **kit.common), {"clf": parzen}


@querying("al-4ds", reference="Reitmaier & Sick 2013, Let us know your decision")
def four_ds(
    kit: Kit,
    *,
    batch: Batch = 20,
    components: Annotated[int | None, Ge(1)] = None,
    lmbda: Annotated[float | None, Interval(ge=0, le=1)] = None,
) -> Question:
    """Label, in rounds, samples near the boundary, in dense parts, unlike each other, in a mixture's proportions.

    Args:
        kit: what it is made of.
        batch: labels a round.
        components: of the Gaussian mixture, with diagonal covariances; none for one a class.
        lmbda: the weight of being unlike each other; none for what the paper says of the batch.
    """
    from skactiveml.classifier import MixtureModelClassifier
    from skactiveml.pool import FourDs
    from sklearn.mixture import BayesianGaussianMixture

    count = components or kit.classes
    mixture = BayesianGaussianMixture(n_components=count, covariance_type="diag", random_state=kit.seed)
    return FourDs(lmbda, **kit.common), {"clf": MixtureModelClassifier(mixture.fit(kit.x), **kit.known)}


@querying("al-cost-embedding", reference="Huang & Lin 2016, Active Learning with Cost Embedding")
def cost_embedding(kit: Kit, *, batch: Batch = 20) -> Question:
    """Label, in rounds, the samples whose class is least certain in a space that costs of mistakes are laid out in.

    The first round is drawn at random. All mistakes cost the same here.

    Args:
        kit: what it is made of.
        batch: labels a round.
    """
    from skactiveml.pool import CostEmbeddingAL

    return CostEmbeddingAL(kit.known["classes"], **kit.common), {}


@querying("al-discriminative", reference="Gissin & Shalev-Shwartz 2019, Discriminative Active Learning")
def discriminative(kit: Kit, *, batch: Batch = 10) -> Question:
    """Label, in rounds, the samples that a logistic regression can best tell from the labelled ones.

    The first round is drawn at random. It is taught anew each round, on the whole pool: small batches are more
    varied, and take longer.

    Args:
        kit: what it is made of.
        batch: labels a round.
    """
    from skactiveml.pool import DiscriminativeAL

    return DiscriminativeAL(greedy_selection=True, **kit.common), {"discriminator": kit.logistic()}


@querying("al-core-set", reference="Sener & Savarese 2018, Core-Set")
def core_set(kit: Kit, *, batch: Batch = 20) -> Question:
    """Label the sample farthest from all labelled ones, again and again.

    Args:
        kit: what it is made of.
        batch: labels a round; only the first sample, drawn at random, depends on it.
    """
    from skactiveml.pool import CoreSet

    return CoreSet(**kit.common), {}


@querying("al-typiclust", reference="Hacohen, Dekel & Weinshall 2022, Active Learning on a Budget")
def typiclust(kit: Kit, *, batch: Batch = 20, k: Annotated[int, Ge(1)] = 5) -> Question:
    """Label, in rounds, the sample in the densest part of each of the largest clusters that have no label.

    Args:
        kit: what it is made of.
        batch: labels a round; each round clusters anew, with a cluster for each label there is and each to come.
        k: nearest neighbours that density is measured by.
    """
    from skactiveml.pool import TypiClust

    return TypiClust(k=k, cluster_algo_dict=kit.clustering, **kit.common), {}


@querying("al-badge", reference="Ash et al. 2020, Diverse Gradient Embeddings")
def badge(kit: Kit, *, batch: Batch = 20) -> Question:
    """Label, in rounds, samples with large and different gradients of a logistic regression's loss.

    Holds pool times features times classes numbers.

    Args:
        kit: what it is made of.
        batch: labels a round.
    """
    from skactiveml.pool import Badge

    return Badge(**kit.common), {"clf": kit.logistic()}


@querying("al-probcover", reference="Yehuda et al. 2022, Active Learning Through a Covering Lens", most=SQUARE)
def probcover(kit: Kit, *, batch: Batch = 20, alpha: Annotated[float, Interval(gt=0, lt=1)] = 0.95) -> Question:
    """Label the samples whose balls cover the most others not covered yet.

    The radius is the largest of twenty, up to the mean distance of a thousand samples, that is pure enough.

    Args:
        kit: what it is made of.
        batch: labels a round; changes how ties are broken, no more.
        alpha: the share of balls that must lie within one cluster of k-means, with a cluster a class.
    """
    import numpy as np
    from skactiveml.pool import ProbCover
    from sklearn.metrics import pairwise_distances

    some = np.random.default_rng(kit.seed).permutation(len(kit.x))[:1000]
    radii = np.linspace(0, pairwise_distances(kit.x[some]).mean(), 21)[1:]
    query = ProbCover(n_classes=kit.classes, deltas=radii, alpha=alpha, cluster_algo_dict=kit.clustering, **kit.common)
    return query, {}


@querying("al-contrastive", reference="Margatina et al. 2021, Active Learning by Acquiring Contrastive Examples")
def contrastive(kit: Kit, *, batch: Batch = 20, neighbors: Annotated[int, Ge(1)] = 5) -> Question:
    """Label, in rounds, samples that a logistic regression predicts otherwise than their nearest labelled ones.

    The first round is drawn at random.

    Args:
        kit: what it is made of.
        batch: labels a round.
        neighbors: nearest labelled samples that a sample is compared with.
    """
    from skactiveml.pool import ContrastiveAL

    return ContrastiveAL({"n_neighbors": neighbors}, **kit.common), {"clf": kit.logistic()}


@querying("al-clue", reference="Prabhu et al. 2021, Clustering Uncertainty-weighted Embeddings")
def clue(kit: Kit, *, batch: Batch = 20, method: Doubt = "entropy") -> Question:
    """Label, in rounds, the sample nearest each centre of clusters that uncertain samples weigh most in.

    Args:
        kit: what it is made of.
        batch: labels a round, a cluster each.
        method: what uncertain means, to a logistic regression.
    """
    from skactiveml.pool import Clue

    query = Clue(method=method, cluster_algo_dict=kit.clustering, **kit.common)
    return query, {"estimator": kit.logistic()}


@querying(
    "al-dropquery", reference="Gupte et al. 2024, Revisiting Active Learning in the Era of Vision Foundation Models"
)
def dropquery(
    kit: Kit,
    *,
    batch: Batch = 20,
    rate: Annotated[float, Interval(gt=0, lt=1)] = 0.75,
    times: Annotated[int, Ge(3)] = 5,
) -> Question:
    """Label, in rounds, samples from different clusters whose class changes when features are dropped.

    Args:
        kit: what it is made of.
        batch: labels a round, a cluster each.
        rate: the share of features that is dropped.
        times: how often.
    """
    from skactiveml.pool import DropQuery

    query = DropQuery(rate, times, cluster_algo_dict=kit.clustering, **kit.common)
    return query, {"clf": kit.logistic()}


@querying("al-falcun", reference="Gilhuber et al. 2024, FALCUN")
def falcun(kit: Kit, *, batch: Batch = 20, gamma: Annotated[float, Gt(0)] = 10.0) -> Question:
    """Label, in rounds, samples of uncertain and of different class probabilities.

    The first round is drawn at random.

    Args:
        kit: what it is made of.
        batch: labels a round.
        gamma: how sharply the best are preferred.
    """
    from skactiveml.pool import Falcun

    return Falcun(gamma, **kit.common), {"clf": kit.logistic()}


@querying("al-max-herding", reference="Bae, Noh & Sutherland 2024, Generalized Coverage", most=SQUARE)
def max_herding(kit: Kit, *, batch: Batch = 20, gamma: Annotated[float | None, Gt(0)] = None) -> Question:
    """Label the sample that makes all samples most similar to their most similar labelled one, again and again.

    Similar is exp(-gamma d²) of features scaled to length 1.

    Args:
        kit: what it is made of.
        batch: labels a round; changes how ties are broken, no more.
        gamma: none for 1 / the number of features, as in scikit-learn.
    """
    from skactiveml.pool import MaxHerding

    return MaxHerding(metric_dict={"gamma": gamma}, **kit.common), {}


@hookimpl
def pslbench_register() -> Iterator[Part]:
    yield from (uncertainty, committee, batch_bald, probabilistic, four_ds, cost_embedding, discriminative, core_set)
    yield from (typiclust, badge, probcover, contrastive, clue, dropquery, falcun, max_herding)
