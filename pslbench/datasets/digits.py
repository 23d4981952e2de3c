from pslbench.contracts import Dataset
from pslbench.parts import dataset


@dataset("digits", reference="Alpaydin & Kaynak 1998")
def digits() -> Dataset:
    """Handwritten digits of 8 x 8 pixels from scikit-learn: 1,297 in the pool and 500 test images."""
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    bunch = load_digits()
    images = (bunch.images[..., None] / 16).astype(np.float32)
    x_train, x_test, y_train, y_test = train_test_split(
        images, bunch.target, test_size=500, stratify=bunch.target, random_state=0
    )
    return Dataset("digits", x_train, y_train, x_test, y_test)
