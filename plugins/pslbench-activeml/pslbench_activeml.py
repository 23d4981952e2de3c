"""The query strategies of scikit-activeml as strategies of pslbench. They start without labels and query in rounds.

Each function here configures one query strategy; the decorator `query_strategy` makes a part of it.
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

UNLABELED = -1
MAX_PAIRWISE = 10_000  # samples, for strategies that store one number per pair: 800 MB
Batch = Annotated[int, Ge(1)]
Uncertainty = Literal["least_confident", "margin_sampling", "entropy"]
ConfiguredQuery = tuple[Any, dict[str, Any]]  # a query strategy, and extra arguments of its method `query`


@dataclass(frozen=True)
class QueryInputs:
    """What query strategies are configured with.

    Attributes:
        x: the features, float32 (n, d).
        n_classes: the number of classes.
        seed: of all random numbers.
    """

    x: NDArray[np.float32]
    n_classes: int
    seed: int

    @property
    def query_arguments(self) -> dict[str, Any]:
        """The arguments of every query strategy."""
        return {"missing_label": UNLABELED, "random_state": self.seed}

    @property
    def classifier_arguments(self) -> dict[str, Any]:
        """The arguments of every classifier. They name all classes, even those without a label so far."""
        return {"classes": list(range(self.n_classes)), **self.query_arguments}

    @property
    def kmeans_arguments(self) -> dict[str, Any]:
        """The arguments of scikit-learn's k-means, which would otherwise use an unseeded generator."""
        return {"random_state": self.seed, "n_init": 1}

    def logistic_regression(self) -> Any:
        from skactiveml.classifier import SklearnClassifier
        from sklearn.linear_model import LogisticRegression

        return SklearnClassifier(LogisticRegression(max_iter=200), **self.classifier_arguments)

    def committee(self, members: int) -> list[Any]:
        """Return logistic regressions, each for a bootstrap sample of the labeled samples."""
        from skactiveml.classifier import SklearnClassifier
        from sklearn.ensemble import BaggingClassifier
        from sklearn.linear_model import LogisticRegression

        seeds = range(self.seed, self.seed + members)
        bagged = (BaggingClassifier(LogisticRegression(max_iter=200), 1, random_state=seed) for seed in seeds)
        return [SklearnClassifier(classifier, **self.classifier_arguments) for classifier in bagged]


def query_strategy(
    name: str, *, reference: str, max_samples: int | None = None
) -> Callable[[Callable[..., ConfiguredQuery]], Part]:
    """Make a strategy of `function(inputs, *, batch, ...) -> ConfiguredQuery`.

    Args:
        name: what users type.
        reference: the paper.
        max_samples: the largest pool that fits into memory. A larger pool is refused at once.
    """

    def make_strategy(function: Callable[..., ConfiguredQuery]) -> Part:
        @wraps(function)
        def run(pool: Pool, *, batch: int, **values: Any) -> PseudoLabels:
            if max_samples and len(pool) > max_samples:
                raise InputError(
                    f"{name} compares all pairs of samples, so it takes a pool of at most {max_samples:,}, not of "
                    f"{len(pool):,}; try al-core-set or al-typiclust, or a smaller dataset"
                )
            inputs = QueryInputs(pool.features, pool.n_classes, int(pool.rng.integers(2**31)))
            return query_in_rounds(pool, *function(inputs, batch=batch, **values), batch)

        return strategy(name, uses="features", enabled=False, reference=reference)(run)

    return make_strategy


def query_in_rounds(pool: Pool, query: Any, arguments: dict[str, Any], batch: int) -> PseudoLabels:
    """Query `batch` labels per round until the budget is spent. Each round knows the labels of the earlier ones."""
    import warnings

    import numpy as np

    labels = np.full(len(pool), UNLABELED)
    while remaining := pool.budget - int(np.count_nonzero(labels != UNLABELED)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # from classifiers without labels in the first round
            selected = np.unique(query.query(pool.features, labels, batch_size=min(batch, remaining), **arguments))
        if (labels[selected] != UNLABELED).all():
            raise ContractError(f"{type(query).__name__} selected only samples that are already labeled")
        labels[selected] = pool.label(selected)
    labeled = np.flatnonzero(labels != UNLABELED)
    return PseudoLabels(labeled, labels[labeled])


@query_strategy("al-uncertainty", reference="Settles 2009, Active Learning Literature Survey")
def uncertainty(inputs: QueryInputs, *, batch: Batch = 20, method: Uncertainty = "margin_sampling") -> ConfiguredQuery:
    """In rounds, label the samples about which a logistic regression on the labeled ones is least certain.

    The first round is random.

    Args:
        inputs: the features, the number of classes and a seed.
        batch: the number of labels per round.
        method: the measure of uncertainty.
    """
    from skactiveml.pool import UncertaintySampling

    return UncertaintySampling(method, **inputs.query_arguments), {"clf": inputs.logistic_regression()}


@query_strategy("al-committee", reference="Seung, Opper & Sompolinsky 1992; Engelson & Dagan 1996")
def committee(
    inputs: QueryInputs,
    *,
    batch: Batch = 20,
    method: Literal["KL_divergence", "vote_entropy", "variation_ratios"] = "KL_divergence",
    members: Annotated[int, Ge(2)] = 5,
) -> ConfiguredQuery:
    """In rounds, label the samples on which a committee of logistic regressions disagrees.

    The first round is random.

    Args:
        inputs: the features, the number of classes and a seed.
        batch: the number of labels per round.
        method: the measure of disagreement.
        members: the size of the committee; each member is trained on a bootstrap sample.
    """
    from skactiveml.pool import QueryByCommittee

    return QueryByCommittee(method, **inputs.query_arguments), {"ensemble": inputs.committee(members)}


@query_strategy("al-batch-bald", reference="Kirsch, van Amersfoort & Gal 2019, BatchBALD")
def batch_bald(inputs: QueryInputs, *, batch: Batch = 20, members: Annotated[int, Ge(2)] = 5) -> ConfiguredQuery:
    """In rounds, label the batch whose labels jointly have the most mutual information with a committee.

    The first round is random.

    Args:
        inputs: the features, the number of classes and a seed.
        batch: the number of labels per round.
        members: the number of logistic regressions; each is trained on a bootstrap sample.
    """
    from skactiveml.pool import BatchBALD

    return BatchBALD(**inputs.query_arguments), {"ensemble": inputs.committee(members)}


@query_strategy("al-probabilistic", reference="Kottke et al. 2016, Multi-Class Probabilistic Active Learning")
def probabilistic(
    inputs: QueryInputs, *, batch: Batch = 20, prior: Annotated[float, Gt(0)] = 1.0, m_max: Annotated[int, Ge(1)] = 1
) -> ConfiguredQuery:
    """In rounds, label the samples with the highest expected gain in accuracy of a Parzen window classifier.

    The first round is random. The bandwidth follows scikit-activeml's rule of thumb.

    Args:
        inputs: the features, the number of classes and a seed.
        batch: the number of labels per round.
        prior: the prior number of labels per class.
        m_max: the number of hypothetical labels near a sample.
    """
    from skactiveml.classifier import ParzenWindowClassifier
    from skactiveml.pool import ProbabilisticAL

    parzen = ParzenWindowClassifier(metric_dict={"gamma": "mean"}, **inputs.classifier_arguments)
    return ProbabilisticAL(prior, m_max, **inputs.query_arguments), {"clf": parzen}


@query_strategy("al-4ds", reference="Reitmaier & Sick 2013, Let us know your decision")
def four_ds(
    inputs: QueryInputs,
    *,
    batch: Batch = 20,
    components: Annotated[int | None, Ge(1)] = None,
    lmbda: Annotated[float | None, Interval(ge=0, le=1)] = None,
) -> ConfiguredQuery:
    """In rounds, label samples near the decision boundary, in dense regions, diverse, with the class proportions.

    Args:
        inputs: the features, the number of classes and a seed.
        batch: the number of labels per round.
        components: the number of components of the Gaussian mixture with diagonal covariances; none for one per class.
        lmbda: the weight of diversity; none for the value that the paper derives from the batch.
    """
    from skactiveml.classifier import MixtureModelClassifier
    from skactiveml.pool import FourDs
    from sklearn.mixture import BayesianGaussianMixture

    n_components = components or inputs.n_classes
    mixture = BayesianGaussianMixture(n_components=n_components, covariance_type="diag", random_state=inputs.seed)
    return FourDs(lmbda, **inputs.query_arguments), {
        "clf": MixtureModelClassifier(mixture.fit(inputs.x), **inputs.classifier_arguments)
    }


@query_strategy("al-cost-embedding", reference="Huang & Lin 2016, Active Learning with Cost Embedding")
def cost_embedding(inputs: QueryInputs, *, batch: Batch = 20) -> ConfiguredQuery:
    """In rounds, label the samples with the least certain class in an embedding of the misclassification costs.

    The first round is random. All misclassifications have the same cost here.

    Args:
        inputs: the features, the number of classes and a seed.
        batch: the number of labels per round.
    """
    from skactiveml.pool import CostEmbeddingAL

    return CostEmbeddingAL(inputs.classifier_arguments["classes"], **inputs.query_arguments), {}


@query_strategy("al-discriminative", reference="Gissin & Shalev-Shwartz 2019, Discriminative Active Learning")
def discriminative(inputs: QueryInputs, *, batch: Batch = 10) -> ConfiguredQuery:
    """In rounds, label the samples that a logistic regression distinguishes best from the labeled ones.

    The first round is random. The regression is trained in each round on the whole pool: small batches
    are more diverse and take longer.

    Args:
        inputs: the features, the number of classes and a seed.
        batch: the number of labels per round.
    """
    from skactiveml.pool import DiscriminativeAL

    return DiscriminativeAL(greedy_selection=True, **inputs.query_arguments), {
        "discriminator": inputs.logistic_regression()
    }


@query_strategy("al-core-set", reference="Sener & Savarese 2018, Core-Set")
def core_set(inputs: QueryInputs, *, batch: Batch = 20) -> ConfiguredQuery:
    """Repeatedly label the sample that is farthest from all labeled samples.

    Args:
        inputs: the features, the number of classes and a seed.
        batch: the number of labels per round; only the first sample, which is random, depends on it.
    """
    from skactiveml.pool import CoreSet

    return CoreSet(**inputs.query_arguments), {}


@query_strategy("al-typiclust", reference="Hacohen, Dekel & Weinshall 2022, Active Learning on a Budget")
def typiclust(inputs: QueryInputs, *, batch: Batch = 20, k: Annotated[int, Ge(1)] = 5) -> ConfiguredQuery:
    """In rounds, label the densest sample of each of the largest clusters without a label.

    Args:
        inputs: the features, the number of classes and a seed.
        batch: the number of labels per round; each round has one cluster per label so far and per label of the round.
        k: the number of nearest neighbors that measure density.
    """
    from skactiveml.pool import TypiClust

    return TypiClust(k=k, cluster_algo_dict=inputs.kmeans_arguments, **inputs.query_arguments), {}


@query_strategy("al-badge", reference="Ash et al. 2020, Diverse Gradient Embeddings")
def badge(inputs: QueryInputs, *, batch: Batch = 20) -> ConfiguredQuery:
    """In rounds, label samples with large and diverse gradients of the loss of a logistic regression.

    The gradients are samples x features x classes numbers in memory.

    Args:
        inputs: the features, the number of classes and a seed.
        batch: the number of labels per round.
    """
    from skactiveml.pool import Badge

    return Badge(**inputs.query_arguments), {"clf": inputs.logistic_regression()}


@query_strategy(
    "al-probcover", reference="Yehuda et al. 2022, Active Learning Through a Covering Lens", max_samples=MAX_PAIRWISE
)
def probcover(
    inputs: QueryInputs, *, batch: Batch = 20, alpha: Annotated[float, Interval(gt=0, lt=1)] = 0.95
) -> ConfiguredQuery:
    """Repeatedly label the sample whose ball covers the most uncovered samples.

    The radius is the largest of 20 candidates with pure enough balls; the mean distance of 1,000 samples bounds it.

    Args:
        inputs: the features, the number of classes and a seed.
        batch: the number of labels per round; it only affects how ties are broken.
        alpha: the share of balls that must lie within one cluster of k-means, with one cluster per class.
    """
    import numpy as np
    from skactiveml.pool import ProbCover
    from sklearn.metrics import pairwise_distances

    sample = np.random.default_rng(inputs.seed).permutation(len(inputs.x))[:1000]
    radii = np.linspace(0, pairwise_distances(inputs.x[sample]).mean(), 21)[1:]
    query = ProbCover(
        n_classes=inputs.n_classes,
        deltas=radii,
        alpha=alpha,
        cluster_algo_dict=inputs.kmeans_arguments,
        **inputs.query_arguments,
    )
    return query, {}


@query_strategy("al-contrastive", reference="Margatina et al. 2021, Active Learning by Acquiring Contrastive Examples")
def contrastive(inputs: QueryInputs, *, batch: Batch = 20, neighbors: Annotated[int, Ge(1)] = 5) -> ConfiguredQuery:
    """In rounds, label samples whose prediction differs most from those of their nearest labeled samples.

    The first round is random.

    Args:
        inputs: the features, the number of classes and a seed.
        batch: the number of labels per round.
        neighbors: the number of nearest labeled samples to compare with.
    """
    from skactiveml.pool import ContrastiveAL

    return ContrastiveAL({"n_neighbors": neighbors}, **inputs.query_arguments), {"clf": inputs.logistic_regression()}


@query_strategy("al-clue", reference="Prabhu et al. 2021, Clustering Uncertainty-weighted Embeddings")
def clue(inputs: QueryInputs, *, batch: Batch = 20, method: Uncertainty = "entropy") -> ConfiguredQuery:
    """In rounds, label the sample nearest each cluster center; uncertain samples weigh more in the clustering.

    Args:
        inputs: the features, the number of classes and a seed.
        batch: the number of labels per round, one per cluster.
        method: the measure of uncertainty, for a logistic regression.
    """
    from skactiveml.pool import Clue

    query = Clue(method=method, cluster_algo_dict=inputs.kmeans_arguments, **inputs.query_arguments)
    return query, {"estimator": inputs.logistic_regression()}


@query_strategy(
    "al-dropquery", reference="Gupte et al. 2024, Revisiting Active Learning in the Era of Vision Foundation Models"
)
def dropquery(
    inputs: QueryInputs,
    *,
    batch: Batch = 20,
    rate: Annotated[float, Interval(gt=0, lt=1)] = 0.75,
    times: Annotated[int, Ge(3)] = 5,
) -> ConfiguredQuery:
    """In rounds, label samples of different clusters whose predicted class changes when features are dropped.

    Args:
        inputs: the features, the number of classes and a seed.
        batch: the number of labels per round, one per cluster.
        rate: the share of features to drop.
        times: the number of random drops.
    """
    from skactiveml.pool import DropQuery

    query = DropQuery(rate, times, cluster_algo_dict=inputs.kmeans_arguments, **inputs.query_arguments)
    return query, {"clf": inputs.logistic_regression()}


@query_strategy("al-falcun", reference="Gilhuber et al. 2024, FALCUN")
def falcun(inputs: QueryInputs, *, batch: Batch = 20, gamma: Annotated[float, Gt(0)] = 10.0) -> ConfiguredQuery:
    """In rounds, label samples with uncertain and diverse class probabilities.

    The first round is random.

    Args:
        inputs: the features, the number of classes and a seed.
        batch: the number of labels per round.
        gamma: how strongly the highest scores are preferred.
    """
    from skactiveml.pool import Falcun

    return Falcun(gamma, **inputs.query_arguments), {"clf": inputs.logistic_regression()}


@query_strategy(
    "al-max-herding", reference="Bae, Noh & Sutherland 2024, Generalized Coverage", max_samples=MAX_PAIRWISE
)
def max_herding(
    inputs: QueryInputs, *, batch: Batch = 20, gamma: Annotated[float | None, Gt(0)] = None
) -> ConfiguredQuery:
    """Repeatedly label the sample that most increases the similarity of all samples to the labeled ones.

    The similarity is exp(-gamma d²) for features of length 1.

    Args:
        inputs: the features, the number of classes and a seed.
        batch: the number of labels per round; it only affects how ties are broken.
        gamma: the inverse width; none for 1 / the number of features, as in scikit-learn.
    """
    from skactiveml.pool import MaxHerding

    return MaxHerding(metric_dict={"gamma": gamma}, **inputs.query_arguments), {}


@hookimpl
def pslbench_register() -> Iterator[Part]:
    yield from (uncertainty, committee, batch_bald, probabilistic, four_ds, cost_embedding, discriminative, core_set)
    yield from (typiclust, badge, probcover, contrastive, clue, dropquery, falcun, max_herding)
