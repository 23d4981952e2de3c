"""`make perf`: methods on the pool of MNIST, 60,000 images, and beside a library's on as many as that can handle.

Features are 64 principal components, 120 labels are bought, one thread computes, as in a worker. The figures in
brackets are the ratios.
"""

import numpy as np
import pytest
from skactiveml.pool import CoreSet, ProbCover, TypiClust
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from sklearn.semi_supervised import LabelSpreading
from threadpoolctl import threadpool_limits

from pslbench.contracts import Embedding, Pool
from pslbench.datasets.mnist import MNIST
from pslbench.engine.clustering import fit_clusters
from pslbench.neighbours import nearest_neighbours
from pslbench.plugins.manager import discover

ALL, SOME, BUDGET = 60_000, 3_000, 120
SELECTING = ["typiclust", "probcover", "k-center", "random"]
SPREADING = ["poisson", "laplace", "label-spreading", "confident", "pwll"]
LIBRARY = {
    "typiclust": lambda seed: TypiClust(random_state=seed),
    "probcover": lambda seed: ProbCover(random_state=seed),
    "k-center": lambda seed: CoreSet(random_state=seed),
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def pools(mnist):
    """What strategies get, of the first n images: clusters and a graph are made before, as by the stages of a cell."""
    arrays = next(MNIST.found())[1]
    labels = arrays["y_train"].astype(np.int64)
    x = (arrays["x_train"].reshape(ALL, -1) / 255).astype(np.float32)
    features = PCA(64, random_state=0).fit_transform(x).astype(np.float32)

    def pool(n):
        embedding = Embedding(features[:n])
        clusters, _ = fit_clusters(
            MiniBatchKMeans(BUDGET, batch_size=1024, n_init=3, random_state=0), features[:n], BUDGET
        )
        graph, rng = nearest_neighbours(features[:n]), np.random.default_rng(0)
        return Pool(x[:n], 10, BUDGET, rng, lambda i: labels[i], lambda _: None, embedding, clusters, graph)

    return {n: pool(n) for n in (SOME, ALL)}


def once(benchmark, what):
    benchmark.pedantic(what, rounds=1)


@pytest.mark.parametrize("name", SELECTING + SPREADING)
@pytest.mark.benchmark(group="on 60,000 x 64, 120 labels")
def test_at_scale(benchmark, pools, name):
    method = discover().part("strategy", name)
    once(benchmark, lambda: method(pools[ALL]))


@pytest.mark.parametrize("whose", ["ours", "scikit-activeml"])
@pytest.mark.parametrize("name", LIBRARY)
def test_selection(benchmark, pools, name, whose):
    benchmark.group = f"{name} on {SOME:,} x 64, 120 labels"
    method, pool = discover().part("strategy", name), pools[SOME]
    unknown = np.full(SOME, np.nan)
    library = LIBRARY[name](0)
    once(
        benchmark, lambda: method(pool) if whose == "ours" else library.query(pool.features, unknown, batch_size=BUDGET)
    )


@pytest.mark.parametrize("whose", ["poisson", "laplace", "label-spreading", "scikit-learn's LabelSpreading, rbf"])
@pytest.mark.benchmark(group="propagation on 3,000 x 64")
def test_propagation(benchmark, pools, whose):
    pool = pools[SOME]
    if whose in SPREADING:
        method = discover().part("strategy", whose)
        once(benchmark, lambda: method(pool))
        return
    known = np.full(SOME, -1)
    known[pool.clusters.medoids] = pool.label(pool.clusters.medoids)
    once(benchmark, lambda: LabelSpreading(kernel="rbf", gamma=0.1).fit(pool.features, known))


@pytest.mark.parametrize("whose", ["ours", "scikit-learn's NearestNeighbors"])
@pytest.mark.benchmark(group="10 nearest neighbours of 60,000 x 64, exact")
def test_graph(benchmark, pools, whose):
    features = pools[ALL].features
    search = NearestNeighbors(n_neighbors=10, algorithm="brute")
    once(benchmark, lambda: nearest_neighbours(features, 10) if whose == "ours" else search.fit(features).kneighbors())
