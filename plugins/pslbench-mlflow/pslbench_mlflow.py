"""A reporter that logs each row as a run of MLflow, next to the other experiments that are tracked there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pslbench import InputError, Part, Result, ResultsReader, hookimpl, reporter

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

KEY, FINISHED = "pslbench.key", "pslbench.finished"  # tags that identify a row and the time of its computation
PARAMETERS = ("dataset", "embedder", "clusterer", "strategy", "trainer", "budget", "seed")
COUNTS = ("labels_spent", "test_set_evaluations", "peak_memory_mb")


@reporter("mlflow", enabled=False)
def log(
    results: Sequence[Result], reader: ResultsReader, *, uri: str | None = None, experiment: str = "pslbench"
) -> str:
    """Log each row as a run of MLflow: parts as parameters, scores and seconds as metrics.

    A row that is already logged is skipped, so the reporter can be called repeatedly. If a row was computed again, its
    old run is deleted; MLflow can restore it. Failed cells are failed runs with the error as their description.

    Args:
        results: the rows.
        reader: the folder of results.
        uri: the tracking server or database, such as sqlite:///runs.db; none for $MLFLOW_TRACKING_URI or, if that is
            not set, for MLflow's default, mlflow.db in the current folder.
        experiment: the experiment of the runs; it is created if it does not exist.
    """
    import os

    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # a benchmark sends no telemetry
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # with the default of 7, an absent server costs 4 min
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import get_tracking_uri

    tracking_uri = uri or get_tracking_uri()
    try:
        client = MlflowClient(tracking_uri)
        experiment_id = find_or_create_experiment(client, experiment)
        logged = {run.data.tags[KEY]: run for run in read_runs(client, experiment_id) if KEY in run.data.tags}
        for result in results:
            run = logged.get(result.key)
            if run and is_current(run, result):
                continue
            if run:
                client.delete_run(run.info.run_id)
            log_row(client, experiment_id, result, reader)
    except MlflowException as error:
        message = " ".join(str(error).split())
        raise InputError(f"MLflow at {tracking_uri} refuses the rows ({message}); check uri and experiment") from None
    return f"{len(results)} rows are runs of the experiment '{experiment}' at {tracking_uri}"


def find_or_create_experiment(client: MlflowClient, name: str) -> str:
    """Return the ID of the experiment with this name."""
    existing = client.get_experiment_by_name(name)
    if existing and existing.lifecycle_stage == "deleted":
        raise InputError(f"the experiment '{name}' is deleted; restore it in MLflow, or set experiment to another name")
    return existing.experiment_id if existing else client.create_experiment(name)


def read_runs(client: MlflowClient, experiment_id: str) -> Iterator[Run]:
    """Yield all runs of an experiment that are not deleted."""
    token = None
    while True:
        page = client.search_runs([experiment_id], page_token=token)
        yield from page
        if not (token := page.token):
            return


def is_current(run: Run, result: Result) -> bool:
    """Whether the run is complete and has the current values of the row."""
    return run.info.status in ("FINISHED", "FAILED") and run.data.tags.get(FINISHED) == result.finished


def log_row(client: MlflowClient, experiment_id: str, result: Result, reader: ResultsReader) -> None:
    from mlflow.entities import Metric, Param

    end = int(datetime.fromisoformat(result.finished).timestamp() * 1000)
    start = end - int(result.seconds.get("total", 0) * 1000)
    run = client.create_run(experiment_id, start, tags_of(result, reader), f"{result.strategy} seed {result.seed}")
    values = {name: getattr(result, name) for name in COUNTS} | dict(result.scores)
    values |= {f"seconds_{stage}": seconds for stage, seconds in result.seconds.items()}
    client.log_batch(
        run.info.run_id,
        [Metric(name, float(value), end, 0) for name, value in values.items()],
        [Param(name, str(getattr(result, name))) for name in PARAMETERS],
    )
    client.set_terminated(run.info.run_id, "FINISHED" if result.ok else "FAILED", end)


def tags_of(result: Result, reader: ResultsReader) -> dict[str, str]:
    tags = {KEY: result.key, FINISHED: result.finished, "pslbench.fingerprint": result.fingerprint}
    tags |= {"pslbench.checksum": result.checksum, "pslbench.compute_dtype": result.compute_dtype}
    tags |= {"pslbench.ranked": str(result.ranked).lower(), "mlflow.source.name": str(reader.folder)}
    if result.error:
        tags["mlflow.note.content"] = "{type}: {message}\n\n```\n{traceback}\n```".format(**result.error)
    return tags


@hookimpl
def pslbench_register() -> Iterator[Part]:
    yield log
