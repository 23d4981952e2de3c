"""Every wrong input gets one line that says what to do, and exit status 2."""

import numpy as np
import pytest
from PIL import Image

RUN = ["run", "random", "-t", "logreg", "-s", "1"]


def refused(outcome, *says):
    assert outcome.status == 2, outcome.err
    lines = outcome.err.strip().splitlines()
    assert len(lines) == 1, outcome.err
    assert lines[0].startswith("error: ")
    for word in says:
        assert word in lines[0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "centriod"], ["unknown strategy 'centriod'", "did you mean 'centroid'?"]),
        (["run"], ["name strategies, or --all", "centroid-only"]),
        (["run", "random", "-c", "kmean"], ["unknown clusterer", "'kmeans'"]),
        (["run", "random", "-c", "kmeans,gmm"], ["'kmeans,gmm' names several", "-c kmeans -c gmm"]),
        (["run", "random", "-e", "pcaa"], ["unknown embedder", "'pca'"]),
        (["run", "random", "-t", "cnm"], ["unknown trainer", "'cnn'"]),
        (["run", "random", "-d", "mnits-5k"], ["unknown dataset", "'mnist-5k'"]),
        (["run", "centroid:kep=0.5"], ["unknown parameter of centroid", "'keep'"]),
        (["run", "centroid:keep=much"], ["centroid:keep=much is not float", "1.0"]),
        (["run", "centroid:keep"], ["keep=value"]),
        (["run", "random", "-t", "cnn:select=best"], ["is not last or test"]),
        (["run", "random", "-t", "cnn:epochs=2.5"], ["is not int"]),
        (["run", "centroid:keep=2"], ["centroid:keep=2 must be above 0 and at most 1"]),
        (["run", "centroid:keep=nan"], ["keep=nan must be above 0"]),
        (["run", "random", "-t", "cnn:epochs=0"], ["cnn:epochs=0 must be at least 1"]),
        (["run", "random", "-e", "pca:whiten=maybe"], ["is not bool"]),
        (["run", "centroid", "-e", "autoencoder:dims=0"], ["autoencoder:dims=0 must be at least 1"]),
        (["run", "random", "-d", "npz"], ["npz needs the parameter path"]),
        (["run", "random", "-b", "0"], ["at least 1"]),
        (["run", "random", "-b", "many"], ["'many' is no number"]),
        (["run", "random", "-b", "5000", "-d", "mnist-5k"], ["above the pool", "4000"]),
        (["run", "random", "-s", "few"], ["'few' are no numbers"]),
        (["run", "random", "-s", "0"], ["how many, 1 to 100000"]),
        (["run", "random", "-s", "3,-1"], ["from 0"]),
        (["run", "random", "-s", "99999999999999999999"], ["how many, 1 to 100000"]),
        (["run", "random", "-s", ""], ["how many"]),
        (["run", "random", "-b", "20", "40"], ["'40' is not a strategy", "-b 20,40"]),
        (["run", "random", "-d", ""], ["data set is empty", "-d"]),
        (["run", "random", "-b", ""], ["no number of labels"]),
        (["run", "random", "-j", "-1"], ["--jobs", "greater than or equal to 0"]),
        (["run", "random", "--seed", "3"], ["--seed"]),
        (["run", "random", "--plugin", "nowhere.py"], ["no plugin file 'nowhere.py'"]),
        (["run", "random", "--no-plugin", "hogg"], ["unknown plugin 'hogg'"]),
        (["rnu"], ["rnu"]),
        (["compare", "random"], ["at least two different strategies"]),
        (["compare", "random", "random"], ["two different strategies, not random and random"]),
        (["list", "strtegy"], ["unknown kind", "strategy"]),
        (["show", "nothing of the kind"], ["unknown part", "known: agglomerative", " more"]),
        (["run", "centroid", "keep=0.2"], ["'keep=0.2'", "as in name:keep=0.2"]),
        (["show", "centroids"], ["unknown part", "'centroid'"]),
        (["leaderboard", "nowhere"], ["no results in 'nowhere'"]),
        (["data", "check", "nothing.npz"], ["no file 'nothing.npz'"]),
        (["data", "check", "no/folder"], ["no folder 'no/folder'"]),
    ],
)
def test_words(cli, arguments, says):
    refused(cli(*arguments), *says)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"y_test": None}, "no array 'y_test'"),
        ({"y_train": np.zeros(3, int)}, "40 samples but y_train has shape (3,)"),
        ({"x_train": np.full((40, 8, 8), np.nan)}, "NaN"),
        ({"x_train": np.full((40, 8, 8), np.inf)}, "infinite"),
        ({"x_train": np.full((40, 8, 8), 7.0)}, "scale it to [0, 1]"),
        ({"x_train": np.zeros((40, 8, 8), int)}, "must be floats"),
        ({"x_train": np.zeros((0, 8, 8)), "y_train": np.zeros(0, int)}, "empty"),
        ({"x_test": np.zeros((20, 9, 9))}, "x_test of (9, 9, 1)"),
        ({"x_test": np.array("a lone word")}, "x_test must be floats"),
        ({"y_train": -np.arange(40)}, "negative label -39"),
        ({"y_train": np.arange(40) / 2}, "y.astype(int)"),
        ({"y_train": np.array(["cat", "dog"] * 20)}, "numpy.unique(y, return_inverse=True)"),
        ({"y_train": np.eye(2)[np.arange(40) % 2]}, "y.argmax(axis=1)"),
        ({"y_train": np.zeros(40, int)}, "only one class"),
        ({"y_test": np.full(20, 7)}, "label 7 has no class"),
        ({"y_train": np.arange(40) * 2**40}, "number the classes from 0"),
        ({"x_train": np.zeros((40, 0))}, "at least one number"),
        ({"y_train": np.array([{}] * 40, object)}, "Python objects"),
    ],
)
def test_arrays(cli, arrays, tmp_path, change, says):
    np.savez(tmp_path / "mine.npz", **{k: v for k, v in (arrays | change).items() if v is not None})
    refused(cli(*RUN, "-b", "4", "-d", tmp_path / "mine.npz"), says)


def test_no_npz_at_all(cli, tmp_path):
    (tmp_path / "text.npz").write_text("hello")
    refused(cli(*RUN, "-d", tmp_path / "text.npz"), "is no .npz file")
    np.save(tmp_path / "one.npy", np.zeros(3))
    (tmp_path / "one.npy").rename(tmp_path / "one.npz")
    refused(cli(*RUN, "-d", tmp_path / "one.npz"), "is no .npz file")
    whole = tmp_path / "whole.npz"
    np.savez_compressed(whole, **{name: np.arange(9000.0) for name in ("x_train", "y_train", "x_test", "y_test")})
    whole.write_bytes(whole.read_bytes()[:-3000])
    refused(cli(*RUN, "-d", whole), "whole.npz")


def picture(path, size=(8, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size).save(path)


def test_folders(cli, tmp_path):
    refused(cli(*RUN, "-d", tmp_path), "no images in train/CLASS/")
    picture(tmp_path / "train" / "cat" / "1.png")
    refused(cli(*RUN, "-d", tmp_path), "no images in test/CLASS/")
    picture(tmp_path / "test" / "cat" / "1.png")
    refused(cli(*RUN, "-d", tmp_path), "one class 'cat'")
    picture(tmp_path / "train" / "dog" / "1.png", (9, 9))
    refused(cli(*RUN, "-d", tmp_path), "is not of the size", "size=28")
    picture(tmp_path / "train" / "dog" / "1.png")
    picture(tmp_path / "test" / "cow" / "1.png")
    refused(cli(*RUN, "-d", tmp_path), "class 'cow', which train/ has not")
    (tmp_path / "train" / "dog" / "1.png").write_text("no picture")
    refused(cli(*RUN, "-d", tmp_path), "no image that can be read")


def test_features_for_a_trainer_of_images(cli, arrays, tmp_path):
    flat = {k: v.reshape(len(v), -1) if k[0] == "x" else v for k, v in arrays.items()}
    np.savez(tmp_path / "flat.npz", **flat)
    refused(cli("run", "random", "-b", "4", "-d", tmp_path / "flat.npz"), "cnn takes images", "-t logreg")
    several = cli(
        "run", "random", "-b", "4", "-d", tmp_path / "flat.npz", "-t", "cnn", "-t", "logreg", "-s", "1", "--dry-run"
    )
    assert several.status == 0
    assert "warning: cnn takes images, but flat holds feature vectors: left out" in several.err


def test_an_output_folder_that_cannot_be_written(cli, tmp_path):
    (tmp_path / "file").write_text("in the way")
    refused(cli(*RUN, "-d", "digits", "-o", tmp_path / "file" / "results"), "cannot write to", "-o")


def test_damaged_results(cli, tmp_path):
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "0.json").write_text('{"key": ')
    refused(cli("leaderboard", tmp_path), "0.json is damaged")
    (tmp_path / "cells" / "0.json").write_text('{"key": "0", "colour": "red"}')
    refused(cli("leaderboard", tmp_path), "another version")


def test_a_budget_below_the_number_of_classes_is_a_warning(cli, tmp_path):
    outcome = cli(*RUN, "-d", "digits", "-b", "4", "-o", tmp_path)
    assert outcome.status == 0
    assert "warning: budget 4 is below the 10 classes of digits" in outcome.err
