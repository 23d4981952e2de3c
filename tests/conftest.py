"""What the tests share: the real command line in this process, and the real MNIST."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers import Outcome

from pslbench.cli import main
from pslbench.datasets.mnist import MNIST


def pytest_configure() -> None:
    """Give each process of pytest-xdist its own core, so that two tests at once do not start four workers."""
    name = os.environ.get("PYTEST_XDIST_WORKER", "")
    if name and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(name.removeprefix("gw")) % len(cores)]})


@pytest.fixture(scope="session", autouse=True)
def no_cache_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What module-wide fixtures run keeps its stages here."""
    os.environ["PSLBENCH_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the stages of one test: nothing is taken from another's."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("PSLBENCH_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """The command line, called in this process."""
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object) -> Outcome:
        capfd.readouterr()
        status = main([str(a) for a in arguments])
        return Outcome(status, *capfd.readouterr())

    return call


@pytest.fixture(scope="session")
def mnist() -> None:
    """Skips where the full MNIST is not on this machine; fails where it has to be."""
    if not any(MNIST.find()):
        reason = "the full MNIST is not on this machine: put mnist.npz into $PSLBENCH_DATA_DIR"
        if os.environ.get("PSLBENCH_REQUIRE_MNIST"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    """A small dataset of two classes, as arrays of an .npz."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    x = np.clip(rng.normal(0.3 + 0.4 * y[:, None, None], 0.1, (60, 8, 8)), 0, 1).astype(np.float32)
    return {"x_train": x[:40], "y_train": y[:40], "x_test": x[40:], "y_test": y[40:]}


@pytest.fixture
def plugin(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a plugin file; what it needs is imported already."""

    def write(body: str, name: str = "mine") -> Path:
        path = tmp_path / f"{name}.py"
        path.write_text(
            "import numpy as np\n"
            "from pslbench import Pool, PseudoLabels, clusterer, hookimpl, strategy, trainer\n\n" + body
        )
        return path

    return write
