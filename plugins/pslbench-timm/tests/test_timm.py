"""The encoders compute the features that timm computes, on any number of threads, and refuse bad input in one line."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pslbench_timm
import pytest
from helpers import command, rows
from PIL import Image
from pslbench_timm import efficientnet_lite0, timm_model
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pslbench import ImageFiles, InputError, Texts
from pslbench.datasets.images import images as image_folder
from pslbench.testing import check, parametrize

try:
    timm = pslbench_timm._import_timm()
    import torch
except InputError as error:
    pytest.skip(f"{error}", allow_module_level=True)

SMALL = "test_resnet"  # a model that timm has for tests: 0.5 million weights, images of 160 x 160 pixels


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """Runs write neither into the cache of the user nor into the repository."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PSLBENCH_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of random weights for the small model, with its classifier."""
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("weights") / "small.pth"
    torch.save(timm.create_model(SMALL).state_dict(), file)
    return str(file)


@pytest.fixture
def images():
    return np.random.default_rng(0).random((10, 20, 30, 3)).astype(np.float32)


def test_features_are_those_before_the_classifier(weights, images):
    """With the classifier on top, they give what the whole network gives."""
    whole = timm.create_model(SMALL, checkpoint_path=weights).eval()
    prepare = timm.data.create_transform(**timm.data.resolve_model_data_config(whole))
    pixels = [np.rint(image * 255).astype(np.uint8) for image in images]
    embedding = timm_model(images, model=SMALL, weights=weights, batch_size=4)
    assert embedding.features.dtype == np.float32
    with torch.inference_mode():
        expected = whole(torch.stack([prepare(Image.fromarray(each)) for each in pixels]))
        actual = whole.get_classifier()(torch.from_numpy(embedding.features))
    np.testing.assert_allclose(actual, expected, atol=1e-4)
    np.testing.assert_array_equal(embedding.transform(images[:4]), embedding.features[:4])


def test_files_are_decoded_at_the_size_of_the_model(weights, tmp_path):
    """A checkerboard that vanishes when it is scaled down is seen in the file."""
    board = (np.indices((160, 160)).sum(axis=0) // 2 % 2 * 255).astype(np.uint8)
    for name, pixels in (("board", board), ("gray", np.full_like(board, 127))):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    files = ImageFiles(Texts.of(str(tmp_path / f"{name}.png") for name in ("board", "gray")))
    scaled = np.stack([np.asarray(file.convert("L").resize((8, 8))) for file in files])[..., None] / np.float32(255)
    seen, blurred = (timm_model(x, model=SMALL, weights=weights).features for x in (files, scaled))
    assert abs(seen[0] - seen[1]).max() > 10 * abs(blurred[0] - blurred[1]).max()


EMBED_AND_PRINT = """
import sys, numpy as np
from pslbench_timm import timm_model
x, model, weights = np.load(sys.argv[1]), *sys.argv[2:]
print(timm_model(x, model=model, weights=weights, batch_size=3).features.tobytes().hex())
"""


def test_features_do_not_depend_on_the_number_of_threads(weights, images, monkeypatch, tmp_path):
    several = timm_model(images, model=SMALL, weights=weights, batch_size=3).features
    monkeypatch.setattr(pslbench_timm, "MAX_THREADS", 1)
    assert np.array_equal(several, timm_model(images, model=SMALL, weights=weights, batch_size=3).features)
    np.save(tmp_path / "x.npy", images)
    done = subprocess.run(
        [sys.executable, "-c", EMBED_AND_PRINT, str(tmp_path / "x.npy"), SMALL, weights],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == several.tobytes().hex()


def test_gray_images_are_taken_and_other_channels_refused(weights, images):
    gray = images[..., :1]
    colored = timm_model(gray.repeat(3, axis=3), model=SMALL, weights=weights).features
    assert np.array_equal(timm_model(gray, model=SMALL, weights=weights).features, colored)
    with pytest.raises(InputError, match="1 or 3 channels, not 2"):
        timm_model(images[..., :2], model=SMALL, weights=weights)


def test_models_and_weights_that_do_not_exist_are_refused_in_one_line(weights, images, tmp_path, monkeypatch):
    (tmp_path / "no.pth").write_text("no weights")
    for parameters, words in (
        ({"model": "resnet_18"}, "did you mean 'resnet18'"),
        ({"model": "resnet18.a1_in2k"}, "did you mean 'resnet18.a1_in1k'"),
        ({"model": "?"}, "timm.list_pretrained"),
        ({"model": SMALL, "weights": str(tmp_path / "nothing.pth")}, "no file"),
        ({"model": SMALL, "weights": str(tmp_path / "no.pth")}, "no.pth must contain weights of that model"),
        ({"model": "test_vit", "weights": weights}, "must contain weights of that model"),
        ({"model": f"local-dir:{tmp_path}"}, "Config file not found"),
    ):
        with pytest.raises(InputError, match=words) as refused:
            timm_model(images, **parameters)
        assert len(str(refused.value).splitlines()) == 1


def test_a_hub_that_cannot_be_reached_is_named_in_one_line(tmp_path):
    words = ["-d", "digits", "-e", f"timm:model={SMALL}.r160_in1k", "-t", "probe", "-b", "20", "-s", "1"]
    done = command("run", "random", *words, "-o", tmp_path, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path / "hub"))
    assert done.status != 0
    assert "the weights of test_resnet.r160_in1k cannot be loaded" in done.out + done.err
    assert "set weights= to a local file" in done.out + done.err


@pytest.fixture(scope="module")
def emoji():
    folder = Path(os.environ.get("PSLBENCH_DATA_DIR", "")) / "emoji"
    if not folder.is_dir():
        pytest.skip("PSLBENCH_DATA_DIR has no folder emoji")
    return folder


def test_features_of_real_pictures_tell_classes_apart_better_than_pixels(emoji):
    data = image_folder(path=str(emoji))
    pool, test = np.arange(0, len(data.y_train), 4), np.arange(0, len(data.y_test), 2)
    embedding = efficientnet_lite0(data.files_train[pool])
    encoded = (embedding.features, embedding.transform(data.files_test[test]))
    pixels = (data.x_train[pool].reshape(len(pool), -1), data.x_test[test].reshape(len(test), -1))

    def accuracy(train_features, test_features):
        probe = make_pipeline(StandardScaler(), RidgeClassifier(1000))
        return probe.fit(train_features, data.y_train[pool]).score(test_features, data.y_test[test])

    assert accuracy(*encoded) > accuracy(*pixels) + 0.05


def test_a_run_embeds_files_and_stores_the_features(weights, tmp_path):
    rng = np.random.default_rng(0)
    for label, (low, high) in {"dark": (0, 120), "bright": (130, 255)}.items():
        (tmp_path / "data" / label).mkdir(parents=True)
        for i in range(20):
            pixels = rng.integers(low, high, (12, 20, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / label / f"{i}.png")
    words = ["-d", tmp_path / "data", "-e", f"timm:model={SMALL},weights={weights}", "-b", "12", "-s", "2"]
    words += ["-t", "probe", "-o", tmp_path / "out", "--explain-cache"]
    done = command("run", "random", *words)
    assert done.status == 0, done.err
    assert (rows(tmp_path / "out")["test_accuracy"] > 0.7).all()
    assert "embed timm" in done.err
    again = command("run", "k-center", *words)
    assert again.status == 0, again.err
    assert "embed timm" not in again.err


def test_conformance_of_any_model(weights):
    report = check(timm_model, values={"model": SMALL, "weights": weights})
    assert report.ok, str(report)


@parametrize(efficientnet_lite0, skips={"time": "it is that of the embedder timm, with a larger network"})
def test_conformance(check):
    check()
