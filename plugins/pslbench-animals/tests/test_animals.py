import csv
import os
import subprocess
import sys

import numpy as np
import pytest
from pslbench_animals import animal_mnist, read_array

from pslbench import Dataset
from pslbench.testing import parametrize


@pytest.fixture(scope="module")
def data() -> Dataset:
    return animal_mnist()


def test_every_distinct_image_occurs_once(data):
    images = np.concatenate([data.x_train, data.x_test]).reshape(-1, 784)
    assert len(np.unique(images, axis=0)) == len(images) == 7_772 + 1_944
    assert {image.tobytes() for image in np.rint(images * 255).astype(np.uint8)} == {
        image.tobytes() for image in read_array("data")
    }


def test_the_split_is_stratified_and_class_names_are_correct(data):
    train, test = (np.bincount(y) / len(y) for y in (data.y_train, data.y_test))
    assert np.abs(train - test).max() < 0.001
    assert data.classes[int(read_array("label")[0])] == "bear"
    giraffe, cow = data.classes.index("giraffe"), data.classes.index("cow")
    heights = [data.x_train[data.y_train == label].max(axis=2).sum(axis=1).mean() for label in (giraffe, cow)]
    assert heights[0] > heights[1]


@parametrize(animal_mnist)
def test_conformance(check):
    check()


def test_the_command_line_runs_with_the_data_set(tmp_path):
    options = ["-d", "animal-mnist", "-t", "logreg", "-b", "120", "-s", "1", "-j", "1", "-o", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "pslbench", "run", "random", *options],
        capture_output=True,
        text=True,
        env={**os.environ, "PSLBENCH_CACHE_DIR": str(tmp_path / "cache")},
    )
    assert done.returncode == 0, done.stderr
    with (tmp_path / "results.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert float(row["test_accuracy"]) > 0.2  # chance is 0.1
