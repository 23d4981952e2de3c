"""Samples and labels of every kind are read rightly, and what is converted is said."""

import io

import numpy as np
import pandas as pd
import pytest
from helpers import command, rows
from PIL import Image

from pslbench import Dataset, InputError, Table, Texts, read_images
from pslbench.datasets.images import images
from pslbench.datasets.table import table
from pslbench.datasets.texts import texts

SQUARE = np.zeros((6, 4, 4), np.uint8)


def dataset(x_train, x_test=None, y_train=(0, 1) * 3, y_test=(0, 1) * 3, **more):
    return Dataset("mine", x_train, list(y_train), x_train if x_test is None else x_test, list(y_test), **more)


@pytest.mark.parametrize(
    ("top", "dtype", "divisor"),
    [
        (1, np.uint8, 1),
        (16, np.uint8, 16),
        (255, np.uint8, 255),
        (200, np.int64, 255),
        (65_535, np.uint16, 65_535),
        (1, bool, 1),
    ],
)
def test_images_of_integers_are_scaled_by_what_they_hold(top, dtype, divisor):
    x = SQUARE.astype(dtype)
    x[0, 0, 0] = top
    data = dataset(x, SQUARE)
    assert data.x_train.dtype == data.x_test.dtype == np.float32
    assert data.x_train.max() == np.float32(top / divisor)
    assert data.x_train.shape == (6, 4, 4, 1)
    is_usual = divisor == 1 or (divisor, dtype) == (255, np.uint8)
    assert data.notes == (() if is_usual else (f"pixels are divided by {divisor:,}, because they go up to that",))


def test_pool_and_test_set_are_scaled_alike():
    mask, floats = SQUARE.copy(), SQUARE.astype(np.float32)
    mask[0, 0, 0], floats[0, 0, 0] = 1, 0.5
    assert dataset(floats, mask).x_test.max() == 1
    mask[0, 0, 0] = 200
    with pytest.raises(InputError, match="scaled differently"):
        dataset(floats, mask)
    dark, bright = SQUARE + np.uint8(9), SQUARE + np.uint8(200)
    assert dataset(bright, dark).x_test.max() == np.float32(9 / 255)


def test_rounding_beyond_0_and_1_is_clipped():
    x = SQUARE.astype(np.float64)
    x[0, 0, 0], x[1, 0, 0] = 1.0000001, -1e-7
    data = dataset(x)
    assert (data.x_train.min(), data.x_train.max()) == (0, 1)


def test_vectors_take_any_finite_numbers():
    x = np.array([[1e6, -3], [2, 5]] * 3)
    assert dataset(x).kind == "vectors"
    assert dataset(x).x_train.tolist() == x.tolist()
    with pytest.raises(InputError, match="float32 cannot hold"):
        dataset(x * 1e40)


@pytest.mark.parametrize(
    ("y", "classes", "numbers"),
    [
        (["no", "yes", "no"], ("no", "yes"), [0, 1, 0]),
        ([b"no", b"\xff", b"no"], ("\\xff", "no"), [1, 0, 1]),
        ([1.0, 2.0, 1.0], ("1", "2"), [0, 1, 0]),
        ([3, 9_000, 3], ("3", "9000"), [0, 1, 0]),
        ([True, False, True], ("0", "1"), [1, 0, 1]),
        ([[0], [1], [0]], ("0", "1"), [0, 1, 0]),
    ],
)
def test_labels_are_names_or_whole_numbers(y, classes, numbers):
    data = dataset(SQUARE, y_train=y * 2, y_test=y * 2)
    assert data.classes == classes
    assert data.y_train.tolist() == numbers * 2


def test_labels_with_gaps_take_one_short_line():
    data = dataset(SQUARE, y_train=[3, 9000, 3] * 2, y_test=[3] * 6)
    assert data.notes == ("the 2 classes are the labels that occur, from 3 to 9,000",)


@pytest.mark.parametrize("missing", [[-1, 0, 1], [np.nan, 0, 1], [None, "a", "b"], ["", "a", "b"]])
def test_samples_without_a_label_are_known_and_left_out_of_benchmarks(missing):
    data = dataset(SQUARE, y_train=missing * 2, y_test=missing[1:] * 3)
    assert data.y_train.tolist() == [-1, 0, 1] * 2
    assert data.n_classes == 2
    kept = data.labeled()
    assert kept.y_train.tolist() == [0, 1, 0, 1]
    assert len(kept.x_train) == 4
    assert kept.notes == ("2 samples without a label (-1, empty or NaN) are left out",)


def test_texts_are_indexed_like_arrays():
    texts = Texts.of(["a", "", "tschüß", "d"])
    assert list(texts) == ["a", "", "tschüß", "d"]
    assert texts[2] == texts[-2] == "tschüß"
    assert list(texts[[3, 0]]) == ["d", "a"]
    assert list(texts[texts.ends > 1]) == ["tschüß", "d"]
    assert list(texts[1:3]) == ["", "tschüß"]


def test_a_data_frame_becomes_a_table():
    frame = pd.DataFrame(
        {
            "number": [1.5, np.nan, 3, 4],
            "color": ["red", None, "blue", "red"],
            "flag": [True, False, True, False],
            "day": ["2024-01-02", "2024-01-03", None, "1969-12-31"],
            "nothing": [None] * 4,
        }
    )
    data = Dataset("mine", frame[:3], [0, 1, 0], frame[3:], [1])
    assert data.kind == "tables"
    assert [(column.name, column.categories) for column in data.x_train.columns] == [
        ("number", None),
        ("color", ("blue", "red")),
        ("flag", None),
        ("day", None),
    ]
    np.testing.assert_array_equal(data.x_train.values[:, 0], [1.5, np.nan, 3])
    np.testing.assert_array_equal(data.x_train.values[:, 1], [1, np.nan, 0])
    assert data.x_test.values.tolist() == [[4, 1, 0, -1]]
    assert data.x_train.to_frame()["color"].tolist()[::2] == ["red", "blue"]
    assert data.notes == (
        "left out of the table: nothing (empty)",
        "read as dates, in days: day",
        "3 values of the table are missing",
    )


def test_equal_contents_have_equal_checksums():
    first, second = (dataset(["a", "bc"] * 3) for _ in range(2))
    assert first.checksum == second.checksum != dataset(["ab", "c"] * 3).checksum
    tables = [Dataset("t", pd.DataFrame({name: [1, 2]}), [0, 1], pd.DataFrame({name: [1]}), [0]) for name in "ab"]
    assert tables[0].checksum != tables[1].checksum
    assert isinstance(tables[0].x_train, Table)


def save(image, *path):
    file = path[0].joinpath(*path[1:])
    file.parent.mkdir(parents=True, exist_ok=True)
    image.save(file, **({"exif": image.getexif()} if file.suffix == ".jpg" else {}))
    return file


def test_images_are_turned_as_their_exif_tag_says(tmp_path):
    for i in range(10):
        for name, rows_ in (("top", slice(0, 8)), ("left", slice(8, 16))):
            pixels = np.zeros((16, 16), np.uint8)
            pixels[rows_] = 255
            image = Image.fromarray(pixels)
            if i % 2:
                image = image.transpose(Image.Transpose.ROTATE_90)
                image.getexif()[0x0112] = 6  # show it turned by 90 degrees clockwise
            save(image, tmp_path, name, f"{i}.jpg")
    data = images(path=str(tmp_path), test=0.5)
    halves = data.x_train[:, :8].mean(axis=(1, 2, 3)) > 0.5
    assert (halves == (data.y_train == data.classes.index("top"))).all()


def test_transparent_parts_are_white_or_what_the_user_chooses(tmp_path):
    for i in range(4):
        for name in ("left", "right"):
            alpha = np.zeros((8, 8), np.uint8)
            alpha[:, :4] = 255 * (name == "left")
            alpha[:, 4:] = 255 * (name == "right")
            black = np.zeros((8, 8), np.uint8)
            image = Image.merge("RGBA", [Image.fromarray(each) for each in (black, black, black, alpha)])
            save(image.quantize() if i == 0 else image, tmp_path, name, f"{i}.png")
    data = images(path=str(tmp_path), test=0.5)
    is_left = data.y_train == data.classes.index("left")
    assert (data.x_train[is_left, :, :4] == 0).all()
    assert (data.x_train[is_left, :, 4:] == 1).all()
    assert "8 images with transparency over white; background= changes it" in data.notes
    red = images(path=str(tmp_path), test=0.5, background="#ff0000")
    assert (red.x_train[is_left, :, 4:] == [1, 0, 0]).all()


def test_every_format_and_every_folder_below_a_class_is_read_and_the_rest_is_said(tmp_path):
    for i, suffix in enumerate(("webp", "tiff", "gif", "bmp", "png", "jpg")):
        for name in ("one", "two"):
            save(Image.new("L", (8, 8), 20 * i), tmp_path, name, f"folder {i}", f"1.{suffix}")
    for junk in ("one/._1.png", "__MACOSX/1.png", "one/.DS_Store", "two/Thumbs.db", ".ipynb_checkpoints/1.png"):
        (tmp_path / junk).parent.mkdir(exist_ok=True)
        (tmp_path / junk).write_bytes(b"junk")
    (tmp_path / "one" / "notes.md").write_text("hello")
    data = images(path=str(tmp_path), test=0.5)
    assert len(data.x_train) + len(data.x_test) == 12
    assert data.classes == ("one", "two")
    assert f"1 file is no images and passed over: 1 .md, as {tmp_path}/one/notes.md" in data.notes


def test_all_files_that_cannot_be_read_are_listed_or_left_out(tmp_path, cli):
    for i in range(6):
        for name in ("one", "two"):
            save(Image.effect_noise((32, 32), 50), tmp_path, name, f"{i}.png")
    whole = (tmp_path / "one" / "3.png").read_bytes()
    (tmp_path / "one" / "3.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "two" / "5.png").write_text("no image")
    refused = cli("data", "check", tmp_path)
    assert refused.status == 2
    for word in ("2 images", "one/3.png", "two/5.png", "--skip-bad"):
        assert word in refused.err
    accepted = cli("data", "check", tmp_path, "--skip-bad")
    assert accepted.status == 0, accepted.err
    assert "2 images cannot be read and are left out" in accepted.err
    words = ["run", "random", "-d", tmp_path, "-b", "4", "-s", "1", "-t", "logreg", "-o", tmp_path / "o", "--dry-run"]
    assert cli(*words).status == 2
    assert cli(*words, "--skip-bad").status == 0


def test_images_of_several_sizes_are_scaled_and_the_rule_is_said(tmp_path):
    for name in ("one", "two"):
        for i, size in enumerate(((10, 20), (30, 8), (200, 200))):
            save(Image.new("RGB", size), tmp_path, name, f"{i}.png")
    data = images(path=str(tmp_path), test=0.5)
    assert data.x_train.shape[1:] == (64, 64, 3)
    assert "images of 3 sizes are scaled to 64 x 64 pixels; size= changes it" in data.notes
    assert images(path=str(tmp_path), test=0.5, size=16).x_train.shape[1:] == (16, 16, 3)


def test_embedders_of_files_find_a_folder_that_was_moved(tmp_path, plugin):
    for name, gray in (("one", 50), ("two", 200)):
        for i in range(10):
            save(Image.new("L", (8, 8), gray + i), tmp_path, "before", name, f"{i}.png")
    file = plugin(
        """
from pslbench import Embedding, embedder

@embedder("gray", takes=("files", "images"))
def gray(x, *, scale: int = 1) -> Embedding:
    '''Compute the mean of each file.'''
    def transform(files):
        return np.array([[np.mean(image) / scale] for image in files], np.float32)
    return Embedding(transform(x), transform)

@hookimpl
def pslbench_register():
    yield gray
"""
    )
    words = ["run", "random", "-b", "6", "-s", "1", "-t", "probe", "-o", tmp_path / "out", "--plugin", file]
    assert command(*words, "-d", tmp_path / "before", "-e", "gray").status == 0
    (tmp_path / "before").rename(tmp_path / "after")
    again = command(*words, "-d", tmp_path / "after", "-e", "gray:scale=255")
    assert again.status == 0, again.err


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_images_of_16_bits_are_read(tmp_path, suffix):
    for i, value in enumerate((0, 20_000, 65_535, 1_000)):
        for name in ("one", "two"):
            save(Image.fromarray(np.full((8, 8), value, np.uint16)), tmp_path, name, f"{i}.{suffix}")
    data = images(path=str(tmp_path), test=0.5)
    values = sorted(np.concatenate([data.x_train, data.x_test])[:, 0, 0, 0].tolist())
    np.testing.assert_allclose(values[::2], np.array([0, 1_000, 20_000, 65_535]) / 65_535, atol=1e-6)


@pytest.mark.parametrize("name", ["a,b", "a=b", "a:b", "a|b", 'a"b', "a b"])
def test_paths_with_any_characters_work_and_are_read_back(arrays, tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    np.savez(folder / f"{name}.npz", **arrays)
    output = folder / "out"
    words = [
        "random",
        "centroid-only",
        "-d",
        folder / f"{name}.npz",
        "-b",
        "4",
        "-s",
        "2",
        "-t",
        "logreg",
        "-o",
        output,
    ]
    outcome = command("run", *words)
    assert outcome.status == 0, outcome.err
    assert "next: " in outcome.out
    again = command("compare", "random", "centroid-only", "-o", output)
    assert again.status == 0, again.err
    assert len(rows(output)) == 4
    report = command("report", output)
    assert report.status == 0, report.err
    assert "cannot be loaded" not in (output / "report.html").read_text()


def write(path, text):
    path.write_text(text)
    return str(path)


def test_columns_are_found_or_asked_for(tmp_path):
    lines = [f"{i},{'red' if i % 3 else 'blue'},{'yes' if i % 2 else 'no'}" for i in range(20)]
    path = write(tmp_path / "mine.csv", "\n".join(["size,color,Class", *lines]))
    data = table(path=path)
    assert [column.name for column in data.x_train.columns] == ["size", "color"]
    assert data.classes == ("no", "yes")
    assert len(data.x_test) == 4
    assert np.bincount(data.y_test).tolist() == [2, 2]
    with pytest.raises(InputError, match="no column 'colour'; did you mean 'color'"):
        table(path=path, label="colour")
    other = write(tmp_path / "other.csv", "\n".join(["size,color,kind", *lines]))
    with pytest.raises(InputError, match=r"has no column named label; name it, as in -d .*other\.csv:label=kind"):
        table(path=other)
    assert table(path=other, label="color").classes == ("blue", "red")


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_and_classes_called_none_or_null(tmp_path, separator):
    lines = ["text;label"] + [
        f"{'good' if i % 2 else 'bad'} words number {i} here;{'None' if i % 2 else 'null'}" for i in range(20)
    ]
    path = write(tmp_path / "mine.csv", "\n".join(lines).replace(";", separator))
    data = table(path=path)
    assert data.classes == ("None", "null")
    assert data.kind == "texts"
    assert "the samples are the texts of the column text" in data.notes


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_parquet_and_json_lines_are_read_like_csv(tmp_path, suffix):
    frame = pd.DataFrame({"a": np.arange(20) / 2, "b": ["x", "y"] * 10, "label": [1, 2] * 10})
    frame.to_csv(tmp_path / "mine.csv", index=False)
    if suffix == "parquet":
        frame.to_parquet(tmp_path / "mine.parquet")
    else:
        frame.to_json(tmp_path / "mine.jsonl", orient="records", lines=True)
    assert table(path=str(tmp_path / f"mine.{suffix}")).checksum == table(path=str(tmp_path / "mine.csv")).checksum


def test_files_that_are_no_tables_are_refused_in_one_line(tmp_path):
    for name, text in (("a.csv", ""), ("b.jsonl", "{"), ("c.parquet", "x")):
        with pytest.raises(InputError, match="cannot be read"):
            table(path=write(tmp_path / name, text))
    with pytest.raises(InputError, match="no file"):
        table(path=str(tmp_path / "d.csv"))


def test_embedders_receive_image_files_as_a_person_sees_them(tmp_path):
    for i in range(4):
        for name in ("one", "two"):
            image = Image.new("RGBA", (20, 10), (200, 0, 0, 255 if name == "one" else 0))
            image.getexif()[0x0112] = 6
            save(image, tmp_path, name, f"{i}.webp")
    data = images(path=str(tmp_path), test=0.5)
    assert data.inputs == {"images", "files"}
    assert [picture.size for picture in data.files_train] == [(20, 10)] * 4
    pixels = [data.files_train[[i]][0].getpixel((0, 0)) for i in range(4)]
    assert [red < 250 or green < 250 for red, green, _ in pixels] == [label == 0 for label in data.y_train]
    assert data.checksum != images(path=str(tmp_path), test=0.5, background="black").checksum


def test_undivided_samples_of_every_kind_are_split_alike():
    y = ["a", "b"] * 10
    frame = pd.DataFrame({"number": np.arange(20), "color": ["red", "blue"] * 10, "label": y})
    texts = [f"text {i}" for i in range(20)]
    images_ = np.arange(20, dtype=np.uint8)[:, None, None] * np.ones((2, 2), np.uint8) * 10
    table_ = Dataset.from_frame("t", frame, test=0.3)
    for data in (Dataset.split("t", x, y, test=0.3) for x in (texts, tuple(texts), Texts.of(texts), images_, frame)):
        assert np.array_equal(data.y_test, table_.y_test)
        assert "6 of 20 samples, 30% of each class, are the test set; test= changes it" in data.notes
    split = Dataset.split("t", images_, y, test=0.3, features=np.arange(20)[:, None])
    assert split.features_test[:, 0].tolist() == table_.x_test.values[:, 0].tolist()
    divided = Dataset.from_frame("t", frame[:15], frame[15:], classes=("b", "a"))
    assert divided.x_test.values[:, 0].tolist() == list(range(15, 20))
    assert divided.y_train.tolist()[:3] == [1, 0, 1]
    with pytest.raises(InputError, match="19 and 1 of 20 samples, fewer than the 2 classes"):
        Dataset.split("t", texts, y, test=0.01)
    with pytest.raises(InputError, match="no class with two samples"):
        Dataset.split("t", texts[:2], ["a", "b"])


@pytest.mark.parametrize(("encoding", "is_said"), [("utf-8", False), ("utf-16", False), ("cp1252", True)])
def test_texts_in_other_encodings_are_read_and_a_guess_is_said(tmp_path, encoding, is_said):
    note = "{} UTF-8 and {} read as Windows-1252; save as UTF-8 to be sure"
    lines = [f"caf\u00e9 noir {i},th\u00e9\nsel {i},p\u00e2t\u00e9\n" for i in range(8)]
    (tmp_path / "t.csv").write_bytes(("text,label\n" + "".join(lines)).encode(encoding))
    data = table(path=str(tmp_path / "t.csv"), text="text")
    assert data.classes == ("p\u00e2t\u00e9", "th\u00e9")
    assert any("caf\u00e9 noir" in text for text in data.x_train)
    assert (note.format("1 file is not", "is") in data.notes) is is_said
    for name in "ab":
        (tmp_path / name).mkdir()
        for i in range(8):
            (tmp_path / name / f"{i}.txt").write_bytes(f"caf\u00e9 {i}".encode(encoding))
    data = texts(path=str(tmp_path))
    assert all(text.startswith("caf\u00e9 ") for text in (*data.x_train, *data.x_test))
    assert (note.format("16 files are not", "are") in data.notes) is is_said


def test_long_loops_say_how_far_they_are(monkeypatch, capsys):
    from pslbench import progress

    monkeypatch.setattr(progress, "REPORT_SECONDS", -1)
    read_images("t", [Image.new("L", (3, 3))] * 2)
    assert capsys.readouterr().err.splitlines() == [
        f"{i} of 2 images are {done}" for done in ("measured", "decoded") for i in (1, 2)
    ]


def test_images_of_pillow_and_binary_files_are_read_like_paths(tmp_path):
    pictures = [Image.effect_noise((12, 12), 60) for _ in range(3)]
    files = [save(picture, tmp_path, f"{i}.png") for i, picture in enumerate(pictures)]
    arrays = [
        read_images("mine", each)[0] for each in (pictures, files, [io.BytesIO(file.read_bytes()) for file in files])
    ]
    assert np.array_equal(arrays[0], arrays[1])
    assert np.array_equal(arrays[0], arrays[2])
    bad = [pictures[0], None, io.BytesIO(b"no image")]
    with pytest.raises(InputError, match=r"2 images of mine .* image 2 .*no image.*; image 3 .*format"):
        read_images("mine", bad)
    x, is_read, notes = read_images("mine", bad, skip_bad=True, size=4)
    assert x.shape == (1, 4, 4, 1)
    assert is_read.tolist() == [True, False, False]
    assert "2 images cannot be read and are left out, such as image 2" in notes
    for nothing in ([], bad[1:]):
        with pytest.raises(InputError):
            read_images("mine", nothing, skip_bad=True)


def test_features_of_a_file_belong_to_the_samples_of_a_table_and_of_a_folder(tmp_path, cli):
    y = ["a", "b"] * 20
    marks = np.array([[ord(label)] for label in y], np.float32)
    pd.DataFrame({"text": [f"this is text number {i}" for i in range(40)], "label": y}).to_csv(tmp_path / "mine.csv")
    np.save(tmp_path / "table.npy", marks)
    for i, label in enumerate(y):
        (tmp_path / "folder" / label).mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / label / f"{i:02}.txt").write_text("some words")
    np.save(tmp_path / "folder.npy", np.sort(marks, axis=0))
    for name, path in (("table", "mine.csv:text=text"), ("folder", "folder")):
        output = tmp_path / f"results-{name}"
        words = ["run", "random", "-d", f"{tmp_path / path}", "--features", tmp_path / f"{name}.npy", "-b", "8"]
        outcome = command(*words, "-s", "1", "-o", output)
        assert outcome.status == 0, outcome.err
        assert rows(output).embedder[0] == "given"
        assert rows(output).test_accuracy[0] == 1
    np.save(tmp_path / "short.npy", marks[:5])
    refused = cli("run", "random", "-d", tmp_path / "folder", "--features", tmp_path / "short.npy", "-b", "8")
    assert refused.status == 2
    assert "one row for each of the 40 samples, not (5, 1)" in refused.err
    assert cli("run", "random", "-d", "digits", "--features", tmp_path / "short.npy").status == 2


def test_the_order_of_the_pool_does_not_tell_the_classes(tmp_path):
    for split in ("train", "test"):
        for i in range(20):
            for name in ("one", "two"):
                save(Image.effect_noise((8, 8), 50), tmp_path, split, name, f"{i}.png")
    for data in (images(path=str(tmp_path)), images(path=str(tmp_path / "train"), test=0.5)):
        for y in (data.y_train, data.y_test):
            assert 2 < (np.diff(y) != 0).sum() < len(y) - 3
    frame = pd.DataFrame({"x": range(40), "label": ["a"] * 20 + ["b"] * 20})
    data = Dataset.from_frame("sorted", frame)
    assert (np.diff(data.y_train) != 0).sum() > 2
    assert ((data.x_train.values[:, 0] >= 20) == (data.y_train == 1)).all()


def test_a_column_that_numbers_the_rows_is_left_out(tmp_path):
    frame = pd.DataFrame({"size": np.arange(20) % 7, "label": ["a", "b"] * 10})
    frame.to_csv(tmp_path / "mine.csv")
    data = table(path=str(tmp_path / "mine.csv"))
    assert [column.name for column in data.x_train.columns] == ["size"]
    assert "left out: a column without a name that numbers the rows" in data.notes


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"x": np.zeros((4, 2)), "y": [0, 1, 0]}, "4 of x, 3 of y"),
        ({"x": np.zeros((4, 2)), "y": [0, 1] * 2, "features": np.zeros((5, 2))}, "5 of features"),
        ({"x": pd.DataFrame({"a": [1.0, np.inf] * 8}), "y": [0, 1] * 8}, "'a' contains infinite values"),
        ({"x": pd.DataFrame([[1, 2]] * 16, columns=["a", "a"]), "y": [0, 1] * 8}, "two columns named 'a'"),
        ({"x": np.zeros((16, 2)), "y": np.eye(2)[[0, 1] * 8]}, "y.argmax"),
    ],
)
def test_samples_that_do_not_fit_together_are_refused_in_one_line(change, says):
    with pytest.raises(InputError, match=says.replace(".", r"\.")):
        Dataset.split("mine", **change, test=0.25)


def test_nullable_columns_and_lists_are_read():
    y = pd.array(["a", "b", None] * 8, dtype="string")
    frame = pd.DataFrame({"n": pd.array([1, None, 3] * 8, dtype="Int64"), "s": y, "flag": [True, False, True] * 8})
    data = Dataset.split("nullable", frame, y)
    assert (data.y_train == -1).sum() + (data.y_test == -1).sum() == 8
    assert np.isnan(data.x_train.values[:, 0]).any()
    frame["lists"] = [[1, 2]] * 24
    assert Dataset.split("lists", frame, y).x_train.columns[-1].name == "lists"


def test_resized_images_of_16_bits_stay_within_0_and_1(tmp_path):
    square = np.zeros((40, 40), np.uint16)
    square[10:30, 10:30] = 65_535
    for i in range(4):
        for name in ("one", "two"):
            save(Image.fromarray(square), tmp_path, name, f"{i}.png")
    data = images(path=str(tmp_path), test=0.5, size=17)
    assert (data.x_train.min(), data.x_train.max()) == (0, 1)


def test_a_text_beside_the_class_folders_does_not_make_them_texts(tmp_path, cli):
    for i in range(4):
        for name in ("one", "two"):
            save(Image.effect_noise((8, 8), 50), tmp_path, name, f"{i}.png")
    (tmp_path / "README.txt").write_text("about these images")
    assert "images of 8 x 8 pixels" in cli("data", "check", tmp_path).out
