"""The classification datasets of MedMNIST, read from its files. The package `medmnist` would need PyTorch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pslbench import Dataset, InputError, Part, dataset, hookimpl

HOST = "https://zenodo.org/records/10519652/files/"
MD5 = {  # by name and size, from medmnist 3.0.2
    "pathmnist": {28: "a8b06965200029087d5bd730944a56c1", 64: "55aa9c1e0525abe5a6b9d8343a507616"},
    "dermamnist": {28: "0744692d530f8e62ec473284d019b0c7", 64: "b70a2f5635c6199aeaa28c31d7202e1f"},
    "octmnist": {28: "c68d92d5b585d8d81f7112f81e2d0842", 64: "e229e9440236b774d9f0dfef9d07bdaf"},
    "pneumoniamnist": {28: "28209eda62fecd6e6a2d98b1501bb15f", 64: "8f4eceb4ccffa70c672198ea285246c6"},
    "retinamnist": {28: "bd4c0672f1bba3e3a89f0e4e876791e4", 64: "afda852cc34dcda56f86ad2b2457dbcc"},
    "breastmnist": {28: "750601b1f35ba3300ea97c75c52ff8f6", 64: "742edef2a1fd1524b2efff4bd7ba9364"},
    "bloodmnist": {28: "7053d0359d879ad8a5505303e11de1dc", 64: "2b94928a2ae4916078ca51e05b6b800b"},
    "tissuemnist": {28: "ebe78ee8b05294063de985d821c1c34b", 64: "123ece2eba09d0aa5d698fda57103344"},
    "organamnist": {28: "68e3f8846a6bd62f0c9bf841c0d9eacc", 64: "2dcccc29b88e6da5a01161ef20cda288"},
    "organcmnist": {28: "b9ceb9546e10131b32923c5bbeaea2b1", 64: "3ce34a8724ea6f548e6db4744d03b6a9"},
    "organsmnist": {28: "9ab87b696fb54e2a387ebe992d6ed5f1", 64: "53a6d115339d874c25e309a994ff46d3"},
}
ORGANS = (
    *("bladder", "femur-left", "femur-right", "heart", "kidney-left", "kidney-right"),
    *("liver", "lung-left", "lung-right", "pancreas", "spleen"),
)
CLASSES = {
    "pathmnist": (
        *("adipose", "background", "debris", "lymphocytes", "mucus", "smooth muscle"),
        *("normal colon mucosa", "cancer-associated stroma", "colorectal adenocarcinoma epithelium"),
    ),
    "dermamnist": (
        *("actinic keratoses and intraepithelial carcinoma", "basal cell carcinoma"),
        *("benign keratosis-like lesions", "dermatofibroma", "melanoma", "melanocytic nevi"),
        *("vascular lesions",),
    ),
    "octmnist": ("choroidal neovascularization", "diabetic macular edema", "drusen", "normal"),
    "pneumoniamnist": ("normal", "pneumonia"),
    "retinamnist": ("0", "1", "2", "3", "4"),
    "breastmnist": ("malignant", "normal, benign"),
    "bloodmnist": (
        *("basophil", "eosinophil", "erythroblast"),
        *("immature granulocytes(myelocytes, metamyelocytes and promyelocytes)", "lymphocyte", "monocyte"),
        *("neutrophil", "platelet"),
    ),
    "tissuemnist": (
        *("Collecting Duct, Connecting Tubule", "Distal Convoluted Tubule"),
        *("Glomerular endothelial cells", "Interstitial endothelial cells", "Leukocytes", "Podocytes"),
        *("Proximal Tubule Segments", "Thick Ascending Limb"),
    ),
    "organamnist": ORGANS,
    "organcmnist": ORGANS,
    "organsmnist": ORGANS,
}
Name = Literal[
    "pathmnist",
    "dermamnist",
    "octmnist",
    "pneumoniamnist",
    "retinamnist",
    "breastmnist",
    "bloodmnist",
    "tissuemnist",
    "organamnist",
    "organcmnist",
    "organsmnist",
]


@dataset("medmnist", reference="Yang et al. 2023, MedMNIST v2, Scientific Data 10:41")
def medmnist(*, name: Name = "bloodmnist", size: Literal[28, 64] = 28) -> Dataset:
    """Medical images in color or grayscale: cells, tissue, skin, eyes, lungs, breasts, organs.

    The pool is the training set of MedMNIST; its validation set is not used. The file is read from $PSLBENCH_DATA_DIR,
    from the cache, or from the folder of the package `medmnist`. If it is in none of them, it is downloaded.

    Args:
        name: the dataset; every image has one class.
        size: the side of an image in pixels.
    """
    file = name if size == 28 else f"{name}_{size}"
    path = find_file(f"{file}.npz", MD5[name][size]) or download_file(f"{file}.npz", MD5[name][size])
    return read_dataset(path, file, CLASSES[name])


def find_file(file: str, md5: str) -> Path | None:
    """Return the path of the file if this machine has it with the published hash."""
    import pooch

    paths = [path for folder in search_folders() if (path := folder / file).is_file()]
    return next((path for path in paths if pooch.file_hash(str(path), "md5") == md5), None)


def search_folders() -> list[Path]:
    """Return the folders that may contain the file, in the order of the search."""
    data = os.environ.get("PSLBENCH_DATA_DIR")
    data_folders = [Path(data), Path(data) / "medmnist"] if data else []
    return [*data_folders, cache_folder(), Path.home() / ".medmnist"]


def cache_folder() -> Path:
    import platformdirs

    root = os.environ.get("PSLBENCH_CACHE_DIR") or platformdirs.user_cache_dir("pslbench")
    return Path(root) / "data" / "medmnist"


def download_file(file: str, md5: str) -> Path:
    """Download the file that MedMNIST published. Raises InputError if that fails."""
    import pooch

    pooch.get_logger().setLevel("WARNING")
    try:
        return Path(pooch.retrieve(f"{HOST}{file}?download=1", f"md5:{md5}", file, cache_folder(), progressbar=True))
    except Exception as error:  # all errors of the network and the disk have the same remedy
        raise InputError(
            f"{file} is not on this machine and cannot be downloaded ({type(error).__name__}); "
            f"get it from {HOST}{file} and copy it to $PSLBENCH_DATA_DIR or {cache_folder()}"
        ) from None


def read_dataset(path: Path, name: str, classes: tuple[str, ...]) -> Dataset:
    """Read the training and test sets of a MedMNIST file.

    The file has images, uint8 (n, size, size) or (n, size, size, 3), and labels, integers (n, 1), as `train_images`,
    `train_labels`, `val_images`, `val_labels`, `test_images` and `test_labels`.
    """
    import numpy as np

    with np.load(path, allow_pickle=False) as file:
        images = [file[f"{split}_images"] for split in ("train", "test")]
        y_train, y_test = (file[f"{split}_labels"][:, 0].astype(np.int64) for split in ("train", "test"))
    x_train, x_test = (np.divide(x if x.ndim == 4 else x[..., None], 255, dtype=np.float32) for x in images)
    return Dataset(name, x_train, y_train, x_test, y_test, classes)


@hookimpl
def pslbench_register() -> Iterator[Part]:
    yield medmnist
