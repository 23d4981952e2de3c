from collections.abc import Callable
from typing import Annotated

from annotated_types import Ge, Gt, Interval

from pslbench.contracts import TrainingData
from pslbench.contracts.arrays import Bools, Floats
from pslbench.parts import trainer
from pslbench.trainers.cnn import (
    LEARNING_RATE,
    Architecture,
    Network,
    learning_rates,
    resolve_precision,
    start,
    train_batch,
)

IsConfident = Callable[[Floats], Bools]

LABELED_BATCH_SIZE = 32


@trainer("fixmatch", takes="images", soft_labels=False, reference="Sohn et al. 2020, FixMatch")
def fixmatch(
    data: TrainingData,
    seed: int,
    *,
    threshold: Annotated[float, Interval(gt=0, le=1)] = 0.95,
    mu: Annotated[int, Ge(1)] = 7,
    steps: Annotated[int, Ge(1)] = 1500,
    weight: Annotated[float, Gt(0)] = 1.0,
) -> Network:
    """Train the network of cnn to predict for changed images what it confidently predicts for the unchanged ones.

    Loss and threshold are those of the paper. The optimizer is Adam (the paper: SGD), with a learning rate that falls
    from 0.004 to 0 along half a cosine. The paper's 2^20 steps and averaged weights take too long on a CPU.

    Args:
        data: images. The whole pool is used, with the labels of the labeled samples.
        seed: determines the initial weights, the order of the samples, dropout and augmentation.
        threshold: the least probability of a prediction that is trained on.
        mu: the number of unlabeled images per labeled image; each step takes 32 labeled images.
        steps: the number of training steps; 1,500 show as many images as cnn sees of a pool of 60,000.
        weight: the weight of the loss on unlabeled images.
    """
    return train_consistently(data, seed, lambda p: p.max(axis=1) >= threshold, mu, steps, weight)


def train_consistently(
    data: TrainingData, seed: int, is_confident: IsConfident, mu: int, steps: int, weight: float
) -> Network:
    """Train on labeled images, and on changed images of the pool with the predictions for the unchanged ones.

    The arguments are those of fixmatch, with `is_confident` instead of its threshold: which predictions to train on,
    bool (m,), by their class probabilities, float32 (m, classes).
    """
    import numpy as np
    from scipy.special import softmax

    from pslbench.trainers.augmentation import augment_images, cut_out

    pool = data.pool
    n_unlabeled = min(mu * LABELED_BATCH_SIZE, len(pool))
    size, compute_dtype = LABELED_BATCH_SIZE + n_unlabeled, resolve_precision()
    model = start(Architecture(pool.shape[1:], data.n_classes, compute_dtype), seed, pool)
    rng, queue, classes = np.random.default_rng(seed), np.zeros(0, np.int64), np.eye(data.n_classes, dtype=np.float32)
    for rate in learning_rates(LEARNING_RATE, steps):
        while len(queue) < n_unlabeled:
            queue = np.append(queue, rng.permutation(len(pool)))
        unlabeled, queue = np.split(queue, [n_unlabeled])
        labeled = rng.integers(len(data.labels), size=LABELED_BATCH_SIZE)
        p = softmax(np.asarray(model.predict_on_batch(pool[unlabeled]), np.float32), axis=1)
        weak = augment_images(pool[data.indices[labeled]], rng)
        strong = cut_out(augment_images(pool[unlabeled], rng), rng)
        weights = np.ones(LABELED_BATCH_SIZE) if data.weights is None else data.weights[labeled]
        shares = np.concatenate([weights / LABELED_BATCH_SIZE, weight * is_confident(p) / n_unlabeled])
        labels = classes[np.concatenate([data.labels[labeled], p.argmax(axis=1)])]
        train_batch(model, np.concatenate([weak, strong]), labels, (size * shares).astype(np.float32), rate)
    return Network(model, model.get_weights(), compute_dtype)
