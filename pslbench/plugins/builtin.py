"""The parts that come with pslbench, registered like those of any other plugin."""

from collections.abc import Iterator
from importlib import import_module

from pslbench.parts import Part
from pslbench.plugins.spec import hookimpl

MODULES = {
    "datasets": ("mnist_5k", "digits", "mnist", "table", "images", "texts", "npz"),
    "embedders": ("pixels", "standardize", "tf_idf", "tabular", "given", "upright", "pca", "autoencoder"),
    "clusterers": (
        *("minibatch_kmeans", "kmeans", "spherical_kmeans", "gmm"),
        *("birch", "agglomerative", "hdbscan", "spectral"),
    ),
    "strategies": (
        *("centroid", "centroid_only", "random", "typiclust", "probcover", "k_center", "uncertainty"),
        *("label_spreading", "laplace", "poisson", "pwll", "self_training", "confident", "co_testing"),
        *("majority", "supervised", "constant"),
    ),
    "trainers": ("cnn", "ensemble", "probe", "extra_trees", "knn", "boosting", "fixmatch", "freematch", "logreg"),
    "reporters": ("screen", "files", "html"),
}


@hookimpl
def pslbench_register() -> Iterator[Part]:
    for folder, names in MODULES.items():
        for name in names:
            module = import_module(f"pslbench.{folder}.{name}")
            yield from (member for member in vars(module).values() if isinstance(member, Part))
