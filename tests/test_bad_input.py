"""Wrong input gives one line on standard error and the exit status 2."""

import numpy as np
import pytest
from PIL import Image

RUN = ["run", "random", "-t", "logreg", "-s", "1"]


def refused(outcome, *words):
    """Assert that the input was refused, with one line that contains these words."""
    assert outcome.status == 2, outcome.err
    lines = outcome.err.strip().splitlines()
    assert len(lines) == 1, outcome.err
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "centriod"], ["unknown strategy 'centriod'", "did you mean 'centroid'?"]),
        (["run"], ["--all", "pslbench list strategy"]),
        (["run", "random", "-c", "kmean"], ["unknown clusterer", "'kmeans'"]),
        (["run", "random", "-c", "kmeans,gmm"], ["'kmeans,gmm'", "-c kmeans -c gmm"]),
        (["run", "random", "-e", "pcaa"], ["unknown embedder", "'pca'"]),
        (["run", "random", "-t", "cnm"], ["unknown trainer", "known: cnn, "]),
        (["run", "random", "-d", "mnits-5k"], ["unknown dataset", "'mnist-5k'"]),
        (["run", "centroid:kep=0.5"], ["unknown parameter of centroid", "'keep'"]),
        (
            ["run", "centroid:keep=much"],
            ["centroid:keep=much is not allowed; keep must be a number, above 0 and at most 1; the default is 1.0"],
        ),
        (["run", "centroid:keep"], ["keep=value"]),
        (["run", "centroid:"], ["'centroid:' has an empty parameter; write centroid alone"]),
        (["run", "centroid:keep=1,"], ["'centroid:keep=1,' has an empty parameter"]),
        (["run", "centroid:keep=1|1.0"], ["the value of centroid:keep '1.0' is named 2 times"]),
        (["run", "random", "random"], ["the strategy 'random' is named 2 times; name it once"]),
        (["run", "random", "-d", "digits", "-d", "digits"], ["the dataset 'digits' is named 2 times"]),
        (["run", "random", "-c", "gmm", "-c", "gmm"], ["the clusterer 'gmm' is named 2 times"]),
        (["run", "random", "-s", "3,3"], ["the seed '3' is named 2 times"]),
        (["run", "random", "-b", "20,40", "-b", "20"], ["the budget '20' is named 2 times"]),
        (["merge", "here", "here", "-o", "both"], ["the folder 'here' is named 2 times"]),
        (["run", "random", "-j", "x"], ["--jobs", "it must be a valid integer"]),
        (["run", "random", "--timeout", "-1"], ["--timeout", "it must be greater than or equal to 0"]),
        (["import", "no.zip", "-o", "both"], ["there is no file 'no.zip'", "pslbench export"]),
        (["merge", "nowhere", "-o", "both"], ["'nowhere' does not exist", "pslbench run --all -o nowhere"]),
        (["report", "nowhere"], ["'nowhere' does not exist"]),
        (["run", "nearest"], ["known: centroid, ", " more; pslbench list strategy shows all"]),
        (["run", "random", "-c", "nearest"], ["unknown clusterer 'nearest'; known: minibatch-kmeans, kmeans"]),
        (["run", "random", "-t", "cnn:select=best"], ["last or test"]),
        (
            ["run", "random", "-t", "cnn:epochs=2.5"],
            ["cnn:epochs=2.5", "epochs must be a whole number or none, at least 1"],
        ),
        (["run", "centroid:keep=2"], ["centroid:keep=2 must be above 0 and at most 1"]),
        (["run", "centroid:keep=nan"], ["keep=nan must be above 0"]),
        (["run", "random", "-t", "cnn:epochs=0"], ["cnn:epochs=0 must be at least 1"]),
        (["run", "random", "-e", "pca:whiten=maybe"], ["pca:whiten=maybe", "whiten must be true or false"]),
        (["run", "centroid", "-e", "autoencoder:dims=0"], ["autoencoder:dims=0 must be at least 1"]),
        (["run", "random", "-d", "npz"], ["npz:path"]),
        (["run", "random", "-b", "0"], ["at least 1"]),
        (["run", "random", "-b", "many"], ["'many'"]),
        (["run", "random", "-b", "5000", "-d", "mnist-5k"], ["5000", "4000"]),
        (["run", "random", "-s", "few"], ["'few'"]),
        (["run", "random", "-s", "0"], ["100000"]),
        (["run", "random", "-s", "3,-1"], ["list of seeds"]),
        (["run", "random", "-s", "99999999999999999999"], ["100000"]),
        (["run", "random", "-s", ""], ["seeds"]),
        (["run", "random", "-b", "20", "40"], ["'40'", "-b 20,40"]),
        (["run", "random", "-d", ""], ["dataset", "-d"]),
        (["run", "random", "-b", ""], ["budget"]),
        (["run", "random", "-j", "-1"], ["--jobs", "0"]),
        (["run", "random", "--seed", "3"], ["--seed"]),
        (["run", "random", "--plugin", "nowhere.py"], ["'nowhere.py'"]),
        (["run", "random", "--no-plugin", "hogg"], ["unknown plugin 'hogg'"]),
        (["rnu"], ["'rnu'", "Did you mean 'run'? For help, run pslbench --help"]),
        (["cache", "inof"], ["'inof'", "'info'", "pslbench cache --help"]),
        (["show"], ["PART", "pslbench show --help"]),
        (["merge", "a", "--no-such-option"], ["--no-such-option", "pslbench merge --help"]),
        (["run", "logreg"], ["unknown strategy 'logreg', which is a trainer; write -t logreg"]),
        (["run", "random", "-t", "pca"], ["unknown trainer 'pca', which is an embedder; write -e pca"]),
        (["run", "random", "-c", "centroid"], ["which is a strategy; write centroid"]),
        (["run", "png"], ["which is a reporter; write pslbench report -f png"]),
        (["run", "random", "--dask", "nonsense", "--dry-run"], ["--dask 'nonsense'", "tcp://10.0.0.1:8786"]),
        (["run", "random", "--dask", "", "--dry-run"], ["--dask ''"]),
        (["compare", "random"], ["two different strategies"]),
        (["compare", "centroid", "centroid:keep=1"], ["two different strategies", "compare centroid random"]),
        (["list", "strtegy"], ["unknown kind", "strategy"]),
        (["show", "nothing of the kind"], ["unknown part", "known: mnist-5k, ", " more; pslbench list shows all"]),
        (["run", "centroid", "keep=0.2"], ["'keep=0.2'", "as in name:keep=0.2"]),
        (["show", "centroids"], ["unknown part", "'centroid'"]),
        (["leaderboard", "nowhere"], ["'nowhere'"]),
        (["data", "check", "nothing.npz"], ["'nothing.npz'"]),
        (["data", "check", "no/folder"], ["'no/folder'"]),
    ],
)
def test_wrong_arguments(cli, arguments, words):
    refused(cli(*arguments), *words)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"y_test": None}, "'y_test'"),
        ({"y_train": np.zeros(3, int)}, "(3,)"),
        ({"x_train": np.full((40, 8, 8), np.nan)}, "NaN"),
        ({"x_train": np.full((40, 8, 8), np.inf)}, "infinite"),
        ({"x_train": np.full((40, 8, 8), 7.0)}, "[0, 1]"),
        ({"x_train": np.full((40, 8, 8), 255)}, "x_train up to 255 and x_test up to 1 are scaled differently"),
        ({"x_train": np.full((40, 8, 8), 70_000)}, "ranges from 70000 to 70000; scale it to [0, 1]"),
        ({"x_train": np.zeros((40, 8, 8), complex)}, "must be numbers"),
        ({"x_train": np.zeros((0, 8, 8)), "y_train": np.zeros(0, int)}, "empty"),
        ({"x_test": np.zeros((20, 9, 9))}, "(9, 9, 1)"),
        ({"x_test": np.array("a lone word")}, "x_test"),
        (
            {"y_train": np.tile([-1, 1], 20)},
            "only one class, but a benchmark needs at least two; -1 stands for no label",
        ),
        ({"y_train": np.arange(40) / 2}, "y.astype(int)"),
        ({"y_train": np.array(["cat", "dog"] * 20)}, "must both contain names of classes, or both numbers"),
        ({"y_train": np.eye(2)[np.arange(40) % 2]}, "y.argmax(axis=1)"),
        ({"y_train": np.zeros(40, int)}, "only one class"),
        ({"y_test": np.full(20, 7)}, "no sample of y_test is of a class of y_train"),
        ({"y_train": np.arange(40) * 2**40}, "every sample of y_train has a label of its own"),
        ({"x_train": np.zeros((40, 0))}, "at least one number"),
        ({"y_train": np.array([{}] * 40, object)}, "Python objects"),
    ],
)
def test_wrong_arrays(cli, arrays, tmp_path, change, word):
    np.savez(tmp_path / "mine.npz", **{k: v for k, v in (arrays | change).items() if v is not None})
    refused(cli(*RUN, "-b", "4", "-d", tmp_path / "mine.npz"), word)


def test_files_that_are_not_npz_files(cli, tmp_path):
    (tmp_path / "text.npz").write_text("hello")
    refused(cli(*RUN, "-d", tmp_path / "text.npz"), ".npz file")
    np.save(tmp_path / "one.npy", np.zeros(3))
    (tmp_path / "one.npy").rename(tmp_path / "one.npz")
    refused(cli(*RUN, "-d", tmp_path / "one.npz"), ".npz file")
    whole = tmp_path / "whole.npz"
    np.savez_compressed(whole, **{name: np.arange(9000.0) for name in ("x_train", "y_train", "x_test", "y_test")})
    whole.write_bytes(whole.read_bytes()[:-3000])
    refused(cli(*RUN, "-d", whole), "whole.npz")


def write_image(path, size=(8, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size).save(path)


def test_wrong_folders_of_images(cli, tmp_path):
    refused(cli(*RUN, "-d", tmp_path), "has no images in", "/CLASS/")
    write_image(tmp_path / "train" / "cat" / "1.png")
    refused(cli(*RUN, "-d", tmp_path), "only the class 'cat'")
    write_image(tmp_path / "train" / "dog" / "1.png")
    (tmp_path / "test").mkdir()
    refused(cli(*RUN, "-d", tmp_path), "test has no images in class folders")
    write_image(tmp_path / "test" / "cow" / "1.png")
    refused(cli(*RUN, "-d", tmp_path), "'cow'")
    (tmp_path / "test" / "cow").rename(tmp_path / "test" / "cat")
    (tmp_path / "train" / "dog" / "1.png").write_text("no picture")
    Image.new("1", (20_000, 20_000)).save(tmp_path / "train" / "cat" / "1.png")
    refused(
        cli(*RUN, "-d", tmp_path),
        "2 images",
        "dog/1.png (no image of a known format",
        "cat/1.png (",
        "exceeds limit of",
    )
    refused(cli(*RUN, "-d", f"{tmp_path}:background=whit"), "background=whit is no color")


def test_a_trainer_of_images_refuses_vectors(cli, arrays, tmp_path):
    flat = {k: v.reshape(len(v), -1) if k[0] == "x" else v for k, v in arrays.items()}
    np.savez(tmp_path / "flat.npz", **flat)
    refused(
        cli("run", "random", "-b", "4", "-d", tmp_path / "flat.npz", "-t", "cnn"), "cnn takes images", "-t ensemble"
    )
    several = cli(
        "run", "random", "-b", "4", "-d", tmp_path / "flat.npz", "-t", "cnn", "-t", "logreg", "-s", "1", "--dry-run"
    )
    assert several.status == 0
    assert "warning: cnn" in several.err


def test_a_folder_whose_subfolders_have_results(cli, tmp_path):
    for name in ("first", "second"):
        (tmp_path / name / "cells").mkdir(parents=True)
    refused(
        cli("leaderboard", tmp_path), "contains no results; name one of its", f"{tmp_path}/first, {tmp_path}/second"
    )


def test_labels_that_do_not_start_at_0_are_classes_by_name(cli, arrays, tmp_path):
    labels = {name: arrays[name] + 5 for name in ("y_train", "y_test")}
    np.savez(tmp_path / "mine.npz", **arrays | labels)
    outcome = cli(*RUN, "-b", "10", "-d", tmp_path / "mine.npz", "--dry-run")
    assert outcome.status == 0
    (line,) = outcome.err.strip().splitlines()
    assert line == "note: mine: the 2 classes are the labels that occur, from 5 to 6"


def test_an_output_folder_that_cannot_be_written(cli, tmp_path):
    (tmp_path / "file").write_text("in the way")
    refused(cli(*RUN, "-d", "digits", "-o", tmp_path / "file" / "results"), "cannot write", "-o")


def test_damaged_files_of_results(cli, tmp_path):
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "0.json").write_text('{"key": ')
    refused(cli("leaderboard", tmp_path), "0.json", "damaged")
    (tmp_path / "cells" / "0.json").write_text('{"key": "0", "colour": "red"}')
    refused(cli("leaderboard", tmp_path), "version")


def test_a_budget_below_the_number_of_classes_is_a_warning(cli, tmp_path):
    outcome = cli(*RUN, "-d", "digits", "-b", "4", "-o", tmp_path)
    assert outcome.status == 0
    assert "warning: budget 4" in outcome.err
    assert "10 classes" in outcome.err
