"""The notebook's three experiments with the notebook's own code, as a script: the yardstick of `make perf`.

Usage: python notebook.py FILE.npz EPOCHS EPOCHS_ON_CENTRES
"""

import sys

import numpy as np
import tensorflow as tf
from sklearn.cluster import MiniBatchKMeans
from sklearn.metrics import accuracy_score, pairwise_distances_argmin_min


def network():
    model = tf.keras.Sequential()
    model.add(tf.keras.Input((28, 28, 1)))
    model.add(tf.keras.layers.Conv2D(32, [3, 3], activation="relu"))
    model.add(tf.keras.layers.Conv2D(32, [3, 3], activation="relu"))
    model.add(tf.keras.layers.MaxPooling2D(pool_size=(2, 2)))
    model.add(tf.keras.layers.BatchNormalization())
    model.add(tf.keras.layers.Conv2D(64, [3, 3], activation="relu"))
    model.add(tf.keras.layers.Conv2D(64, [3, 3], activation="relu"))
    model.add(tf.keras.layers.MaxPooling2D(pool_size=(2, 2)))
    model.add(tf.keras.layers.BatchNormalization())
    model.add(tf.keras.layers.Dropout(0.2))
    model.add(tf.keras.layers.Flatten())
    model.add(tf.keras.layers.Dense(128, activation="relu"))
    model.add(tf.keras.layers.Dropout(0.5))
    model.add(tf.keras.layers.Dense(10, activation="softmax"))
    model.compile(
        optimizer="adam",
        loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def main(path, epochs, epochs_on_centres):
    file = np.load(path)
    train_images, train_labels = file["x_train"] / 255.0, file["y_train"]
    test_images, test_labels = file["x_test"] / 255.0, file["y_test"]

    flat = train_images.reshape(len(train_images), -1)
    kmeans = MiniBatchKMeans(n_clusters=120, max_iter=10000, n_init=50, batch_size=100)
    kmeans.fit(flat)
    closest, _ = pairwise_distances_argmin_min(kmeans.cluster_centers_, flat)
    clusters = kmeans.predict(flat)
    label_of = {cluster: train_labels[sample] for cluster, sample in enumerate(closest)}
    dirty_labels = np.vectorize(label_of.get)(clusters)
    predicted = np.vectorize(label_of.get)(kmeans.predict(test_images.reshape(len(test_images), -1)))
    print("direct", accuracy_score(test_labels, predicted))

    train_images, test_images = train_images[..., None], test_images[..., None]
    checkpoint = tf.keras.callbacks.ModelCheckpoint(
        filepath=path + ".weights.h5", save_weights_only=True, monitor="val_accuracy", mode="max", save_best_only=True
    )
    model = network()
    model.fit(
        train_images,
        dirty_labels,
        validation_data=(test_images, test_labels),
        epochs=epochs,
        verbose=0,
        callbacks=[checkpoint],
    )
    model.load_weights(path + ".weights.h5")
    print("centroid", model.evaluate(test_images, test_labels, verbose=0))

    model = network()
    model.fit(
        train_images[closest],
        train_labels[closest],
        validation_data=(test_images, test_labels),
        epochs=epochs_on_centres,
        verbose=0,
    )
    print("centroid-only", model.evaluate(test_images, test_labels, verbose=0))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
