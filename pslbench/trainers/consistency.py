"""Semi-supervised training that makes predictions consistent between an image and a changed version of it.

This module imports NumPy at its top, so trainers import it inside their functions.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from pslbench.contracts import TrainingData
from pslbench.trainers.augmentation import augment_images, cut_out
from pslbench.trainers.cnn import LEARNING_RATE, Network, Shape, cosine_rate, resolve_precision, start

IsConfident = Callable[[NDArray[np.float32]], NDArray[np.bool_]]
LABELED_BATCH_SIZE = 32


def train_consistently(
    data: TrainingData, seed: int, is_confident: IsConfident, mu: int, steps: int, weight: float
) -> Network:
    """Train on labeled images, and on changed images of the pool with the predictions for the unchanged ones.

    The arguments are those of fixmatch, with `is_confident` instead of its threshold: which predictions to train on,
    bool (m,), by their class probabilities, float32 (m, classes).
    """
    pool = data.pool
    n_unlabeled = min(mu * LABELED_BATCH_SIZE, len(pool))
    size, compute_dtype = LABELED_BATCH_SIZE + n_unlabeled, resolve_precision()
    model = start(Shape(pool.shape[1:], data.n_classes, size, True, compute_dtype, False), seed)
    rng, queue = np.random.default_rng(seed), np.zeros(0, np.int64)
    for step in range(steps):
        while len(queue) < n_unlabeled:
            queue = np.append(queue, rng.permutation(len(pool)))
        unlabeled, queue = np.split(queue, [n_unlabeled])
        labeled = rng.integers(len(data.labels), size=LABELED_BATCH_SIZE)
        p = softmax(np.asarray(model.predict_on_batch(pool[unlabeled]), np.float32), axis=1)
        weak = augment_images(pool[data.indices[labeled]], rng)
        strong = cut_out(augment_images(pool[unlabeled], rng), rng)
        weights = np.ones(LABELED_BATCH_SIZE) if data.weights is None else data.weights[labeled]
        shares = np.concatenate([weights / LABELED_BATCH_SIZE, weight * is_confident(p) / n_unlabeled])
        labels = np.concatenate([data.labels[labeled], p.argmax(axis=1)])
        model.optimizer.learning_rate = cosine_rate(LEARNING_RATE, step, steps)
        model.train_on_batch(np.concatenate([weak, strong]), labels, (size * shares).astype(np.float32))
    return Network(model, model.get_weights(), compute_dtype)
