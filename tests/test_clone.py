"""A clone of a repository that contains only tables: its results are shown, merged and extended like any others."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from helpers import command, rows
from pandas.testing import assert_frame_equal
from test_bad_input import refused

TABLES = ("results.csv", "leaderboard.csv", "manifest.json")
DIGITS = ["-d", "digits", "-t", "logreg", "-b", "20", "-j", "1"]
FAILS = """
from pslbench import hookimpl, strategy

@strategy("fails", uses="x")
def fails(pool):
    raise ValueError("no, it said:\\r never")

@hookimpl
def pslbench_register():
    yield fails
"""
COMMITTED = Path(__file__).parents[1] / "results"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    (folder / "fails.py").write_text(FAILS)
    outcome = command(
        "run", "random", "centroid", "fails", *DIGITS, "-s", "2", "-o", folder, "--plugin", folder / "fails.py"
    )
    assert outcome.status == 1, outcome.err
    return folder


@pytest.fixture
def clone(whole, tmp_path):
    folder = tmp_path / "clone"
    folder.mkdir()
    copy_tables(whole, folder)
    return folder


def copy_tables(folder, to):
    for name in TABLES:
        shutil.copy(folder / name, to)


def cells(folder):
    """Return the content of the file of each cell."""
    return {path.name: json.loads(path.read_text()) for path in (folder / "cells").glob("*.json")}


def test_the_leaderboard_of_a_clone_is_the_same_and_changes_no_file(cli, whole, clone):
    shown, expected = cli("leaderboard", clone), cli("leaderboard", whole)
    assert shown.status == expected.status
    assert shown.out.replace(str(clone), str(whole)) == expected.out
    assert {path.name: path.read_bytes() for path in clone.iterdir()} == {n: (whole / n).read_bytes() for n in TABLES}


def test_a_run_adds_cells_to_a_clone(cli, whole, clone):
    outcome = cli("run", "random", "centroid", *DIGITS, "-s", "3", "-o", clone)
    assert outcome.status == 0, outcome.err
    before, after = rows(whole), rows(clone)
    assert len(after) == len(before) + 2
    assert_frame_equal(after[after.seed < 2].reset_index(drop=True), before)
    restored, kept = cells(clone), cells(whole)
    for name, said in kept.items():
        if said["error"]:
            said["error"] |= {"traceback": "", "message": "no, it said: never"}
        assert restored[name] == said


def test_predictions_that_a_clone_lacks_are_computed_with_fresh(cli, clone):
    compare = "compare", "random", "centroid", *DIGITS, "-s", "2", "-o", clone
    outcome = cli(*compare)
    assert outcome.status == 2
    assert "--fresh" in outcome.err
    assert cli(*compare, "--fresh").status == 0
    assert cli(*compare).status == 0


def test_a_clone_is_merged(cli, whole, clone, tmp_path):
    (tmp_path / "more").mkdir()
    assert cli("run", "random", *DIGITS, "-s", "1,2", "-o", tmp_path / "more").status == 0
    outcome = cli("merge", tmp_path / "more", "-o", clone)
    assert outcome.out.startswith("2 folders: 7 cells, 1 "), outcome.err


def test_export_and_merge_do_not_change_a_clone(cli, whole, clone, tmp_path):
    for name in ("one.zip", "two.zip"):
        assert cli("export", clone, "-o", tmp_path / name).status == 0
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert cli("merge", clone, "-o", tmp_path / "merged").out.startswith("1 folder: 6 cells")
    assert sorted(path.name for path in clone.iterdir()) == sorted(TABLES)
    assert cli("import", tmp_path / "one.zip", "-o", tmp_path / "unpacked").out.startswith("1 folder: 6 cells")
    for folder in ("merged", "unpacked"):
        assert_frame_equal(rows(tmp_path / folder), rows(whole))


def test_a_run_refuses_a_table_without_its_manifest(cli, clone):
    (clone / "manifest.json").unlink()
    assert "centroid" in cli("leaderboard", clone).out
    before = (clone / "results.csv").read_bytes()
    refused(cli("run", "random", *DIGITS, "-s", "3", "-o", clone), "manifest.json")
    assert (clone / "results.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("column", "text"), [("key", "../elsewhere"), ("upper_bound", "maybe"), ("a_column_of_somebody", "0.5")]
)
def test_a_changed_table_is_refused(cli, clone, column, text):
    table = pd.read_csv(clone / "results.csv", dtype=str)
    table.assign(**{column: text}).to_csv(clone / "results.csv", index=False)
    refused(cli("leaderboard", clone), "was changed")


@pytest.mark.parametrize(
    "text", ["name,age\nAnn,7\n", "name,age\n", "dataset,budget\nmnist,many\n", 'dataset,"budget\n']
)
def test_a_table_of_another_program_is_refused_and_not_changed(cli, tmp_path, text):
    (tmp_path / "results.csv").write_text(text)
    for arguments in (["leaderboard", tmp_path], ["run", "random", *DIGITS, "-s", "1", "-o", tmp_path]):
        refused(cli(*arguments), f"{tmp_path / 'results.csv'}")
    assert (tmp_path / "results.csv").read_text() == text


@pytest.mark.parametrize(
    "folder", [path.parent for path in sorted(COMMITTED.rglob("manifest.json"))], ids=lambda folder: folder.name
)
def test_the_results_of_this_repository_can_be_shown(cli, folder, tmp_path):
    copy_tables(folder, tmp_path)
    outcome = cli("leaderboard", tmp_path)
    assert (outcome.status, outcome.err) == (0, "")
    for name in TABLES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
