import csv
import os
import subprocess
import sys

import numpy as np
import pytest
from pslbench_animals import animal_mnist, packed

from pslbench import Dataset
from pslbench.testing import parametrize


@pytest.fixture(scope="module")
def data() -> Dataset:
    return animal_mnist()


def test_every_distinct_image_is_there_once(data):
    images = np.concatenate([data.x_train, data.x_test]).reshape(-1, 784)
    assert len(np.unique(images, axis=0)) == len(images) == 7_772 + 1_944
    assert {image.tobytes() for image in np.rint(images * 255).astype(np.uint8)} == {
        image.tobytes() for image in packed("data")
    }


def test_classes_are_as_frequent_in_both_parts_and_carry_their_names(data):
    train, test = (np.bincount(y) / len(y) for y in (data.y_train, data.y_test))
    assert np.abs(train - test).max() < 0.001
    assert data.classes[int(packed("label")[0])] == "bear"
    giraffe, cow = data.classes.index("giraffe"), data.classes.index("cow")
    tall = data.x_train[data.y_train == giraffe].max(axis=2).sum(axis=1).mean()
    assert tall > data.x_train[data.y_train == cow].max(axis=2).sum(axis=1).mean()


@parametrize(animal_mnist)
def test_conformance(check):
    check()


def test_the_command_line_runs_on_it(tmp_path):
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
    assert float(row["test_accuracy"]) > 0.2  # by chance it is 0.1
