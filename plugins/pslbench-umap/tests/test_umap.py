import numpy as np
import pytest
from pslbench_umap import umap
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from pslbench import Embedding, InputError
from pslbench.testing import parametrize


def test_nearest_neighbors_of_new_samples_have_the_same_class():
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    embedding = umap(x[:1200], 0, dims=4)
    assert isinstance(embedding, Embedding)
    assert embedding.features.shape == (1200, 4)
    near = KNeighborsClassifier(5).fit(embedding.features, y[:1200])
    assert near.score(embedding.transform(x[1200:]), y[1200:]) > 0.9


def test_both_concatenates_the_two_layouts():
    images = (load_digits().images / 16).astype(np.float32)[..., None]
    pool, new = images[:400], images[400:450]
    plain, upright, both = (umap(pool, 0, dims=2, components=20, images=form) for form in ("plain", "upright", "both"))
    np.testing.assert_allclose(both.features, np.hstack([plain.features, upright.features]))
    assert both.transform(new).shape == (50, 4)
    assert abs(plain.features - upright.features).max() > 1


@pytest.mark.parametrize(
    ("samples", "parameters", "problem"),
    [
        (np.zeros((30, 64), np.float32), {"images": "both"}, "umap:images=both needs images"),
        (np.zeros((30, 64), np.float32), {"components": 31}, "umap:components=31 must be at most 30"),
    ],
)
def test_unsuitable_samples_are_refused(samples, parameters, problem):
    with pytest.raises(InputError, match=problem):
        umap(samples, 0, **parameters)


@parametrize(umap, skips={"time": "the first layout includes the compilation"})
def test_conformance(check):
    check()
