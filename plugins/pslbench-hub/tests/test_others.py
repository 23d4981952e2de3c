"""OpenML, scikit-learn and torchvision read the files that they would have downloaded."""

import codecs
import gzip
import hashlib
import importlib.util
import json
import pickle
import sys

import joblib
import numpy as np
import pytest
from helpers import command, rows
from pslbench_hub import openml, sklearn, torchvision
from sklearn.datasets import load_digits
from sklearn.utils import Bunch

from pslbench import InputError
from pslbench.testing import check

ARFF = """@relation plants
@attribute id numeric
@attribute height numeric
@attribute color {red, blue}
@attribute class {rose, tulip}
@data
"""


@pytest.fixture
def learn_data(tmp_path, monkeypatch):
    """The folder of scikit-learn; downloads fail."""
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "learn"))
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    return tmp_path / "learn"


def write_openml(folder, targets=("class",)):
    """Write what OpenML answers for the dataset 61, as scikit-learn caches it."""
    arff = ARFF + "".join(f"{i},{i % 5},{('red', 'blue')[i % 3 > 0]},{('rose', 'tulip')[i % 2]}\n" for i in range(40))
    kinds = {"id": "numeric", "height": "numeric", "color": "nominal", "class": "nominal"}
    features = [
        {
            "index": str(i),
            "name": name,
            "data_type": kind,
            "is_target": str(name in targets).lower(),
            "is_ignore": "false",
            "number_of_missing_values": "0",
            "is_row_identifier": str(name == "id").lower(),
        }
        for i, (name, kind) in enumerate(kinds.items())
    ]
    description = {
        "id": "61",
        "name": "plants",
        "version": "1",
        "description": "plants",
        "format": "ARFF",
        "status": "active",
        "file_id": "7",
        "url": "https://www.openml.org/data/v1/download/7/plants.arff",
        "md5_checksum": hashlib.md5(arff.encode(), usedforsecurity=False).hexdigest(),
    }
    found = [{"did": 61, "name": "plants", "version": version, "status": "active"} for version in (1, 2)]
    answers = {
        "api/v1/json/data/list/data_name/plants/limit/2/status/active/": {"data": {"dataset": found}},
        "api/v1/json/data/61": {"data_set_description": description},
        "api/v1/json/data/features/61": {"data_features": {"feature": features}},
        "api/v1/json/data/qualities/61": {"data_qualities": {"quality": []}},
    }
    files = {path: json.dumps(answer) for path, answer in answers.items()}
    files["data/v1/download/7/plants.arff"] = arff
    for path, content in files.items():
        file = folder / "openml" / "openml.org" / f"{path}.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(content.encode()))


def test_a_table_of_openml_by_number_and_by_name(learn_data, tmp_path):
    write_openml(learn_data)
    data = openml(name=61)
    assert (data.name, data.kind, data.classes) == ("plants", "tables", ("rose", "tulip"))
    assert [column.name for column in data.x_train.columns] == ["height", "color"]
    assert len(data.x_test) == 8
    assert openml(name=61, label="color").classes == ("blue", "red")
    outcome = command("data", "check", "openml:61,test=0.5")
    assert outcome.status == 0, outcome.err
    assert "20 samples in the pool, 20 test samples" in outcome.out
    by_name = openml(name="plants")
    assert by_name.checksum == data.checksum
    assert any("Multiple active versions" in note for note in by_name.notes)


def test_the_classes_of_openml_are_its_target_or_a_column(learn_data):
    write_openml(learn_data, targets=())
    assert openml(name=61).classes == ("rose", "tulip")
    write_openml(learn_data, targets=("class", "color"))
    assert openml(name=61).classes == ("rose", "tulip")
    with pytest.raises(InputError, match="no column 'colour'"):
        openml(name=61, label="colour")
    with pytest.raises(InputError, match="leave out version="):
        openml(name=61, version=1)


def test_hosts_that_cannot_be_reached_are_one_line(learn_data):
    for name in ("openml:62", "sklearn:covtype"):
        outcome = command("data", "check", name)
        assert outcome.status == 2
        assert f"{name} cannot be loaded" in outcome.err
        assert str(learn_data) in outcome.err
        assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "kind", "size", "first_class"),
    [
        ("iris", "tables", 150, "setosa"),
        ("wine", "tables", 178, "class_0"),
        ("breast_cancer", "tables", 569, "malignant"),
        ("digits", "images", 1797, "0"),
    ],
)
def test_sets_that_scikit_learn_contains(name, kind, size, first_class):
    data = sklearn(name=name)
    assert (data.name, data.kind, data.classes[0]) == (name, kind, first_class)
    assert len(data.x_train) + len(data.x_test) == size


def test_a_table_of_scikit_learn_runs(tmp_path):
    words = ("-d", "sklearn:wine", "-t", "probe", "-b", "20", "-s", "1", "-o", tmp_path)
    outcome = command("run", "random", *words)
    assert outcome.status == 0, outcome.err
    assert rows(tmp_path).dataset.item() == "sklearn:wine"
    assert rows(tmp_path).test_accuracy.item() > 0.8


def test_sets_that_scikit_learn_downloads(learn_data):
    learn_data.mkdir()
    faces = np.random.default_rng(0).random((400, 4096), np.float32)
    joblib.dump(faces, learn_data / "olivetti_py3.pkz")
    data = sklearn(name="olivetti_faces", test=0.5)
    assert data.x_train.shape == (200, 64, 64, 1)
    assert data.n_classes == 40

    (learn_data / "covertype").mkdir()
    joblib.dump(np.arange(60 * 54).reshape(60, 54), learn_data / "covertype" / "samples_py3")
    joblib.dump(np.arange(60) % 7 + 1, learn_data / "covertype" / "targets_py3")
    data = sklearn(name="covtype")
    assert (data.kind, data.classes[:2], data.x_train.columns[0].name) == ("tables", ("1", "2"), "Elevation")

    parts = {
        part: Bunch(data=[f"{part} {i}" for i in range(n)], target=np.arange(n) % 2, target_names=["atheism", "space"])
        for part, n in (("train", 20), ("test", 10))
    }
    for part in parts.values():
        part.filenames = np.array(part.data)
    (learn_data / "20news-bydate_py3.pkz").write_bytes(codecs.encode(pickle.dumps(parts), "zlib_codec"))
    data = sklearn(name="20newsgroups")
    assert (data.kind, data.classes) == ("texts", ("atheism", "space"))
    assert (len(data.x_train), len(data.x_test)) == (20, 10)
    assert all(text.startswith("test ") for text in data.x_test)


def test_conformance():
    report = check(sklearn, values={"name": "digits"})
    assert report.ok, str(report)
    assert report.counts["passed"] > 4, [outcome.reason for outcome in report.outcomes]


def test_a_missing_torchvision_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(InputError, match="pip install torchvision") as caught:
        torchvision(name="CIFAR10")
    assert "\n" not in str(caught.value)


def write_idx(path, array):
    path.write_bytes(bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes())


@pytest.mark.skipif(not importlib.util.find_spec("torchvision"), reason="torchvision is not installed")
def test_torchvision_reads_its_files(tmp_path, monkeypatch):
    raw = tmp_path / "data" / "torchvision" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    x, y = load_digits(return_X_y=True)
    x, y = (x.reshape(-1, 8, 8) * 15).astype(np.uint8), y.astype(np.uint8)
    for part, chosen in (("train", slice(0, 100)), ("t10k", slice(100, 140))):
        write_idx(raw / f"{part}-images-idx3-ubyte", x[chosen])
        write_idx(raw / f"{part}-labels-idx1-ubyte", y[chosen])
    monkeypatch.setenv("PSLBENCH_DATA_DIR", str(tmp_path / "data"))
    data = torchvision(name="MNIST")
    assert np.array_equal(np.rint(data.x_train * 255)[..., 0], x[:100])
    assert data.y_test.tolist() == y[100:140].tolist()
    assert data.classes[1] == "1 - one"
    for name, problem in (("Mnist", "no dataset 'Mnist'"), ("Caltech101", "no training set and test set")):
        with pytest.raises(InputError, match=problem):
            torchvision(name=name)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(InputError, match=r"torchvision:CIFAR10 cannot be loaded .*PSLBENCH_DATA_DIR") as caught:
        torchvision(name="CIFAR10")
    assert "\n" not in str(caught.value)
