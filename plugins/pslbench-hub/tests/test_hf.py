"""The library `datasets` reads local data in all the ways that it reads those of the hub."""

import datasets
import numpy as np
import pandas as pd
import pytest
from helpers import command, rows
from PIL import Image
from pslbench_hub import hf

from pslbench import InputError
from pslbench.datasets.images import images
from pslbench.datasets.table import table
from pslbench.testing import check

TEXTS = "the samples are the texts of the column text"
CLASSES = datasets.ClassLabel(names=["no", "yes"])


@pytest.fixture(autouse=True)
def own_cache_of_the_library(tmp_path, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "hf")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def rows_of(n, **columns):
    """Return n rows with texts and labels, and with other columns."""
    texts = [f"this is the text number {i}" for i in range(n)]
    features = datasets.Features({"text": datasets.Value("string"), "label": CLASSES})
    made = datasets.Dataset.from_dict({"text": texts, "label": [i % 2 for i in range(n)]}, features=features)
    for name, values in columns.items():
        made = made.add_column(name, values)
    return made


def picture(i, size=(12, 12)):
    rng = np.random.default_rng(i)
    return Image.fromarray((rng.integers(60, size=size[::-1]) + 150 * (i % 2)).astype(np.uint8))


def picture_rows(n, sizes=((12, 12),)):
    features = datasets.Features({"image": datasets.Image(), "label": CLASSES, "caption": datasets.Value("string")})
    columns = {
        "image": [picture(i, sizes[i % len(sizes)]) for i in range(n)],
        "label": [i % 2 for i in range(n)],
        "caption": ["a picture"] * n,
    }
    return datasets.Dataset.from_dict(columns, features=features)


def test_a_folder_of_images_is_the_same_as_for_the_builtin_loader(tmp_path):
    for split, n in (("train", 20), ("test", 8)):
        for i in range(n):
            file = tmp_path / "mine" / split / ("no", "yes")[i % 2] / f"{i:02}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            picture(i).save(file)
    folder = tmp_path / "mine"
    data = hf(name=str(folder))
    assert (data.name, data.kind, data.classes) == ("mine", "images", ("no", "yes"))
    other = images(path=str(folder))
    assert sorted(map(bytes, data.x_train)) == sorted(map(bytes, other.x_train))
    outcome = command(
        *("run", "centroid", "-d", f"hf:{folder}", "-t", "logreg", "-b", "8", "-s", "1"),
        *("-o", tmp_path / "out"),
    )
    assert outcome.status == 0, outcome.err
    assert rows(tmp_path / "out").test_accuracy.item() == 1


def test_images_in_a_table_are_decoded_to_one_size(tmp_path):
    picture_rows(20, ((12, 12), (30, 20))).to_parquet(tmp_path / "train.parquet")
    data = hf(name=str(tmp_path))
    assert data.x_train.shape == (16, 64, 64, 1)
    assert data.classes == ("no", "yes")
    assert set(data.notes) == {
        "left out: caption",
        "images of 2 sizes are scaled to 64 x 64 pixels; size= changes it",
        "4 of 20 samples, 20% of each class, are the test set; test= changes it",
    }
    assert hf(name=str(tmp_path), size=8, test=0.5).x_test.shape == (10, 8, 8, 1)


def test_images_that_cannot_be_read_are_listed_or_left_out(tmp_path):
    made = picture_rows(20).cast_column("image", datasets.Image(decode=False))
    junk = {"image": {"bytes": b"junk", "path": None}}
    broken = made.map(lambda row, i: junk if i == 3 else row, with_indices=True)
    broken.cast_column("image", datasets.Image()).save_to_disk(tmp_path / "mine")
    with pytest.raises(InputError, match=r"1 image of .* image 4 \(no image of a known format\).*--skip-bad"):
        hf(name=str(tmp_path / "mine"))
    outcome = command("data", "check", f"hf:{tmp_path / 'mine'}", "--skip-bad")
    assert outcome.status == 0, outcome.err
    assert "15 samples in the pool, 4 test samples" in outcome.out


def test_a_csv_file_is_the_same_as_for_the_builtin_loader(tmp_path):
    frame = pd.DataFrame({"size": np.arange(40) / 4, "color": ["red", "blue"] * 20, "class": ["a", "a", "b", "b"] * 10})
    frame.to_csv(tmp_path / "mine.csv", index=False)
    (tmp_path / "other.csv").write_text("x,y\n1,2\n")
    data = hf(name=str(tmp_path / "mine.csv"))
    assert data.checksum == table(path=str(tmp_path / "mine.csv")).checksum
    assert data.name == "mine"
    frame[:20].to_csv(tmp_path / "mine.csv", index=False)
    assert len(hf(name=str(tmp_path / "mine.csv")).x_train) == 16
    with pytest.raises(InputError, match="no column 'colour'"):
        hf(name=str(tmp_path / "mine.csv"), label="colour")


def test_texts_have_the_test_set_and_the_class_names_of_the_dataset(tmp_path):
    splits = {"train": rows_of(20), "test": rows_of(6), "unsupervised": rows_of(5)}
    datasets.DatasetDict(splits).save_to_disk(tmp_path / "imdb")
    data = hf(name=str(tmp_path / "imdb"))
    assert list(data.x_test)[3] == "this is the text number 3"
    assert (data.name, len(data.x_train), len(data.x_test)) == ("imdb", 20, 6)
    assert data.classes == ("no", "yes")
    assert data.notes == ("the split unsupervised of 5 samples is left out", TEXTS)


def test_a_test_set_without_labels_is_replaced_by_the_validation_set(tmp_path):
    secret = rows_of(6).map(lambda _: {"label": -1})
    splits = {"train": rows_of(20), "validation": rows_of(8), "test": secret}
    datasets.DatasetDict(splits).save_to_disk(tmp_path / "glue")
    data = hf(name=str(tmp_path / "glue"))
    assert len(data.x_test) == 8
    assert data.notes == ("the split test has no labels and is left out", "the test set is the split validation", TEXTS)


def test_a_split_of_another_name_is_the_pool(tmp_path):
    datasets.DatasetDict({"first": rows_of(20), "second": rows_of(4)}).save_to_disk(tmp_path / "mine")
    data = hf(name=str(tmp_path / "mine"))
    assert len(data.x_train) + len(data.x_test) == 20
    assert data.notes[:2] == ("the pool is the split first", "the split second of 4 samples is left out")


def test_columns_that_no_table_can_have_are_left_out(tmp_path):
    made = rows_of(20, size=list(range(20)), words=[["a", "b"]] * 20, coarse=[i % 2 for i in range(20)])
    made = made.cast_column("coarse", datasets.ClassLabel(names=["cat", "dog"])).rename_column("label", "fine")
    made.save_to_disk(tmp_path / "mine")
    path = str(tmp_path / "mine")
    with pytest.raises(InputError, match=r"no column that is clearly the label.*mine,label=fine"):
        hf(name=path)
    with pytest.raises(InputError, match="one class per sample"):
        hf(name=path, label="words")
    data = hf(name=path, label="fine")
    assert data.kind == "tables"
    assert [(column.name, column.categories) for column in data.x_train.columns][1:] == [
        ("size", None),
        ("coarse", ("cat", "dog")),
    ]
    assert "left out: words (List)" in data.notes
    assert hf(name=path, label="coarse", text="text").kind == "texts"
    with pytest.raises(InputError, match=r"no images in the column 'text'"):
        hf(name=path, label="fine", image="text")


def test_a_configuration_is_chosen_or_asked_for(tmp_path):
    for config, n in (("de", 20), ("en", 30)):
        (tmp_path / "mine" / config).mkdir(parents=True)
        rows_of(n).to_parquet(tmp_path / "mine" / config / "train.parquet")
    configs = "".join(f"- config_name: {config}\n  data_files: {config}/*.parquet\n" for config in ("de", "en"))
    (tmp_path / "mine" / "README.md").write_text(f"---\nconfigs:\n{configs}---\n")
    outcome = command("data", "check", f"hf:{tmp_path / 'mine'}")
    assert outcome.status == 2
    assert "config=" in outcome.err
    assert outcome.err.count("\n") == 1
    data = hf(name=str(tmp_path / "mine"), config="en")
    assert len(data.x_train) + len(data.x_test) == 30


def test_what_cannot_be_loaded_is_one_line(tmp_path):
    (tmp_path / "mine.parquet").write_text("no parquet")
    (tmp_path / "empty").mkdir()
    for name in ("someone/nothing", tmp_path / "mine.parquet", tmp_path / "empty"):
        outcome = command("data", "check", f"hf:{name}")
        assert outcome.status == 2
        assert f"hf:{name} cannot be loaded" in outcome.err
        assert outcome.err.count("\n") == 1


def test_conformance(tmp_path):
    rows_of(40).save_to_disk(tmp_path / "mine")
    report = check(hf, values={"name": str(tmp_path / "mine")})
    assert report.ok, str(report)
    assert report.counts["passed"] > 4, [outcome.reason for outcome in report.outcomes]
