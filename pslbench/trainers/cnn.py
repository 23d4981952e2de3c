from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from math import ceil, cos, pi
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from annotated_types import Ge, Gt, Interval

from pslbench.contracts import TrainingData
from pslbench.errors import InputError
from pslbench.parts import trainer
from pslbench.processor import multiplies_bfloat16
from pslbench.trainers.augment import affine, changes, moved

if TYPE_CHECKING:
    import numpy as np

    from pslbench.contracts.arrays import Floats

BATCH, RATE = 256, 0.004
DROPOUT = 0.5
VIEWED = 0.5  # strength of the changes that predictions are averaged over, as a share of training's
SMALL_BATCH, NOTEBOOK_RATE = 32, 0.001  # the notebook's
AT_A_TIME = 500  # images, when predicting
SMALLEST = 28  # pixels: what two rounds of convolution and pooling were made for

Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Network:
    """A trained network: the model it shares with others of its shape, and weights of its own.

    Its probabilities are the mean over an image and the `views` of it: changes as `moved` takes them, float32 (k, 8).
    """

    model: Any
    weights: list[Any]
    precision: Precision
    views: Floats | tuple[()] = ()

    def predict_proba(self, x: Floats) -> Floats:
        """Class probabilities, float32 (m, classes), of images, float32 (m, height, width, channels)."""
        import numpy as np

        self.model.set_weights(self.weights)
        batches = [x[i : i + AT_A_TIME] for i in range(0, len(x), AT_A_TIME)]
        return np.concatenate([self._of_batch(batch) for batch in batches])

    def _of_batch(self, batch: Floats) -> Floats:
        import numpy as np
        from scipy.special import softmax

        seen = chain([batch], (moved(batch, view) for view in self.views))
        logits = [self.model.predict_on_batch(_halves(self.model, images))[: len(batch)] for images in seen]
        mean: Floats = softmax(np.asarray(logits, np.float32), axis=2).mean(axis=0)
        return mean


@trainer("cnn", images_only=True)
def cnn(
    data: TrainingData,
    seed: int,
    *,
    epochs: Annotated[int, Ge(1)] = 6,
    min_steps: Annotated[int, Ge(0)] = 1000,
    batch_size: Annotated[int | None, Ge(1)] = None,
    learning_rate: Annotated[float | None, Gt(0)] = None,
    fingerprint: Literal["suite", "notebook"] = "suite",
    precision: Literal["auto", "float32", "bfloat16"] = "auto",
    augment: Literal["none", "affine"] = "none",
    views: Annotated[int, Ge(0)] = 0,
    dropout: Annotated[float, Interval(ge=0, lt=1)] = DROPOUT,
    select: Literal["last", "test"] = "last",
) -> Network:
    """The notebook's convolutional network with heavy dropout.

    Images of fewer than 28 pixels a side are enlarged.

    Args:
        data: images.
        seed: of first weights, order and dropout.
        epochs: passes over the pseudo-labels.
        min_steps: the images seen are at least those of so many batches of 32; where there are few pseudo-labels, there
            are more passes.
        batch_size: images a step at the most, 256 if none; batches shrink, to no less than 32, where there would be
            fewer steps than `min_steps`.
        learning_rate: of Adam (Kingma & Ba 2015) at the start, 0.004 if none; it falls to zero along half a cosine.
        recipe: `notebook` has batches of 32 and a learning rate of 0.001 throughout, in float32, and takes no others.
        precision: of the arithmetic; `auto` is bfloat16, with weights in float32, where the processor has it.
        dropout: the share of hidden units, and 0.4 of it of the last feature maps, that each step leaves out.
        augment: `affine` turns, shears, scales and shifts every image anew each time it is seen.
        views: probabilities are the mean over an image and so many changed ones (test-time augmentation); predicting
            takes more than 1 + views times as long. The changes are those of `augment` at half their strength, drawn
            once for all images.
        select: the epoch that is kept: the last, or the one that scores best on the test set, as in the notebook,
            whose rows are marked and do not compete.

    Raises:
        InputError: where the notebook's recipe is asked for with another batch size, learning rate or precision, or
            views without a change to make them by.
    """
    import numpy as np

    said = batch_size, learning_rate, precision != "bfloat16"
    if fingerprint == "notebook" and said != (None, None, True):
        raise InputError("cnn:recipe=notebook has its own batch_size, learning_rate and precision; leave them out")
    if views and augment == "none":
        raise InputError(
            f"cnn:views={views} looks at changed images; say which changes: cnn:views={views},augment=affine"
        )
    n, as_notebook = len(data.indices), fingerprint == "notebook"
    chosen = "float32" if as_notebook else auto_precision(precision)
    epochs = max(epochs, ceil(min_steps / ceil(n / SMALL_BATCH)))
    fitting = max(SMALL_BATCH, epochs * n // max(min_steps, 1))
    batch = min(batch_size or BATCH, SMALL_BATCH if as_notebook else fitting)
    halved = min(batch, n) >= 2 * SMALL_BATCH and n % batch != 1
    shape = Shape(data.pool.shape[1:], data.n_classes, batch, data.weights is not None, chosen, halved, dropout)
    model, steps = start(shape, seed), epochs * ceil(n / batch)
    best_score, best, step = -1.0, None, 0
    seen_as = changes(views, data.pool.shape[1:], np.random.default_rng([seed, epochs]), VIEWED)
    for epoch in range(epochs):
        rng = np.random.default_rng([seed, epoch])
        for images, *answers in _batches(data, batch, rng):
            falling = (learning_rate or RATE) * (1 + cos(pi * step / steps)) / 2
            model.optimizer.learning_rate = NOTEBOOK_RATE if as_notebook else falling
            if augment == "affine":
                images = affine(images, rng)
            # fit's input pipeline takes seconds to close, and gains nothing here
            model.train_on_batch(_halves(model, images), *answers)
            step += 1
        if select == "test":
            now = Network(model, model.get_weights(), chosen, seen_as)
            if (score := data.test_accuracy(now.predict_proba(data.x_test))) > best_score:
                best_score, best = score, now
    return best or Network(model, model.get_weights(), chosen, seen_as)


def auto_precision(wanted: Literal["auto", "float32", "bfloat16"] = "auto") -> Precision:
    """What `auto` means here: bfloat16 on a GPU, and on a CPU that multiplies matrices of it."""
    import keras

    if wanted != "auto":
        return wanted
    if keras.backend.backend() != "torch" and any("gpu" in name.lower() for name in keras.distribution.list_devices()):
        return "bfloat16"
    return "bfloat16" if multiplies_bfloat16() and keras.backend.backend() == "tensorflow" else "float32"


def _batches(data: TrainingData, batch_size: int, rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    """One epoch in random order, as (x, labels) or (x, labels, weights)."""
    order = rng.permutation(len(data.indices))
    for first in range(0, len(order), batch_size):
        rows = order[first : first + batch_size]
        batch = data.pool[data.indices[rows]], data.labels[rows]
        yield batch if data.weights is None else (*batch, data.weights[rows])


def _halves(model: Any, images: Floats) -> Any:
    """The images as the model takes them; neither half is empty, so of a single one there are two."""
    import numpy as np

    if len(model.inputs) == 1:
        return images
    return np.array_split(images if len(images) > 1 else np.repeat(images, 2, axis=0), 2)


class Shape(NamedTuple):
    """What a compiled network depends on."""

    image: tuple[int, ...]
    n_classes: int
    batch_size: int
    weighted: bool
    precision: Precision
    halved: bool
    dropout: float = DROPOUT


def start(shape: Shape, seed: int) -> Any:
    """A compiled model in the state that it would have if it were newly made with this seed."""
    import keras

    model = _compiled(shape)
    keras.utils.set_random_seed(seed)
    for variable, value in zip(model.variables, _network(shape).variables, strict=True):
        variable.assign(value)
    for variable in model.optimizer.variables:
        variable.assign(keras.ops.zeros(variable.shape, variable.dtype))
    return model


@lru_cache(maxsize=2)
def _compiled(shape: Shape) -> Any:
    """The network with its training and prediction steps compiled, which takes longer than many a training.

    Each step is compiled for a full batch and for a smaller one here and now, so that what a cell computes does not
    depend on the batches of the cells before it.
    """
    import keras
    import numpy as np

    model = _network(shape)
    model.compile(optimizer=keras.optimizers.Adam(), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = np.zeros((AT_A_TIME, *shape.image), np.float32), np.zeros(shape.batch_size, np.int64)
    for size in dict.fromkeys((shape.batch_size, max(1, shape.batch_size - 1))):
        weights = np.ones(size, np.float32) if shape.weighted else None
        model.train_on_batch(_halves(model, np.resize(x, (size, *shape.image))), y[:size], weights)
    for size in (AT_A_TIME, AT_A_TIME - 1):
        model.predict_on_batch(_halves(model, x[:size]))
    return model


def _network(shape: Shape) -> Any:
    """The network; `halved`, it takes a batch as two halves, so that two cores can work on it.

    Sums are those of the halves, and so is batch normalisation, on however many cores: rows do not depend on them.
    """
    import keras

    whole = _stack(shape)
    if not shape.halved:
        return whole
    halves = [keras.Input(shape.image), keras.Input(shape.image)]
    return keras.Model(halves, keras.ops.concatenate([whole(half) for half in halves]))


def _stack(shape: Shape) -> Any:
    import keras
    from keras import layers

    policy = f"mixed_{shape.precision}" if shape.precision == "bfloat16" else shape.precision
    height, width = (max(side, SMALLEST) for side in shape.image[:2])
    enlarge = [] if (height, width) == shape.image[:2] else [layers.Resizing(height, width, dtype=policy)]
    return keras.Sequential(
        [
            keras.Input(shape.image),
            *enlarge,
            layers.Conv2D(32, 3, activation="relu", dtype=policy),
            layers.Conv2D(32, 3, activation="relu", dtype=policy),
            layers.MaxPooling2D(dtype=policy),
            layers.BatchNormalization(dtype=policy),
            layers.Conv2D(64, 3, activation="relu", dtype=policy),
            layers.Conv2D(64, 3, activation="relu", dtype=policy),
            layers.MaxPooling2D(dtype=policy),
            layers.BatchNormalization(dtype=policy),
            layers.Dropout(0.4 * shape.dropout, dtype=policy),
            layers.Flatten(dtype=policy),
            layers.Dense(128, activation="relu", dtype=policy),
            layers.Dropout(shape.dropout, dtype=policy),
            layers.Dense(shape.n_classes, dtype="float32"),
        ]
    )
