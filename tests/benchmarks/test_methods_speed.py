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

from pslbench.clustering import fit_clusters
from pslbench.contracts import Embedding, Pool
from pslbench.datasets.mnist import MNIST
from pslbench.neighbors import nearest_neighbors
from pslbench.plugins.discovery import discover

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
def mnist_in_64(mnist):
    """Images, labels, and 64 principal components."""
    arrays = next(MNIST.find())[1]
    x = (arrays["x_train"].reshape(ALL, -1) / 255).astype(np.float32)
    return x, arrays["y_train"].astype(np.int64), PCA(64, random_state=0).fit_transform(x).astype(np.float32)


def pool_of(n, data, uses):
    """The first n images as a strategy gets them, with what it uses."""
    x, labels, features = (array[:n] for array in data)
    clusters = graph = None
    if "clusters" in uses:
        kmeans = MiniBatchKMeans(BUDGET, batch_size=1024, n_init=3, random_state=0)
        clusters, _ = fit_clusters(kmeans, features, BUDGET)
    if "graph" in uses:
        graph = nearest_neighbors(features)
    rng = np.random.default_rng(0)
    return Pool(x, 10, BUDGET, rng, lambda i: labels[i], lambda _: None, Embedding(features), clusters, graph)


def method(name):
    return discover().resolve("strategy", name)[1]


def once(benchmark, what):
    benchmark.pedantic(what, rounds=1)


@pytest.mark.parametrize("name", SELECTING + SPREADING)
@pytest.mark.benchmark(group="on 60,000 x 64, 120 labels; clusters and graph are there")
def test_at_scale(benchmark, mnist_in_64, name):
    pool = pool_of(ALL, mnist_in_64, method(name).uses)
    once(benchmark, lambda: method(name)(pool))


@pytest.mark.parametrize("whose", ["ours", "scikit-activeml"])
@pytest.mark.parametrize("name", LIBRARY)
def test_selection(benchmark, mnist_in_64, name, whose):
    benchmark.group = f"{name} on {SOME:,} x 64, 120 labels, clustering and all"
    query = {"X": mnist_in_64[2][:SOME], "y": np.full(SOME, np.nan), "batch_size": BUDGET}
    ours, theirs = method(name), LIBRARY[name](0)
    what = {
        "ours": lambda: ours(pool_of(SOME, mnist_in_64, ours.uses)),
        "scikit-activeml": lambda: theirs.query(**query),
    }
    once(benchmark, what[whose])


@pytest.mark.parametrize("whose", ["poisson", "laplace", "label-spreading", "scikit-learn's LabelSpreading"])
@pytest.mark.benchmark(group=f"propagation on {SOME:,} x 64, graph, clustering and all")
def test_propagation(benchmark, mnist_in_64, whose):
    if whose in SPREADING:
        once(benchmark, lambda: method(whose)(pool_of(SOME, mnist_in_64, method(whose).uses)))
        return
    known = np.where(np.arange(SOME) < BUDGET, mnist_in_64[1][:SOME], -1)
    once(benchmark, lambda: LabelSpreading(kernel="rbf", gamma=0.1).fit(mnist_in_64[2][:SOME], known))


@pytest.mark.parametrize("whose", ["ours", "scikit-learn's NearestNeighbors"])
@pytest.mark.benchmark(group="10 nearest neighbours of 60,000 x 64, exact")
def test_graph(benchmark, mnist_in_64, whose):
    features = mnist_in_64[2]
    search = NearestNeighbors(n_neighbors=10, algorithm="brute")
    once(benchmark, lambda: nearest_neighbors(features, 10) if whose == "ours" else search.fit(features).kneighbors())
