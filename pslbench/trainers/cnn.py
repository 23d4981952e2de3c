from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any, Literal

from pslbench.contracts import TrainingData
from pslbench.parts import trainer

if TYPE_CHECKING:
    import numpy as np

    from pslbench.contracts import Floats

SMALLEST = 28  # pixels: what two rounds of convolution and pooling were made for


@dataclass(frozen=True)
class Network:
    """A trained Keras model whose outputs are logits."""

    model: Any

    def predict_proba(self, x: Floats) -> Floats:
        """Class probabilities, float32 (m, classes), of images, float32 (m, height, width, channels)."""
        import numpy as np
        from scipy.special import softmax

        logits = [self.model.predict_on_batch(x[i : i + 500]) for i in range(0, len(x), 500)]
        probabilities: Floats = softmax(np.concatenate(logits), axis=1)
        return probabilities


@trainer("cnn", images_only=True)
def cnn(
    data: TrainingData,
    seed: int,
    *,
    epochs: int = 6,
    min_steps: int = 1000,
    batch_size: int = 32,
    select: Literal["last", "test"] = "last",
) -> Network:
    """The notebook's convolutional network with heavy dropout.

    Trained for `epochs` passes over the pseudo-labels, or more passes until `min_steps` steps are made. The last
    epoch is kept; `select=test` keeps the one that scores best on the test set, as the notebook did: its rows are
    marked. Images of fewer than 28 pixels a side are enlarged.
    """
    import keras
    import numpy as np

    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model = _network(data.pool.shape[1:], data.n_classes)
    model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    epochs = max(epochs, ceil(min_steps / ceil(len(data.indices) / batch_size)))
    best, best_weights = -1.0, None
    for epoch in range(epochs):
        for batch in _batches(data, batch_size, np.random.default_rng([seed, epoch])):
            model.train_on_batch(*batch)  # fit's input pipeline takes seconds to close, and gains nothing here
        if select == "test" and (score := data.test_accuracy(Network(model).predict_proba(data.x_test))) > best:
            best, best_weights = score, model.get_weights()
    if best_weights is not None:
        model.set_weights(best_weights)
    return Network(model)


def _batches(data: TrainingData, batch_size: int, rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    """One epoch in random order, as (x, labels) or (x, labels, weights)."""
    order = rng.permutation(len(data.indices))
    for first in range(0, len(order), batch_size):
        rows = order[first : first + batch_size]
        batch = data.pool[data.indices[rows]], data.labels[rows]
        yield batch if data.weights is None else (*batch, data.weights[rows])


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
