"""`make perf`: whole commands against stated alternatives, in one run; the figures in brackets are the ratios."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import cpu_of_children

from pslbench.datasets.mnist import MNIST

# The notebook's; it alone takes a quarter of an hour.
TRAIN, TEST, EPOCHS, EPOCHS_ON_CENTRES = 60_000, 10_000, 6, 250
NOTHING = """
import numpy as np
from dataclasses import dataclass
from pslbench import hookimpl, trainer

@dataclass
class Uniform:
    n: int
    def predict_proba(self, x):
        return np.full((len(x), self.n), 1 / self.n, np.float32)

@trainer("nothing")
def nothing(data) -> Uniform:
    return Uniform(data.n_classes)

@hookimpl
def pslbench_register():
    yield nothing
"""


def run(*command):
    subprocess.run([str(c) for c in command], check=True, capture_output=True)


def suite(*words):
    run(sys.executable, "-m", "pslbench", *words)


@pytest.fixture(scope="module")
def sample(mnist, tmp_path_factory):
    arrays = next(MNIST.find())[1]
    path = tmp_path_factory.mktemp("sample") / "sample.npz"
    np.savez(path, **{name: array[: TRAIN if "train" in name else TEST] for name, array in arrays.items()})
    return path


@pytest.mark.benchmark(group="the notebook's three experiments: clustering, centroid, centroid-only")
@pytest.mark.parametrize("code", ["cnn", "cnn:recipe=notebook", "notebook"])
def test_three_experiments(benchmark, sample, tmp_path, code):
    words = ["run", "centroid", "centroid-only", "-d", sample, "-t", code, "-s", "1", "-o", tmp_path]
    script = [sys.executable, Path(__file__).with_name("notebook.py"), sample, EPOCHS, EPOCHS_ON_CENTRES]
    benchmark.pedantic(lambda: run(*script) if code == "notebook" else suite(*words), rounds=1)


@pytest.mark.benchmark(group="6 cells of the cnn on mnist-5k")
@pytest.mark.parametrize("jobs", [1, 2])
def test_jobs(benchmark, tmp_path, jobs):
    benchmark.pedantic(lambda: suite("run", "random", "-s", "6", "-j", jobs, "-o", tmp_path), rounds=1)


@pytest.mark.benchmark(group="10,000 cells that train nothing, 1 job: all, those already done, and the start alone")
@pytest.mark.parametrize("what", ["all", "done", "start"])
def test_engine(benchmark, tmp_path_factory, what):
    folder = tmp_path_factory.getbasetemp() / "engine"
    folder.mkdir(exist_ok=True)
    (folder / "nothing.py").write_text(NOTHING)
    seeds = 1 if what == "start" else 10_000
    words = ["run", "random", "-d", "digits", "-t", "nothing", "-b", "40", "-s", seeds, "-j", "1"]
    words += ["--plugin", folder / "nothing.py", "--cache-dir", folder / "cache"]
    output = folder / ("start" if what == "start" else "results")
    benchmark.pedantic(lambda: suite(*words, "-o", output), rounds=1)


@pytest.mark.benchmark(group="answering at once, in CPU seconds", timer=cpu_of_children)
@pytest.mark.parametrize(
    "words", ["-c import typer, rich.table, rich.console", "--help", "list", "plugins", "show cnn"]
)
def test_start(benchmark, words):
    first, _, rest = words.partition(" ")
    arguments = [first, rest] if first == "-c" else ["-m", "pslbench", *words.split()]
    benchmark.pedantic(lambda: run(sys.executable, *arguments), rounds=15, warmup_rounds=2)
