import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient
from pslbench_mlflow import FINISHED, KEY, log

from pslbench import InputError
from pslbench.testing import parametrize

ALWAYS = '''
from pslbench import hookimpl, reporter, strategy
from pslbench_mlflow import log


@reporter("always")
def always(results, reader):
    """Log every run."""
    return log(results, reader, experiment="digits")


@strategy("broken", uses="x")
def broken(pool):
    """Fail."""
    raise ValueError("no idea")


@hookimpl
def pslbench_register():
    yield from (always, broken)
'''


@pytest.fixture(scope="module", autouse=True)
def tracker(tmp_path_factory):
    """The tracking database of MLflow in a file, as `mlflow ui` opens it."""
    with pytest.MonkeyPatch.context() as patch:
        uri = f"sqlite:///{tmp_path_factory.mktemp('tracker')}/mlflow.db"
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        yield uri


RUN = ["random", "centroid", "broken", "--plugin", "always.py", "-o", "r"]
TINY = ["-d", "digits", "-t", "logreg", "-b", "40", "-s", "1", "-j", "1"]


class Folder:
    """A folder in which the command line runs and logs every run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "always.py").write_text(ALWAYS)

    def run(self, *options: str) -> str:
        return self.pslbench(1, "run", *RUN, *TINY, *options)  # exit status 1, because some cells fail

    def pslbench(self, status: int, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "pslbench", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            env={**os.environ, "PSLBENCH_CACHE_DIR": str(self.folder / "cache"), "COLUMNS": "300"},
        )
        assert done.returncode == status, done.stderr
        return done.stdout

    def rows(self) -> dict[str, dict[str, str]]:
        with (self.folder / "r" / "results.csv").open() as file:
            return {row["key"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("results"))
    assert "3 rows are runs of the experiment 'digits' at sqlite:///" in folder.run()
    return folder


def logged_runs():
    client = MlflowClient()
    runs = client.search_runs([client.get_experiment_by_name("digits").experiment_id])
    return {run.data.tags[KEY]: run for run in runs}


def test_runs_have_the_values_of_the_rows(results):
    logged, rows = logged_runs(), results.rows()
    assert logged.keys() == rows.keys()
    for key, row in rows.items():
        run = logged[key]
        assert run.info.status == ("FINISHED" if row["status"] == "ok" else "FAILED")
        for name in ("dataset", "embedder", "clusterer", "strategy", "trainer", "budget", "seed"):
            assert run.data.params[name] == row[name]
        for name in ("test_accuracy", "ece", "labels_spent", "seconds_train", "direct_accuracy", "purity"):
            assert run.data.metrics.get(name) == (pytest.approx(float(row[name])) if row[name] else None), name
        assert run.data.tags[FINISHED] == row["finished"]
        assert run.info.end_time >= run.info.start_time > 1.6e12


def test_a_failed_cell_is_a_failed_run_with_its_error(results):
    (failed,) = [run for run in logged_runs().values() if run.data.params["strategy"] == "broken"]
    assert failed.info.status == "FAILED"
    assert failed.data.tags["mlflow.note.content"].startswith("ValueError: no idea")
    assert "test_accuracy" not in failed.data.metrics


def test_mlflow_can_search_for_the_best_run(results):
    client = MlflowClient()
    experiment = client.get_experiment_by_name("digits").experiment_id
    best = client.search_runs([experiment], "params.seed = '0'", order_by=["metrics.test_accuracy DESC"])[0]
    rows = [row for row in results.rows().values() if row["test_accuracy"]]
    assert best.data.params["strategy"] == max(rows, key=lambda row: float(row["test_accuracy"]))["strategy"]


def test_rows_are_logged_again_only_if_recomputed_or_incomplete(results):
    before = {key: run.info.run_id for key, run in logged_runs().items()}
    keys = {row["strategy"]: key for key, row in results.rows().items()}
    MlflowClient().update_run(before[keys["random"]], status="RUNNING")
    results.run("--retry-failed")
    after = {key: run.info.run_id for key, run in logged_runs().items()}
    assert {key for key in before if after[key] != before[key]} == {keys["random"], keys["broken"]}
    assert "3 rows are runs" in results.pslbench(0, "report", "r", "--format", "mlflow:experiment=digits")
    assert {key: run.info.run_id for key, run in logged_runs().items()} == after
    assert len(after) == 3


@parametrize(log)
def test_conformance(check):
    check()


def test_an_unreachable_tracking_server_is_a_one_line_error():
    with pytest.raises(InputError, match="refuses the rows") as caught:
        log([], None, uri="gopher://tracker")
    assert "\n" not in str(caught.value)


def test_a_deleted_experiment_is_refused():
    client = MlflowClient()
    client.delete_experiment(client.create_experiment("gone"))
    with pytest.raises(InputError, match="'gone' is deleted"):
        log([], None, experiment="gone")
