"""`make perf`: whole commands against stated alternatives, in one run; the figures in brackets are the ratios."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pslbench.datasets.mnist import MNIST

# Of the full experiments' images, so that training and validation stand in the notebook's proportion of 1 to 6.5:
TRAIN, TEST, EPOCHS, EPOCHS_ON_CENTRES = 12_000, 4_000, 4, 100


def run(*command):
    subprocess.run([str(c) for c in command], check=True, capture_output=True)


@pytest.fixture(scope="module")
def sample(mnist, tmp_path_factory):
    arrays = next(MNIST.found())[1]
    path = tmp_path_factory.mktemp("sample") / "sample.npz"
    np.savez(path, **{name: array[: TRAIN if "train" in name else TEST] for name, array in arrays.items()})
    return path


@pytest.mark.benchmark(group="the notebook's three experiments: clustering, centroid, centroid-only")
@pytest.mark.parametrize("code", ["suite", "notebook"])
def test_three_experiments(benchmark, sample, code):
    folder = sample.with_name("results")
    trainer = f"cnn:epochs={EPOCHS},min_steps={4 * EPOCHS_ON_CENTRES}"
    batch = "minibatch-kmeans:n_init=50,batch_size=100"  # the notebook's
    suite = ["-m", "pslbench", "run", "centroid", "centroid-only", "-d", sample, "-c", batch, "-t", trainer, "-s", "1"]
    notebook = [Path(__file__).with_name("notebook.py"), sample, EPOCHS, EPOCHS_ON_CENTRES]
    benchmark.pedantic(
        lambda: run(sys.executable, *([*suite, "-o", folder] if code == "suite" else notebook)),
        setup=lambda: shutil.rmtree(folder, ignore_errors=True),
        rounds=1,
    )


@pytest.mark.benchmark(group="answering at once")
@pytest.mark.parametrize("words", ["-c import typer, rich.table", "--help", "list", "plugins", "show cnn"])
def test_start(benchmark, words):
    first, _, rest = words.partition(" ")
    arguments = [first, rest] if first == "-c" else ["-m", "pslbench", *words.split()]
    benchmark.pedantic(lambda: run(sys.executable, *arguments), rounds=15, warmup_rounds=2)
