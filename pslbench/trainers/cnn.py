from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge

from pslbench.contracts import TrainingData
from pslbench.parts import trainer

if TYPE_CHECKING:
    import numpy as np

    from pslbench.contracts import Floats

LEARNING_RATE = 0.001  # Keras' own for Adam, which the notebook left as it is
AT_A_TIME = 500  # images, when predicting
SMALLEST = 28  # pixels: what two rounds of convolution and pooling were made for


@dataclass(frozen=True)
class Network:
    """A trained network: the model it shares with others of its shape, and weights of its own."""

    model: Any
    weights: list[Any]

    def predict_proba(self, x: Floats) -> Floats:
        """Class probabilities, float32 (m, classes), of images, float32 (m, height, width, channels)."""
        import numpy as np
        from scipy.special import softmax

        self.model.set_weights(self.weights)
        logits = [self.model.predict_on_batch(x[i : i + AT_A_TIME]) for i in range(0, len(x), AT_A_TIME)]
        probabilities: Floats = softmax(np.concatenate(logits), axis=1)
        return probabilities


@trainer("cnn", images_only=True)
def cnn(
    data: TrainingData,
    seed: int,
    *,
    epochs: Annotated[int, Ge(1)] = 6,
    min_steps: Annotated[int, Ge(0)] = 1000,
    batch_size: Annotated[int, Ge(1)] = 32,
    select: Literal["last", "test"] = "last",
) -> Network:
    """The notebook's convolutional network with heavy dropout.

    Images of fewer than 28 pixels a side are enlarged.

    Args:
        data: images.
        seed: of first weights, order and dropout.
        epochs: passes over the pseudo-labels.
        min_steps: where so many passes have fewer steps than this, there are more passes.
        batch_size: images a step.
        select: the epoch that is kept: the last, or the one that scores best on the test set, as in the notebook,
            whose rows are marked and do not compete.
    """
    import numpy as np

    model = _start(data.pool.shape[1:], data.n_classes, batch_size, data.weights is not None, seed)
    epochs = max(epochs, ceil(min_steps / ceil(len(data.indices) / batch_size)))
    best_score, best = -1.0, None
    for epoch in range(epochs):
        for batch in _batches(data, batch_size, np.random.default_rng([seed, epoch])):
            model.train_on_batch(*batch)  # fit's input pipeline takes seconds to close, and gains nothing here
        if select == "test":
            now = Network(model, model.get_weights())
            if (score := data.test_accuracy(now.predict_proba(data.x_test))) > best_score:
                best_score, best = score, now
    return best or Network(model, model.get_weights())


def _batches(data: TrainingData, batch_size: int, rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    """One epoch in random order, as (x, labels) or (x, labels, weights)."""
    order = rng.permutation(len(data.indices))
    for first in range(0, len(order), batch_size):
        rows = order[first : first + batch_size]
        batch = data.pool[data.indices[rows]], data.labels[rows]
        yield batch if data.weights is None else (*batch, data.weights[rows])


def _start(shape: tuple[int, ...], n_classes: int, batch_size: int, weighted: bool, seed: int) -> Any:
    """A compiled model in the state that it would have if it were newly made with this seed."""
    import keras

    model = _compiled(shape, n_classes, batch_size, weighted)
    keras.utils.set_random_seed(seed)
    for variable, value in zip(model.variables, _network(shape, n_classes).variables, strict=True):
        variable.assign(value)
    for variable in model.optimizer.variables:
        variable.assign(keras.ops.zeros_like(variable))
    model.optimizer.learning_rate = LEARNING_RATE
    return model


@lru_cache(maxsize=2)
def _compiled(shape: tuple[int, ...], n_classes: int, batch_size: int, weighted: bool) -> Any:
    """The network with its training and prediction steps compiled, which takes longer than many a training.

    Each step is compiled for a full batch and for a smaller one here and now, so that what a cell computes does not
    depend on the batches of the cells before it.
    """
    import keras
    import numpy as np

    model = _network(shape, n_classes)
    model.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    x, y = np.zeros((AT_A_TIME, *shape), np.float32), np.zeros(batch_size, np.int64)
    for size in dict.fromkeys((batch_size, max(1, batch_size - 1))):
        model.train_on_batch(np.resize(x, (size, *shape)), y[:size], np.ones(size, np.float32) if weighted else None)
    for size in (AT_A_TIME, AT_A_TIME - 1):
        model.predict_on_batch(x[:size])
    return model


def _network(shape: tuple[int, ...], n_classes: int) -> Any:
    import keras
    from keras import layers

    height, width = (max(side, SMALLEST) for side in shape[:2])
    enlarge = [] if (height, width) == shape[:2] else [layers.Resizing(height, width)]
    return keras.Sequential(
        [
            keras.Input(shape),
            *enlarge,
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.BatchNormalization(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(n_classes),
        ]
    )
