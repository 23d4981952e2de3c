"""A reporter: each row becomes a run of MLflow, so that it stands beside what else is tracked there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pslbench import InputError, Part, Result, ResultsReader, hookimpl, reporter

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

KEY, FINISHED = "pslbench.key", "pslbench.finished"  # the tags that say which row a run is, and which making of it
PARAMETERS = ("dataset", "embedder", "clusterer", "strategy", "trainer", "budget", "seed")
COUNTS = ("labels_spent", "test_looks", "peak_memory_mb")


@reporter("mlflow", enabled=False)
def log(
    results: Sequence[Result], records: ResultsReader, *, uri: str | None = None, experiment: str = "pslbench"
) -> str:
    """Log each row as a run of MLflow: parts as parameters, scores and seconds as metrics.

    A row that is there as it is now is left alone, so that it may be called as often as one likes. Where a row was
    made anew, its old run is deleted, as MLflow deletes: it can be restored. Failed cells are failed runs, with the
    error as their description.

    Args:
        results: the rows.
        records: the folder that they stand in.
        uri: of the tracking server or database, as sqlite:///runs.db; none for $MLFLOW_TRACKING_URI, or else MLflow's
            own choice, mlflow.db in the current folder.
        experiment: the runs' experiment; made where there is none.
    """
    import os

    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # a benchmark calls nobody
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # with its own 7, nobody there is four minutes' wait
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import get_tracking_uri

    place = uri or get_tracking_uri()
    try:
        client = MlflowClient(place)
        number = experiment_of(client, experiment)
        there = {run.data.tags[KEY]: run for run in runs_of(client, number) if KEY in run.data.tags}
        for result in results:
            run = there.get(result.key)
            if run and is_of(run, result):
                continue
            if run:
                client.delete_run(run.info.run_id)
            log_row(client, number, result, records)
    except MlflowException as error:
        raise InputError(f"MLflow at {place} does not take the rows: {' '.join(str(error).split())}") from None
    return f"{len(results)} rows are runs of the experiment '{experiment}' at {place}"


def experiment_of(client: MlflowClient, name: str) -> str:
    """The number of the experiment of this name, which is made where there is none."""
    found = client.get_experiment_by_name(name)
    if found and found.lifecycle_stage == "deleted":
        raise InputError(f"the experiment '{name}' is deleted; restore it in MLflow, or give another: experiment=...")
    return found.experiment_id if found else client.create_experiment(name)


def runs_of(client: MlflowClient, number: str) -> Iterator[Run]:
    """All runs of an experiment that are not deleted."""
    token = None
    while True:
        page = client.search_runs([number], page_token=token)
        yield from page
        if not (token := page.token):
            return


def is_of(run: Run, result: Result) -> bool:
    """Whether the run is whole, and of the row as it is now."""
    return run.info.status in ("FINISHED", "FAILED") and run.data.tags.get(FINISHED) == result.finished


def log_row(client: MlflowClient, number: str, result: Result, records: ResultsReader) -> None:
    from mlflow.entities import Metric, Param

    end = int(datetime.fromisoformat(result.finished).timestamp() * 1000)
    start = end - int(result.seconds.get("total", 0) * 1000)
    run = client.create_run(number, start, tags_of(result, records), f"{result.strategy} seed {result.seed}")
    values = {name: getattr(result, name) for name in COUNTS} | dict(result.scores)
    values |= {f"seconds_{stage}": seconds for stage, seconds in result.seconds.items()}
    client.log_batch(
        run.info.run_id,
        [Metric(name, float(value), end, 0) for name, value in values.items()],
        [Param(name, str(getattr(result, name))) for name in PARAMETERS],
    )
    client.set_terminated(run.info.run_id, "FINISHED" if result.ok else "FAILED", end)


def tags_of(result: Result, records: ResultsReader) -> dict[str, Any]:
    tags = {KEY: result.key, FINISHED: result.finished, "pslbench.recipe": result.fingerprint}
    tags |= {"pslbench.checksum": result.checksum, "pslbench.precision": result.precision}
    tags |= {"pslbench.ranked": str(result.ranked).lower(), "mlflow.source.name": str(records.folder)}
    if result.error:
        tags["mlflow.note.content"] = "{type}: {message}\n\n```\n{traceback}\n```".format(**result.error)
    return tags


@hookimpl
def pslbench_register() -> Iterator[Part]:
    yield log
