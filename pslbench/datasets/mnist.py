from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from pslbench.contracts import Dataset
from pslbench.errors import InputError
from pslbench.parts import dataset
from pslbench.user_folders import cache_root, expand_home

if TYPE_CHECKING:
    from pslbench.datasets.files import Arrays

HOST = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


@dataclass(frozen=True)
class KnownDataset:
    """A well-known dataset that is identified by its content.

    Attributes:
        name: what users type.
        sha256: of the bytes of the four uint8 arrays, in the order of `ARRAY_NAMES`.
        files: the SHA-256 of each file to download from `HOST`, by file name.
        folders: folders to search besides the usual ones.
        classes: the names of the classes.
    """

    name: str
    sha256: str
    files: dict[str, str]
    folders: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def load(self) -> Dataset:
        """Find the dataset on this machine, or download it. Raises InputError if neither is possible."""
        from pslbench.datasets.files import make_dataset

        for _, arrays in chain(self.find(), self._download()):  # downloads only if the search ends without a result
            return make_dataset(self.name, arrays, self.classes)
        raise InputError(f"the downloaded files are not {self.name}; remove {cache_folder() / self.name} and try again")

    def find(self) -> Iterator[tuple[Path, Arrays]]:
        """Yield every folder on this machine that contains the dataset, with its arrays."""
        from pslbench.datasets.files import hash_arrays, read_folder

        user_folder = os.environ.get("PSLBENCH_DATA_DIR")
        roots = [Path(expand_home(user_folder))] if user_folder else []
        roots += [cache_folder(), Path(expand_home("~/.keras/datasets"))]
        folders = [folder for root in roots for folder in (root, root / self.name)]
        for folder in folders + [Path(folder) for folder in self.folders]:
            for arrays in read_folder(folder):
                if hash_arrays(arrays) == self.sha256:
                    yield folder, arrays
                    break

    def _download(self) -> Iterator[tuple[Path, Arrays]]:
        import pooch

        pooch.get_logger().setLevel("WARNING")
        folder = cache_folder() / self.name
        try:
            for file, digest in self.files.items():
                pooch.retrieve(HOST + file, f"sha256:{digest}", file, folder, progressbar=True)
        except Exception as error:  # any error of the network or the disk has the same remedy
            raise InputError(
                f"{self.name} is not on this machine and cannot be downloaded ({type(error).__name__}): put "
                f"{self.name}.npz or its four IDX files into $PSLBENCH_DATA_DIR or {folder}, or use -d mnist-5k"
            ) from None
        yield from self.find()


def cache_folder() -> Path:
    """Return the folder of downloads."""
    return cache_root() / "data"


MNIST = KnownDataset(
    "mnist",
    sha256="06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16",
    files={"mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"},
)
FASHION = KnownDataset(
    "fashion-mnist",
    sha256="ca3ab2a37f845e1b8ae23cab1b51749a3011ba3bf1d9016176d75cbaabac376f",
    files={
        "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
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
