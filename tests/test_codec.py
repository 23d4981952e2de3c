"""Rows keep their values in results.csv, and rows that could not be read again are refused."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import row

from pslbench.errors import ContractError, InputError, message_of, one_line
from pslbench.execution.cell import failure_facts
from pslbench.results.codec import read_table, results_frame
from pslbench.results.folder import ResultsFolder
from pslbench.results.records import Result


def made_row(seed: int = 0, **facts: object) -> Result:
    """Return a made-up row whose key can be a file name."""
    return replace(row("random", seed, 0.25), key=f"random-{seed}", **facts)


def read_back(written: Result, folder: Path) -> Result:
    """Write a row into a table, and read it."""
    results_frame([written], nan="NaN").to_csv(folder / "results.csv", index=False)
    (read,) = read_table(folder / "results.csv")
    return read


@pytest.mark.parametrize("message", ["", "no data", "a: b"])
def test_an_error_keeps_its_type_and_its_message(message, tmp_path):
    error = {"type": "AssertionError", "message": message, "traceback": ""}
    failed = made_row(status="failed", scores={}, error=error)
    assert read_back(failed, tmp_path).error == error


def test_a_table_that_a_spreadsheet_has_saved_can_be_read(tmp_path):
    written, table = [made_row(), made_row(1, upper_bound=True)], tmp_path / "results.csv"
    results_frame(written).to_csv(table, index=False, encoding="utf-8-sig", lineterminator="\r\n")
    table.write_bytes(table.read_bytes().replace(b"False", b"FALSE").replace(b"True", b"TRUE"))
    assert read_table(table) == written
    table.write_bytes(table.read_bytes().replace(b",", b";"))
    with pytest.raises(InputError, match="changed, for example by a spreadsheet"):
        read_table(table)


def test_a_score_that_is_nan_stays_and_an_absent_one_stays_absent(tmp_path):
    rows = [made_row(scores={"test_accuracy": 0.1, "nll": math.nan}), made_row(1)]
    results_frame(rows, nan="NaN").to_csv(tmp_path / "results.csv", index=False)
    first, second = (read.scores for read in read_table(tmp_path / "results.csv"))
    assert math.isnan(first.pop("nll"))
    assert first == {"test_accuracy": 0.1}
    assert second == {"test_accuracy": 0.25}


def test_an_unknown_score_is_refused():
    with pytest.raises(InputError, match="unknown score 'luck'"):
        results_frame([made_row(scores={"luck": 1.0})])


def test_any_error_text_can_be_written(tmp_path):
    facts = failure_facts("ValueError", "the file \udcff", "in \udcff")
    failed = made_row(status="failed", scores={}, error=facts["error"])
    assert read_back(failed, tmp_path).error == facts["error"] | {"traceback": ""}


@pytest.mark.parametrize("kind", [RuntimeError, SystemExit])
def test_an_error_without_a_readable_message_has_its_type_alone(kind):
    class UnreadableError(Exception):
        def __str__(self):
            raise kind

    assert message_of(UnreadableError()) == ""
    assert one_line(UnreadableError()) == "UnreadableError"


@pytest.mark.parametrize("facts", [{"compute_dtype": 7}, {"scores": {"nll": "low"}}, {"error": {"type": 1}}])
def test_a_row_that_could_not_be_read_again_is_refused(facts):
    with pytest.raises(ContractError, match="a value of the wrong type"):
        made_row(**facts)


def test_a_failed_row_does_not_replace_one_that_succeeded(tmp_path):
    folder = ResultsFolder.create(tmp_path / "r")
    good = made_row()
    folder.write_cell(good, None)
    predictions = tmp_path / "r" / "predictions" / f"{good.key}.npy"
    predictions.touch()
    error = {"type": "ValueError", "message": "no", "traceback": ""}
    failed = made_row(status="failed", scores={}, error=error)
    folder.write_cell(failed, None)
    assert folder.all_rows() == [good]
    assert predictions.exists()
