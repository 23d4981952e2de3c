import numpy as np
import pytest
from pslbench_umap import umap
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from pslbench import Embedding, InputError


def test_classes_stay_together_and_new_samples_land_among_their_own():
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    embedding = umap(x[:1200], 0, dims=4)
    assert isinstance(embedding, Embedding)
    assert embedding.features.shape == (1200, 4)
    near = KNeighborsClassifier(5).fit(embedding.features, y[:1200])
    assert near.score(embedding.transform(x[1200:]), y[1200:]) > 0.9


def test_images_can_be_set_upright_first_and_vectors_cannot():
    x, _ = load_digits(return_X_y=True)
    images = (x[:300].reshape(-1, 8, 8, 1) / 16).astype(np.float32)
    embedding = umap(images, 0, dims=4, upright=True)
    assert embedding.features.shape == (300, 4)
    with pytest.raises(InputError, match="leave it out"):
        umap(x[:300].astype(np.float32), 0, upright=True)
