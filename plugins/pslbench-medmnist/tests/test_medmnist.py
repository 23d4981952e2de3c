import typing
from pathlib import Path

import numpy as np
import pooch
import pytest
from helpers import command, rows
from pslbench_medmnist import CLASSES, MD5, Name, medmnist, search_folders
from sklearn.datasets import load_digits

from pslbench import InputError
from pslbench.testing import check

NO_PARTS = """
from pslbench import hookimpl

@hookimpl
def pslbench_register():
    return ()
"""


@pytest.fixture
def data_dir(tmp_path, monkeypatch) -> Path:
    """The first folder of the search. The other folders are empty, and downloads fail."""
    for name in ("PSLBENCH_DATA_DIR", "PSLBENCH_CACHE_DIR", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / "PSLBENCH_DATA_DIR").mkdir()
    return tmp_path / "PSLBENCH_DATA_DIR"


def write_medmnist_file(path: Path, color: bool) -> dict[str, np.ndarray]:
    """Write images of scikit-learn's digits in the format of MedMNIST, and return the arrays."""
    images, labels = load_digits(return_X_y=True)
    images = np.kron(images.reshape(-1, 8, 8), np.ones((1, 4, 4)))[:, 2:30, 2:30]
    images = (images * 15).astype(np.uint8)
    images = np.stack([images, images // 2, 255 - images], axis=-1) if color else images
    splits = {"train": slice(0, 100), "val": slice(100, 120), "test": slice(120, 160)}
    arrays = {f"{split}_images": images[rows] for split, rows in splits.items()}
    arrays |= {f"{split}_labels": labels[rows, None].astype(np.uint8) % 2 for split, rows in splits.items()}
    np.savez(path, **arrays)
    return arrays


@pytest.mark.parametrize(("color", "folder"), [(False, "."), (True, "medmnist")])
def test_an_existing_file_is_read(data_dir, monkeypatch, color, folder):
    (data_dir / folder).mkdir(exist_ok=True)
    path = data_dir / folder / "breastmnist_64.npz"
    arrays = write_medmnist_file(path, color)
    monkeypatch.setitem(MD5["breastmnist"], 64, pooch.file_hash(str(path), "md5"))
    data = medmnist(name="breastmnist", size=64)
    assert data.x_train.shape == (100, 28, 28, 3 if color else 1)
    assert np.array_equal(np.rint(data.x_test * 255).squeeze(), arrays["test_images"])
    assert np.array_equal(data.y_train, arrays["train_labels"][:, 0])
    assert data.classes == ("malignant", "normal, benign")
    assert data.name == "breastmnist_64"
    report = check(medmnist, values={"name": "breastmnist", "size": 64})
    assert report.ok, str(report)
    assert report.counts["passed"] > 4, [outcome.reason for outcome in report.outcomes]


@pytest.mark.parametrize(
    ("name", "sizes", "channels"), [("breastmnist", (546, 78, 156), 1), ("retinamnist", (1080, 120, 400), 3)]
)
def test_a_file_of_the_published_layout_is_read_by_the_command_line(tmp_path, name, sizes, channels):
    rng, n_classes, arrays = np.random.default_rng(0), len(CLASSES[name]), {}
    for split, n in zip(("train", "val", "test"), sizes, strict=True):
        labels = np.arange(n, dtype=np.uint8) % n_classes
        images = (rng.integers(50, size=(n, 28, 28, channels)) + 40 * labels[:, None, None, None]).astype(np.uint8)
        arrays |= {f"{split}_images": images.squeeze(), f"{split}_labels": labels[:, None]}
    path = tmp_path / f"{name}.npz"
    np.savez_compressed(path, **arrays)
    md5 = pooch.file_hash(str(path), "md5")
    (tmp_path / "hashes.py").write_text(f"from pslbench_medmnist import MD5\nMD5['{name}'][28] = '{md5}'\n" + NO_PARTS)
    words = ("--plugin", tmp_path / "hashes.py")
    checked = command("data", "check", f"medmnist:name={name}", *words, PSLBENCH_DATA_DIR=str(tmp_path))
    assert checked.status == 0, checked.err
    assert f"{sizes[0]:,} samples in the pool, {sizes[2]} test samples" in checked.out
    assert f"images of 28 x 28 pixels with {channels} channel" in checked.out
    assert f"{n_classes} classes: {CLASSES[name][0]} (" in checked.out
    words = ("-d", f"medmnist:name={name}", "-t", "logreg", "-b", "40", "-s", "1", "-o", tmp_path / "out", *words)
    outcome = command("run", "random", *words, PSLBENCH_DATA_DIR=str(tmp_path))
    assert outcome.status == 0, outcome.err
    assert rows(tmp_path / "out").test_accuracy.item() > 0.9


def test_a_file_with_another_hash_is_ignored(data_dir):
    write_medmnist_file(data_dir / "breastmnist.npz", color=False)
    with pytest.raises(InputError, match=r"breastmnist.npz is not on this machine and cannot be downloaded") as caught:
        medmnist(name="breastmnist")
    assert "\n" not in str(caught.value)


def test_files_of_the_package_medmnist_are_used(data_dir):
    assert search_folders()[-1] == Path.home() / ".medmnist"


def test_every_set_has_hashes_and_classes():
    assert set(typing.get_args(Name)) == MD5.keys() == CLASSES.keys()
    hashes = [md5 for sizes in MD5.values() for md5 in sizes.values()]
    assert len(set(hashes)) == 22
    assert {len(md5) for md5 in hashes} == {32}
