from pslbench.contracts import Dataset
from pslbench.datasets.files import IDX_FILES, KnownDataset
from pslbench.parts import dataset

HOST = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
MNIST = KnownDataset(
    "mnist",
    sha256="06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16",
    url=HOST,
    files={"mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"},
)
FASHION = KnownDataset(
    "fashion-mnist",
    sha256="ca3ab2a37f845e1b8ae23cab1b51749a3011ba3bf1d9016176d75cbaabac376f",
    url=HOST,
    files={
        f"{IDX_FILES[0]}.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        f"{IDX_FILES[1]}.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        f"{IDX_FILES[2]}.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        f"{IDX_FILES[3]}.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
    folders=("/usr/share/datasets/fashion-mnist",),
    classes=(
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
)


@dataset("mnist", reference="LeCun et al. 1998")
def mnist() -> Dataset:
    """Handwritten digits of 28 x 28 pixels: 60,000 in the pool and 10,000 test images."""
    return MNIST.load()


@dataset("fashion-mnist", reference="Xiao, Rasul & Vollgraf 2017, arXiv:1708.07747")
def fashion_mnist() -> Dataset:
    """Pictures of clothes of 28 x 28 pixels: 60,000 in the pool and 10,000 test images."""
    return FASHION.load()
