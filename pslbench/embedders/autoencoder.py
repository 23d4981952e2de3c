from typing import Annotated, Any

from annotated_types import Ge

from pslbench.contracts import Embedding
from pslbench.contracts.arrays import Floats
from pslbench.parts import embedder

BATCH_SIZE = 256
EMBEDDING_BATCH_SIZE = 500
LEARNING_RATE = 0.003


@embedder("autoencoder", takes="images", reference="Hinton & Salakhutdinov 2006; Masci et al. 2011, convolutional")
def autoencoder(
    x: Floats, seed: int, *, dims: Annotated[int, Ge(1)] = 32, epochs: Annotated[int, Ge(1)] = 10
) -> Embedding:
    """Embed images as the codes of a convolutional autoencoder that is trained on the pool.

    The encoder has two convolutions of stride 2 (32 and 64 channels) and a dense layer with `dims` outputs. The decoder
    mirrors it. The loss is binary cross-entropy.

    Args:
        x: images, float32 (n, height, width, channels).
        seed: determines the initial weights and the order of the samples.
        dims: the size of a code.
        epochs: the number of passes over the pool.
    """
    import keras
    import numpy as np

    keras.utils.set_random_seed(seed)
    encoder, model = _networks(x.shape[1:], dims)
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for first in range(0, len(x), BATCH_SIZE):
            images = x[np.sort(order[first : first + BATCH_SIZE])]
            model.train_on_batch(images, images)

    def encode(images: Floats) -> Floats:
        batches = (images[i : i + EMBEDDING_BATCH_SIZE] for i in range(0, len(images), EMBEDDING_BATCH_SIZE))
        return np.concatenate([encoder.predict_on_batch(batch) for batch in batches]).astype(np.float32)

    return Embedding(encode(x), encode)


def _networks(image: tuple[int, ...], dims: int) -> tuple[Any, Any]:
    """Return the encoder, and the compiled autoencoder that contains it."""
    import keras
    from keras import layers

    height, width, channels = image
    reduced = (-(-height // 4), -(-width // 4), 64)
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
            layers.Dense(reduced[0] * reduced[1] * reduced[2], activation="relu"),
            layers.Reshape(reduced),
            layers.Conv2DTranspose(32, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(channels, 3, strides=2, padding="same", activation="sigmoid"),
            layers.CenterCrop(height, width),
        ]
    )
    model = keras.Sequential([encoder, decoder])
    model.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE), loss="binary_crossentropy")
    return encoder, model
