from __future__ import annotations

from collections.abc import Callable
from math import cos, pi
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt, Interval

from pslbench.contracts import TrainingData
from pslbench.parts import trainer
from pslbench.trainers.augment import affine, erase
from pslbench.trainers.cnn import RATE, Network, Shape, auto_precision, start

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pslbench.contracts.arrays import Floats

    Confident = Callable[[Floats], NDArray[np.bool_]]

LABELLED = 32  # images a step


@trainer("fixmatch", images_only=True, reference="Sohn et al. 2020, FixMatch")
def fixmatch(
    data: TrainingData,
    seed: int,
    *,
    threshold: Annotated[float, Interval(gt=0, le=1)] = 0.95,
    mu: Annotated[int, Ge(1)] = 7,
    steps: Annotated[int, Ge(1)] = 1500,
    weight: Annotated[float, Gt(0)] = 1.0,
) -> Network:
    """The cnn's network, taught to say of distorted images what it is sure of for the plain ones.

    The paper's loss and threshold; its length (2^20 steps), optimizer (SGD) and averaged weights are not: a CPU has
    no time for them. Here it is Adam, its learning rate falling from 0.004 to zero along half a cosine.

    Args:
        data: images; the whole pool is used, the labels of some of it.
        seed: of first weights, order, dropout and distortions.
        threshold: the probability from which on a prediction for a plain image is what the distorted one is taught.
        mu: images without a label a step, for each of 32 with one.
        steps: of training; 1,500 show it as many images as the cnn sees of a pool of 60,000.
        weight: of the loss on images without a label.
    """
    return match(data, seed, lambda p: p.max(axis=1) >= threshold, mu, steps, weight)


def match(data: TrainingData, seed: int, confident: Confident, mu: int, steps: int, weight: float) -> Network:
    """Train on labelled images and, `mu` times as many a step, on distorted ones of the pool.

    Args:
        data: images.
        seed: of first weights, order, dropout and distortions.
        confident: which rows of class probabilities, float32 (m, classes), of plain images are taught.
        mu, steps, weight: as in `fixmatch`.
    """
    import numpy as np
    from scipy.special import softmax

    per_step = min(mu * LABELLED, len(data.pool))
    size, precision = LABELLED + per_step, auto_precision()
    model = start(Shape(data.pool.shape[1:], data.n_classes, size, True, precision, False), seed)
    rng, waiting = np.random.default_rng(seed), np.zeros(0, np.int64)
    for step in range(steps):
        while len(waiting) < per_step:
            waiting = np.append(waiting, rng.permutation(len(data.pool)))
        now, waiting = np.split(waiting, [per_step])
        some, plain = rng.integers(len(data.labels), size=LABELLED), data.pool[now]
        p = softmax(np.asarray(model.predict_on_batch(plain), np.float32), axis=1)
        images = np.concatenate([affine(data.pool[data.indices[some]], rng), erase(affine(plain, rng), rng)])
        given = np.ones(LABELLED) if data.weights is None else data.weights[some]
        shares = np.concatenate([given / LABELLED, weight * confident(p) / per_step])
        labels = np.concatenate([data.labels[some], p.argmax(axis=1)])
        model.optimizer.learning_rate = RATE * (1 + cos(pi * step / steps)) / 2
        model.train_on_batch(images, labels, (size * shares).astype(np.float32))
    return Network(model, model.get_weights(), precision)
