import numpy as np
from pslbench_umap import umap
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from pslbench import Embedding
from pslbench.testing import parametrize


def test_classes_stay_together_and_new_samples_land_among_their_own():
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    embedding = umap(x[:1200], 0, dims=4)
    assert isinstance(embedding, Embedding)
    assert embedding.features.shape == (1200, 4)
    near = KNeighborsClassifier(5).fit(embedding.features, y[:1200])
    assert near.score(embedding.transform(x[1200:]), y[1200:]) > 0.9


@parametrize(umap, skips={"time": "the first layout compiles for longer than the others take"})
def test_conformance(check):
    check()
