from dataclasses import dataclass
from functools import lru_cache
from math import ceil, cos, pi
from typing import Annotated, Any, Literal, NamedTuple

from annotated_types import Ge, Gt, Interval

from pslbench.contracts import TrainingData
from pslbench.contracts.arrays import Floats, Generator
from pslbench.errors import InputError
from pslbench.parts import trainer
from pslbench.processor import multiplies_bfloat16

BATCH_SIZE, LEARNING_RATE = 256, 0.004
SMALL_BATCH_SIZE, NOTEBOOK_LEARNING_RATE = 32, 0.001
DROPOUT = 0.5
VIEW_STRENGTH = 0.5  # of test-time augmentation, as a share of the strength in training
PREDICTION_BATCH_SIZE = 500
MIN_SIDE = 28  # pixels; two rounds of convolution and pooling need that much

ComputeDtype = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Network:
    """A trained network.

    Attributes:
        model: the compiled model, which networks of the same shape share.
        weights: the weights of this network.
        compute_dtype: the arithmetic of the network.
        views: transforms, float32 (k, 8). Probabilities are the mean over an image and these views of it.
    """

    model: Any
    weights: list[Floats]
    compute_dtype: ComputeDtype
    views: Floats | tuple[()] = ()

    def predict_proba(self, x: Floats) -> Floats:
        """Return class probabilities, float32 (m, classes), of images, float32 (m, height, width, channels)."""
        import numpy as np

        self.model.set_weights(self.weights)
        batches = [x[i : i + PREDICTION_BATCH_SIZE] for i in range(0, len(x), PREDICTION_BATCH_SIZE)]
        return np.concatenate([self._predict_batch(batch) for batch in batches])

    def _predict_batch(self, batch: Floats) -> Floats:
        import numpy as np
        from scipy.special import softmax

        from pslbench.trainers.augmentation import apply_transforms

        views = [batch, *(apply_transforms(batch, view) for view in self.views)]
        logits = [self.model.predict_on_batch(_model_inputs(self.model, images))[: len(batch)] for images in views]
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
    recipe: Literal["suite", "notebook"] = "suite",
    precision: Literal["auto", "float32", "bfloat16"] = "auto",
    augment: Literal["none", "affine"] = "none",
    views: Annotated[int, Ge(0)] = 0,
    dropout: Annotated[float, Interval(ge=0, lt=1)] = DROPOUT,
    select: Literal["last", "test"] = "last",
) -> Network:
    """Train the convolutional network of the notebook, which has heavy dropout.

    Images with fewer than 28 pixels per side are enlarged.

    Args:
        seed: determines the initial weights, the order of the samples, dropout and augmentation.
        epochs: the number of passes over the pseudo-labels.
        min_steps: the smallest amount of training, in batches of 32 images; few pseudo-labels get more epochs.
        batch_size: the largest number of images per step, 256 if none. Batches shrink, down to 32, if there would
            otherwise be fewer than `min_steps` steps.
        learning_rate: the initial rate of Adam (Kingma & Ba 2015), 0.004 if none; it falls to 0 along half a cosine.
        recipe: `notebook` uses batches of 32, a constant learning rate of 0.001 and float32, and no other values.
        precision: the arithmetic; `auto` is bfloat16, with weights in float32, if the processor supports it.
        dropout: the dropout rate of the hidden units; 0.4 times that for the last feature maps.
        augment: `affine` rotates, shears, scales and shifts every image anew in each epoch.
        views: the number of changed images that predictions are averaged over, besides the image itself (test-time
            augmentation). Prediction takes more than 1 + views times as long. The changes are those of `augment` at
            half strength, drawn once for all images.
        select: which epoch to use: the last one, or the one with the best score on the test set, as in the notebook.
            Rows with `test` are marked and not ranked.

    Raises:
        InputError: the recipe of the notebook is combined with another batch size, learning rate or precision, or
            `views` is set without `augment`.
    """
    import numpy as np

    from pslbench.trainers.augmentation import draw_transforms

    is_notebook = recipe == "notebook"
    if is_notebook and (batch_size or learning_rate or precision == "bfloat16"):
        raise InputError("cnn:recipe=notebook sets batch_size, learning_rate and precision itself; leave them out")
    if views and augment == "none":
        raise InputError(f"cnn:views={views} needs an augmentation; write cnn:views={views},augment=affine")
    n, image, weighted, soft = len(data.indices), data.pool.shape[1:], data.weights is not None, data.labels.ndim == 2
    epochs = max(epochs, ceil(min_steps / ceil(n / SMALL_BATCH_SIZE)))
    largest_batch = SMALL_BATCH_SIZE if is_notebook else max(SMALL_BATCH_SIZE, epochs * n // max(min_steps, 1))
    batch = min(batch_size or BATCH_SIZE, largest_batch)
    halved = min(batch, n) >= 2 * SMALL_BATCH_SIZE and n % batch != 1
    compute_dtype: ComputeDtype = "float32" if is_notebook else resolve_precision(precision)
    model = start(Shape(image, data.n_classes, batch, weighted, compute_dtype, halved, dropout, soft), seed)
    transforms = draw_transforms(views, image, np.random.default_rng([seed, epochs]), VIEW_STRENGTH)
    steps, best_score, best = epochs * ceil(n / batch), -1.0, None
    falling = [cosine_rate(learning_rate or LEARNING_RATE, step, steps) for step in range(steps)]
    rates = np.reshape([NOTEBOOK_LEARNING_RATE] * steps if is_notebook else falling, (epochs, -1)).tolist()
    for epoch in range(epochs):
        _train_epoch(model, data, batch, rates[epoch], np.random.default_rng([seed, epoch]), augment == "affine")
        if select == "test":
            network = Network(model, model.get_weights(), compute_dtype, transforms)
            if (score := data.test_accuracy(network.predict_proba(data.x_test))) > best_score:
                best_score, best = score, network
    return best or Network(model, model.get_weights(), compute_dtype, transforms)


def cosine_rate(initial: float, step: int, steps: int) -> float:
    """Return a learning rate that falls from `initial` to 0 along half a cosine."""
    return initial * (1 + cos(pi * step / steps)) / 2


def resolve_precision(precision: Literal["auto", "float32", "bfloat16"] = "auto") -> ComputeDtype:
    """Return what `auto` means here: bfloat16 on a GPU or on a CPU that multiplies bfloat16 matrices, else float32."""
    import keras

    if precision != "auto":
        return precision
    if keras.backend.backend() != "torch" and any("gpu" in name.lower() for name in keras.distribution.list_devices()):
        return "bfloat16"
    return "bfloat16" if multiplies_bfloat16() and keras.backend.backend() == "tensorflow" else "float32"


def _train_epoch(
    model: Any, data: TrainingData, batch_size: int, rates: list[float], rng: Generator, augment: bool
) -> None:
    """Train on all samples in random order, with one learning rate per batch."""
    from pslbench.trainers.augmentation import augment_images

    order = rng.permutation(len(data.indices))
    for number, rate in enumerate(rates):
        rows = order[number * batch_size : (number + 1) * batch_size]
        images, weights = data.pool[data.indices[rows]], None if data.weights is None else data.weights[rows]
        inputs = _model_inputs(model, augment_images(images, rng) if augment else images)
        model.optimizer.learning_rate = rate
        # the input pipeline of fit takes seconds to close and gains nothing here
        model.train_on_batch(inputs, data.labels[rows], weights)


def _model_inputs(model: Any, images: Floats) -> Floats | list[Floats]:
    """Return the images as the model takes them. No half may be empty, so a single image is repeated."""
    import numpy as np

    if len(model.inputs) == 1:
        return images
    return np.array_split(images if len(images) > 1 else np.repeat(images, 2, axis=0), 2)


class Shape(NamedTuple):
    """What a compiled network depends on: `halved` if two cores share a batch, `soft` if labels are probabilities."""

    image: tuple[int, ...]
    n_classes: int
    batch_size: int
    weighted: bool
    compute_dtype: ComputeDtype
    halved: bool
    dropout: float = DROPOUT
    soft: bool = False


def start(shape: Shape, seed: int) -> Any:
    """Return a compiled model in the state of a new one that was built with this seed."""
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
    """Return the network with compiled steps of training and prediction. Compiling often takes longer than training.

    Each step is compiled here for a full batch and for a smaller one, so that the results of a cell do not depend on
    the batches of earlier cells.
    """
    import keras
    import numpy as np

    model = _network(shape)
    losses = keras.losses
    loss = losses.CategoricalCrossentropy if shape.soft else losses.SparseCategoricalCrossentropy
    model.compile(optimizer=keras.optimizers.Adam(), loss=loss(from_logits=True))
    x = np.zeros((PREDICTION_BATCH_SIZE, *shape.image), np.float32)
    y = np.eye(shape.n_classes, dtype=np.float32) if shape.soft else np.zeros(1, np.int64)
    for size in dict.fromkeys((shape.batch_size, max(1, shape.batch_size - 1))):
        weights = np.ones(size, np.float32) if shape.weighted else None
        inputs = _model_inputs(model, np.resize(x, (size, *shape.image)))
        model.train_on_batch(inputs, np.repeat(y[:1], size, axis=0), weights)
    for size in (PREDICTION_BATCH_SIZE, PREDICTION_BATCH_SIZE - 1):
        model.predict_on_batch(_model_inputs(model, x[:size]))
    return model


def _network(shape: Shape) -> Any:
    """Return the network, which takes two half batches if the shape is `halved`.

    Gradients and batch normalization are always computed per half, so results do not depend on the number of cores.
    """
    import keras
    from keras import layers

    policy = f"mixed_{shape.compute_dtype}" if shape.compute_dtype == "bfloat16" else shape.compute_dtype
    height, width = (max(side, MIN_SIDE) for side in shape.image[:2])
    enlarge = [] if (height, width) == shape.image[:2] else [layers.Resizing(height, width, dtype=policy)]
    network = keras.Sequential(
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
    if not shape.halved:
        return network
    halves = [keras.Input(shape.image), keras.Input(shape.image)]
    return keras.Model(halves, keras.ops.concatenate([network(half) for half in halves]))
