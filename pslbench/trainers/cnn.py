from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, cos, pi
from typing import Annotated, Any, Literal, NamedTuple

from annotated_types import Ge, Gt, Interval

from pslbench.contracts import TrainingData
from pslbench.contracts.arrays import Float64s, Floats, Generator
from pslbench.contracts.samples import block_slices
from pslbench.errors import InputError
from pslbench.parts import trainer
from pslbench.processor import multiplies_bfloat16

SMALL_BATCH_SIZE = 16
LEARNING_RATE = 0.004
DROPOUT = 0.5
VIEW_STRENGTH = 0.5  # of test-time augmentation, as a share of the strength in training
PREDICTION_BATCH_SIZE = 500
MIN_HALF = 32  # images; a smaller half of a batch gains nothing from a second core
MIN_SIDE = 28  # pixels; two rounds of convolution and pooling need that much

ComputeDtype = Literal["float32", "bfloat16"]


class Course(NamedTuple):
    """The course of a training.

    Attributes:
        epochs: the number of passes over the pseudo-labels.
        splits: where the samples of an epoch are divided into batches.
        rates: the learning rate of each step.
        dropout: the dropout rate of the hidden units.
    """

    epochs: int
    splits: list[int]
    rates: list[float]
    dropout: float


@dataclass(frozen=True)
class Network:
    """A trained network.

    Attributes:
        model: the compiled model, which networks of the same architecture share.
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


@trainer("cnn", takes="images")
def cnn(
    data: TrainingData,
    seed: int,
    *,
    epochs: Annotated[int | None, Ge(1)] = None,
    min_steps: Annotated[int | None, Ge(0)] = None,
    batch_size: Annotated[int | None, Ge(1)] = None,
    learning_rate: Annotated[float | None, Gt(0)] = None,
    recipe: Literal["suite", "notebook"] = "suite",
    precision: Literal["auto", "float32", "bfloat16"] = "auto",
    augment: Literal["none", "affine"] = "none",
    views: Annotated[int, Ge(0)] = 0,
    dropout: Annotated[float | None, Interval(ge=0, lt=1)] = None,
    select: Literal["last", "test"] = "last",
) -> Network:
    """Train the convolutional network of the notebook.

    Images with fewer than 28 pixels per side are enlarged. They are standardized with the mean and the variance of
    each channel in the pool.

    Args:
        seed: determines the initial weights, the order of the samples, dropout and augmentation.
        epochs: the smallest number of passes over the pseudo-labels, 3 if none.
        min_steps: the smallest number of training steps, 500 if none. Few pseudo-labels get more epochs, so that the
            network also sees at least 16 x `min_steps` images.
        batch_size: the largest number of images per step, 256 if none. Batches shrink, down to 16 images, or 32 from
            1,024 pseudo-labels on, if there would otherwise be fewer than `min_steps` steps.
        learning_rate: the highest rate of Adam (Kingma & Ba 2015), 0.004 if none. It falls to 0 along half a cosine. If
            there are fewer than 32 epochs, it first rises in a fifth of the steps.
        recipe: `notebook` uses 6 epochs, 1,000 steps, batches of 32, a constant learning rate of 0.001, float32, and
            images as they are. Only `epochs` and `min_steps` can be changed.
        precision: the arithmetic; `auto` is bfloat16, with weights in float32, if the processor supports it.
        dropout: the dropout rate of the hidden units; 0.4 times that for the last feature maps. If none, it is 0.5 for
            32 epochs or more, and 0.35 for fewer.
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
    values = {"epochs": epochs, "min_steps": min_steps, "dropout": dropout}
    values |= {} if is_notebook else {"batch_size": batch_size, "learning_rate": learning_rate}
    given: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
    n, image = len(data.indices), data.pool.shape[1:]
    course = notebook_course(n, **given) if is_notebook else suite_course(n, **given)
    compute_dtype: ComputeDtype = "float32" if is_notebook else resolve_precision(precision)
    is_halved = n // (1 + len(course.splits)) >= 2 * MIN_HALF
    architecture = Architecture(image, data.n_classes, compute_dtype, is_halved, course.dropout)
    if not is_notebook:
        architecture = architecture._replace(standardizes=True, momentum=0.9)
    model = start(architecture, seed, data.pool)
    transforms = draw_transforms(views, image, np.random.default_rng([seed, course.epochs]), VIEW_STRENGTH)
    best_score, best = -1.0, None
    for epoch in range(course.epochs):
        _train_epoch(model, data, course, epoch, np.random.default_rng([seed, epoch]), augment == "affine")
        if select == "test":
            network = Network(model, model.get_weights(), compute_dtype, transforms)
            if (score := data.test_accuracy(network.predict_proba(data.x_test))) > best_score:
                best_score, best = score, network
    return best or Network(model, model.get_weights(), compute_dtype, transforms)


def suite_course(
    n: int,
    epochs: int = 3,
    min_steps: int = 500,
    batch_size: int = 256,
    learning_rate: float = LEARNING_RATE,
    dropout: float | None = None,
) -> Course:
    """Return how the suite trains on n pseudo-labels. Training with fewer than 32 epochs differs in two values."""
    smallest = min(max(n // 32, SMALL_BATCH_SIZE), 2 * SMALL_BATCH_SIZE)
    largest = min(batch_size, max(smallest, epochs * n // max(min_steps, 1)))
    batches = ceil(n / largest)
    epochs = max(epochs, ceil(min_steps / batches), ceil(min_steps * SMALL_BATCH_SIZE / n))
    warmup, default = (0.0, DROPOUT) if epochs >= 32 else (0.2, 0.35)
    rates = learning_rates(learning_rate, epochs * batches, warmup)
    splits = [round(batch * n / batches) for batch in range(1, batches)]
    return Course(epochs, splits, rates, default if dropout is None else dropout)


def notebook_course(n: int, epochs: int = 6, min_steps: int = 1000, dropout: float = DROPOUT) -> Course:
    """Return how the notebook trains on n pseudo-labels: for 6 epochs if there are many, for 250 if there are 120."""
    splits = list(range(32, n, 32))
    epochs = max(epochs, ceil(min_steps / (1 + len(splits))))
    return Course(epochs, splits, [0.001] * (epochs * (1 + len(splits))), dropout)


def learning_rates(highest: float, steps: int, warmup: float = 0) -> list[float]:
    """Return the rate of each step: it rises in a share `warmup` of them, and then falls to 0 along half a cosine."""
    rising = round(warmup * steps)
    rise = [highest * (step + 1) / rising for step in range(rising)]
    return rise + [highest * (1 + cos(pi * step / (steps - rising))) / 2 for step in range(steps - rising)]


def resolve_precision(precision: Literal["auto", "float32", "bfloat16"] = "auto") -> ComputeDtype:
    """Return what `auto` means here: bfloat16 on a GPU or on a CPU that multiplies bfloat16 matrices, else float32."""
    import keras

    if precision != "auto":
        return precision
    if keras.backend.backend() != "torch" and any("gpu" in name.lower() for name in keras.distribution.list_devices()):
        return "bfloat16"
    return "bfloat16" if multiplies_bfloat16() and keras.backend.backend() == "tensorflow" else "float32"


def _train_epoch(model: Any, data: TrainingData, course: Course, epoch: int, rng: Generator, augment: bool) -> None:
    """Train on all samples in random order."""
    import numpy as np

    from pslbench.trainers.augmentation import augment_images

    order, classes = rng.permutation(len(data.indices)), np.eye(data.n_classes, dtype=np.float32)
    batches = np.split(order, course.splits)
    for rows, rate in zip(batches, course.rates[epoch * len(batches) :], strict=False):
        images, labels = data.pool[data.indices[rows]], data.labels[rows]
        probabilities: Floats = labels.astype(np.float32) if labels.ndim == 2 else classes[labels]
        weights = np.ones(len(rows), np.float32) if data.weights is None else data.weights[rows]
        train_batch(model, augment_images(images, rng) if augment else images, probabilities, weights, rate)


def train_batch(model: Any, images: Floats, labels: Floats, weights: Floats, rate: float) -> None:
    """Train on images, float32 (n, height, width, channels), with labels (n, classes) and weights (n,)."""
    model.optimizer.learning_rate = rate
    # the input pipeline of fit takes seconds to close and gains nothing here
    model.train_on_batch(_model_inputs(model, images), labels, weights)


def _model_inputs(model: Any, images: Floats) -> Floats | list[Floats]:
    """Return the images as the model takes them. No half may be empty, so a single image is repeated."""
    import numpy as np

    if len(model.inputs) == 1:
        return images
    return np.array_split(images if len(images) > 1 else np.repeat(images, 2, axis=0), 2)


class Architecture(NamedTuple):
    """What a compiled network depends on.

    Attributes:
        image: the height, the width and the channels of an image.
        n_classes: the number of classes.
        compute_dtype: the arithmetic.
        is_halved: whether two cores share a batch.
        dropout: the dropout rate of the hidden units.
        standardizes: whether images are standardized with the statistics of the pool.
        momentum: of the moving averages of batch normalization.
    """

    image: tuple[int, ...]
    n_classes: int
    compute_dtype: ComputeDtype
    is_halved: bool = False
    dropout: float = DROPOUT
    standardizes: bool = False
    momentum: float = 0.99


def start(architecture: Architecture, seed: int, pool: Floats) -> Any:
    """Return a compiled model in the state of a new one that was built with this seed, for images like the pool's."""
    import keras

    model = _compiled(architecture)
    moments = channel_moments(pool) if architecture.standardizes else ()
    keras.utils.set_random_seed(seed)
    for variable, value in zip(model.variables, _network(architecture, *moments).variables, strict=True):
        variable.assign(value)
    for variable in model.optimizer.variables:
        variable.assign(keras.ops.zeros(variable.shape, variable.dtype))
    return model


def channel_moments(pool: Any) -> tuple[Float64s, Float64s]:
    """Return the mean and the variance of each channel of images, (n, height, width, channels), float64 (channels,).

    Sums are computed in blocks, because the deviations from the mean take twice the memory of the images.
    """
    import numpy as np

    def mean(f: Callable[[Floats], Any]) -> Float64s:
        sums = [f(pool[rows]).sum(axis=(0, 1, 2), dtype=np.float64) for rows in block_slices(pool.shape)]
        return np.asarray(sum(sums) / np.prod(pool.shape[:3]))

    center = mean(lambda block: block)
    return center, mean(lambda block: (block - center) ** 2)


@lru_cache(maxsize=4)
def _compiled(architecture: Architecture) -> Any:
    """Return the network with compiled steps of training and prediction. Compiling often takes longer than training.

    Two batch sizes make Keras compile steps for batches of any size. So the results of a cell do not depend on the
    batches of earlier cells.
    """
    import keras
    import numpy as np

    model = _network(architecture)
    model.compile(optimizer=keras.optimizers.Adam(), loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    for size in (4, 5):
        images = np.zeros((size, *architecture.image), np.float32)
        labels = np.full((size, architecture.n_classes), 1 / architecture.n_classes, np.float32)
        train_batch(model, images, labels, np.ones(size, np.float32), rate=0.0)
        model.predict_on_batch(_model_inputs(model, images))
    return model


def _network(architecture: Architecture, mean: Any = 0.0, variance: Any = 1.0) -> Any:
    """Return the network, which takes two half batches if the architecture is halved.

    Gradients and batch normalization are always computed per half, so results do not depend on the number of cores.
    """
    import keras
    from keras import layers
    from keras.initializers import Constant

    dtype, dropout = architecture.compute_dtype, architecture.dropout
    policy = f"mixed_{dtype}" if dtype == "bfloat16" else dtype
    height, width = (max(side, MIN_SIDE) for side in architecture.image[:2])
    enlarge = layers.Resizing(height, width, dtype=policy)
    standardize = layers.BatchNormalization(
        center=False,
        scale=False,
        epsilon=1e-7,
        moving_mean_initializer=Constant(mean),
        moving_variance_initializer=Constant(variance),
        trainable=False,
        dtype="float32",
    )
    network = keras.Sequential(
        [
            keras.Input(architecture.image),
            *([standardize] if architecture.standardizes else []),
            *([] if (height, width) == architecture.image[:2] else [enlarge]),
            layers.Conv2D(32, 3, activation="relu", dtype=policy),
            layers.Conv2D(32, 3, activation="relu", dtype=policy),
            layers.MaxPooling2D(dtype=policy),
            layers.BatchNormalization(momentum=architecture.momentum, dtype=policy),
            layers.Conv2D(64, 3, activation="relu", dtype=policy),
            layers.Conv2D(64, 3, activation="relu", dtype=policy),
            layers.MaxPooling2D(dtype=policy),
            layers.BatchNormalization(momentum=architecture.momentum, dtype=policy),
            layers.Dropout(0.4 * dropout, dtype=policy),
            layers.Flatten(dtype=policy),
            layers.Dense(128, activation="relu", dtype=policy),
            layers.Dropout(dropout, dtype=policy),
            layers.Dense(architecture.n_classes, dtype="float32"),
        ]
    )
    if not architecture.is_halved:
        return network
    halves = [keras.Input(architecture.image), keras.Input(architecture.image)]
    return keras.Model(halves, keras.ops.concatenate([network(half) for half in halves]))
