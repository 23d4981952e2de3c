from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge

from pslbench.contracts import Embedding
from pslbench.parts import embedder

if TYPE_CHECKING:
    from pslbench.contracts.arrays import Floats

BATCH = 256
AT_A_TIME = 500  # images, when embedding
RATE = 0.003


@embedder("autoencoder", images_only=True, reference="Hinton & Salakhutdinov 2006; Masci et al. 2011, convolutional")
def autoencoder(
    x: Floats, seed: int, *, dims: Annotated[int, Ge(1)] = 32, epochs: Annotated[int, Ge(1)] = 10
) -> Embedding:
    """The code of a convolutional autoencoder that was trained to draw the pool again.

    Two convolutions of stride 2 (32, 64) and a dense layer of `dims`, and the same backwards; binary cross-entropy.

    Args:
        x: images, float32 (n, height, width, channels).
        seed: of first weights and order.
        dims: numbers in a code.
        epochs: passes over the pool.
    """
    import keras
    import numpy as np

    keras.utils.set_random_seed(seed)
    encoder, model = _networks(x.shape[1:], dims)
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for first in range(0, len(x), BATCH):
            images = x[np.sort(order[first : first + BATCH])]
            model.train_on_batch(images, images)

    def encode(images: Floats) -> Floats:
        codes = [encoder.predict_on_batch(images[i : i + AT_A_TIME]) for i in range(0, len(images), AT_A_TIME)]
        return np.concatenate(codes).astype(np.float32)

    return Embedding(encode(x), encode)


def _networks(image: tuple[int, ...], dims: int) -> tuple[Any, Any]:
    """The encoder, and the compiled autoencoder around it."""
    import keras
    from keras import layers

    height, width, channels = image
    small = (-(-height // 4), -(-width // 4), 64)
    encoder = keras.Sequential(
        [
            keras.Input(image),
            layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(64, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(dims),
        ]
    )
    decoder = keras.Sequential(
        [
            keras.Input((dims,)),
            layers.Dense(small[0] * small[1] * small[2], activation="relu"),
            layers.Reshape(small),
            layers.Conv2DTranspose(32, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(channels, 3, strides=2, padding="same", activation="sigmoid"),
            layers.CenterCrop(height, width),
        ]
    )
    model = keras.Sequential([encoder, decoder])
    model.compile(optimizer=keras.optimizers.Adam(RATE), loss="binary_crossentropy")
    return encoder, model
