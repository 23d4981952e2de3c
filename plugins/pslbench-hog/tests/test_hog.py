import numpy as np
from pslbench_hog import hog

from pslbench import Embedding
from pslbench.testing import parametrize


def test_a_shift_by_one_pixel_changes_features_less_than_noise():
    rng = np.random.default_rng(0)
    stroke = np.zeros((1, 28, 28, 1), np.float32)
    stroke[0, 4:24, 12:15] = 1
    noise = rng.random((1, 28, 28, 1), np.float32)
    embedding = hog(np.concatenate([stroke, np.roll(stroke, 1, axis=2), noise]))
    assert isinstance(embedding, Embedding)
    shifted, random = (np.linalg.norm(embedding.features[0] - embedding.features[i]) for i in (1, 2))
    assert shifted < random / 2
    assert np.array_equal(embedding.transform(stroke), embedding.features[:1])


@parametrize(hog)
def test_conformance(check):
    check()
