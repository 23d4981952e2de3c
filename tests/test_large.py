"""Images that do not fit into memory: the same rows, and memory that does not grow with the pool."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from helpers import rows
from PIL import Image
from sklearn.datasets import load_digits

from pslbench import Dataset, InputError
from pslbench.contracts.samples import StoredImages, iterate_blocks
from pslbench.datasets import images as images_module
from pslbench.datasets.dataset_warnings import dataset_warnings
from pslbench.datasets.images import images
from pslbench.planning import plan
from pslbench.trainers.cnn import channel_moments

RUN = ("-b", "30", "-s", "1", "-j", "1", "--quiet")


@pytest.fixture
def folder(tmp_path):
    """The first 300 digits as files, in colors."""
    digits = load_digits()
    for i, (pixels, label) in enumerate(zip(digits.images[:300], digits.target, strict=False)):
        path = tmp_path / "digits" / f"class{label}" / f"{i:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((pixels[..., None] * (15, 10, 5)).astype(np.uint8)).save(path)
    return tmp_path / "digits"


@pytest.fixture
def stores(monkeypatch):
    """All images are stored, however few they are."""
    monkeypatch.setattr(images_module, "MAX_BYTES_IN_MEMORY", 0)


@pytest.fixture
def stored(tmp_path):
    """Stored images, and the same images in memory."""
    pixels = np.random.default_rng(0).integers(0, 256, (50, 6, 5, 3), np.uint8)
    np.save(tmp_path / "pixels.npy", pixels)
    return StoredImages(np.load(tmp_path / "pixels.npy", mmap_mode="r")), np.divide(pixels, 255, dtype=np.float32)


@pytest.mark.parametrize(
    "index",
    [3, -1, slice(2, 9), slice(None), [4, 1, 4], np.arange(50) % 3 == 0, np.zeros(0, int), (slice(0, 3), 0), ...],
    ids=str,
)
def test_stored_images_are_indexed_like_an_array(stored, index):
    images, array = stored
    selected = images[index]
    assert type(selected) is np.ndarray
    assert selected.dtype == np.float32
    assert np.array_equal(selected, array[index])


def test_stored_images_look_like_an_array(stored, monkeypatch):
    images, array = stored
    monkeypatch.setattr("pslbench.contracts.samples.BLOCK_BYTES", 3 * array[0].nbytes)
    assert (len(images), images.shape, images.ndim, images.dtype) == (50, array.shape, 4, array.dtype)
    assert images.nbytes == array.nbytes
    assert np.array_equal(np.asarray(images), array)
    assert np.asarray(images, np.float64).dtype == np.float64
    assert np.array_equal(images.reshape(50, -1), array.reshape(50, -1))
    assert np.array_equal(np.stack(list(images)), array)
    assert [len(block) for block in iterate_blocks(images)] == [3] * 16 + [2]


def test_moments_of_channels_are_those_of_numpy(stored, monkeypatch):
    images, array = stored
    whole = [f(array, axis=(0, 1, 2), dtype=np.float64) for f in (np.mean, np.var)]
    assert np.array_equal(channel_moments(array), whole)
    monkeypatch.setattr("pslbench.contracts.samples.BLOCK_BYTES", 3 * array[0].nbytes)
    assert np.array_equal(channel_moments(images), channel_moments(array))
    assert np.allclose(channel_moments(images), whole, rtol=1e-12)


def test_a_dataset_of_stored_images_equals_that_of_arrays(stored):
    images, array = stored
    y = np.arange(50) % 2
    first, second = Dataset("a", images, y, images[:9], y[:9]), Dataset("a", array, y, array[:9], y[:9])
    assert not isinstance(first.x_train, StoredImages), "a mixture is brought into memory"
    both = Dataset("a", images, y, images, y)
    assert isinstance(both.x_train, StoredImages)
    assert first.checksum == second.checksum
    assert both.checksum == Dataset("a", array, y, array, y).checksum
    assert both.kind == "images"
    assert dataset_warnings(both) == dataset_warnings(Dataset("a", array, y, array, y))


def test_rows_do_not_depend_on_where_images_are(cli, folder, tmp_path, monkeypatch, own_cache):
    words = ("run", "random", "typiclust", "uncertainty", "-d", folder, "-t", "logreg", "-e", "pixels", *RUN)
    assert cli(*words, "-o", tmp_path / "memory", "--cache-dir", tmp_path / "cache").status == 0
    monkeypatch.setattr(images_module, "MAX_BYTES_IN_MEMORY", 0)
    assert cli(*words, "-o", tmp_path / "files").status == 0
    assert list(own_cache.glob("images/*/*/x_train.npy"))
    assert rows(tmp_path / "files").equals(rows(tmp_path / "memory"))


def test_networks_take_stored_images(cli, folder, tmp_path, monkeypatch):
    words = ("run", "random", "-d", folder, "-t", "cnn:epochs=1,min_steps=10,precision=float32", *RUN)
    assert cli(*words, "-o", tmp_path / "memory", "--cache-dir", tmp_path / "cache").status == 0
    monkeypatch.setattr(images_module, "MAX_BYTES_IN_MEMORY", 0)
    assert cli(*words, "-o", tmp_path / "files").status == 0
    assert rows(tmp_path / "files").equals(rows(tmp_path / "memory"))


def test_files_are_decoded_once(stores, folder, own_cache):
    first = images.function(path=str(folder))
    (entry,) = own_cache.glob("images/*/*/entry.json")
    written = (entry.parent / "x_train.npy").stat().st_mtime_ns
    second = images.function(path=str(folder))
    assert (entry.parent / "x_train.npy").stat().st_mtime_ns == written
    assert second.checksum == first.checksum
    assert second.notes == first.notes
    assert "read from the cache" in " ".join(first.notes)
    changed = next(folder.rglob("*.png"))
    Image.new("RGB", (8, 8), "red").save(changed)
    assert images.function(path=str(folder)).checksum != first.checksum


def test_a_damaged_file_of_the_cache_is_decoded_again(stores, folder, own_cache):
    before = images.function(path=str(folder)).checksum
    (path,) = own_cache.glob("images/*/*/x_train.npy")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert images.function(path=str(folder)).checksum == before


@pytest.mark.usefixtures("stores")
def test_the_cache_shows_and_removes_decoded_images(cli, folder, tmp_path, own_cache):
    assert cli("run", "random", "-d", folder, "-t", "logreg", *RUN, "-o", tmp_path / "results").status == 0
    (decoded,) = own_cache.glob("images/*/*/x_train.npy")
    (stage,) = own_cache.glob("stages/*/*/x_train.pixels.npy")
    assert decoded.samefile(stage), "the data stage is a link, not a copy"
    assert "images" in cli("cache", "info").out
    assert cli("cache", "clear").status == 0
    assert not list(own_cache.rglob("*.npy"))
    assert cli("run", "random", "-d", folder, "-t", "logreg", *RUN, "-o", tmp_path / "again").status == 0


def test_a_size_limit_removes_decoded_images(cli, folder, tmp_path, own_cache, stores):
    words = ("run", "random", "-d", folder, "-t", "logreg", *RUN, "-o", tmp_path / "results", "--cache-size", 0)
    assert cli(*words).status == 0
    assert not list(own_cache.rglob("*.npy"))


@pytest.mark.parametrize("embedder", ["pixels", "upright", "standardize"])
def test_features_that_would_be_too_large_are_refused(cli, folder, tmp_path, monkeypatch, stores, embedder):
    monkeypatch.setattr(plan, "MAX_FEATURE_BYTES", 10_000)
    words = ("run", "typiclust", "-d", folder, "-t", "logreg", *RUN, "-o", tmp_path / "results")
    refused = cli(*words, "-e", embedder)
    assert refused.status == 2
    assert "size=" in refused.err
    assert "-e pca" in refused.err
    assert cli(*words, "-e", embedder, "-e", "pca:dims=4").status == 0


def test_a_cache_that_cannot_be_written_is_an_error(stores, folder, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("PSLBENCH_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(InputError, match="PSLBENCH_CACHE_DIR"):
        images.function(path=str(folder))


def test_bad_files_are_refused_or_left_out_of_stored_images(stores, folder):
    bad = next(folder.rglob("*.png"))
    bad.write_bytes(bad.read_bytes()[:-40])  # its header can be read
    for _ in range(2):  # decoded, and from the cache
        with pytest.raises(InputError, match=bad.name):
            images.function(path=str(folder))
        data = images.function(path=str(folder), skip_bad=True)
        assert len(data.x_train) + len(data.x_test) == 299
        assert len(data.x_train) == len(data.y_train)


def test_images_of_16_bits_are_stored_as_floats(tmp_path, monkeypatch):
    for i in range(20):
        path = tmp_path / "deep" / f"class{i % 2}" / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), 1000 * i + 7, np.uint16)).save(path)
    in_memory = images.function(path=str(tmp_path / "deep"))
    monkeypatch.setattr(images_module, "MAX_BYTES_IN_MEMORY", 0)
    in_files = images.function(path=str(tmp_path / "deep"))
    assert isinstance(in_files.x_train, StoredImages)
    assert in_files.checksum == in_memory.checksum


LOAD = """
import sys
from pslbench.datasets import images as module
from pslbench.datasets.dataset_warnings import dataset_warnings
from pslbench.execution.memory import PeakMemory

module.MAX_BYTES_IN_MEMORY = float(sys.argv[1])
small = module.images.function(path=sys.argv[3])  # imports what is needed
with PeakMemory() as before:
    pass
with PeakMemory() as memory:
    data = module.images.function(path=sys.argv[2])
    data.checksum, dataset_warnings(data)
    for i in range(len(data.x_train)):
        data.x_train[[i, -i]]
print(memory.peak_mb - before.peak_mb)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/clear_refs"), reason="peaks can be measured on Linux only")  # noqa: PTH110
def test_memory_is_bounded_by_a_block(cli, tmp_path, monkeypatch):
    """2,000 images take 98 MB as float32."""
    rng = np.random.default_rng(0)
    for name, n in (("many", 2000), ("few", 20)):
        for i in range(n):
            path = tmp_path / name / f"class{i % 2}" / f"{i}.bmp"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(path)

    def peak_of_loading(limit):
        words = [sys.executable, "-c", LOAD, str(limit), tmp_path / "many", tmp_path / "few"]
        return float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)

    def peak_of_worker(name):
        words = ("run", "typiclust", "-d", tmp_path / "many", "-e", "pca:dims=4", "-t", "probe", *RUN)
        assert cli(*words, "-o", tmp_path / name).status == 0
        return pd.read_csv(tmp_path / name / "results.csv").peak_memory_mb[0]

    of_loading, of_worker = peak_of_loading(1e9), peak_of_worker("memory")
    monkeypatch.setattr(images_module, "MAX_BYTES_IN_MEMORY", 0)
    assert of_loading > 90
    assert peak_of_loading(0) < 60
    assert peak_of_worker("files") < of_worker - 60
