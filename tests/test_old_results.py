"""Folders of results of version 0.1, whose keys hashed the bytes of source files, stay usable."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from helpers import command

OLD = Path(__file__).with_name("version_0_1")
DIGITS = ["-d", "digits", "-t", "logreg", "-b", "20", "-s", "3", "-j", "1"]


@pytest.fixture(params=["cells", "tables"])
def folder(request, tmp_path):
    """A copy of the folder: with the files of its cells, or with its tables only."""
    copy = shutil.copytree(OLD, tmp_path / "old")
    if request.param == "tables":
        shutil.rmtree(copy / "cells")
    return copy


def test_old_rows_are_shown_and_reported_under_the_new_names(cli, folder):
    first, second = cli("leaderboard", folder), cli("leaderboard", folder)
    assert first.status == 0, first.err
    renamed = {"precision": "compute_dtype", "test_looks": "test_set_evaluations"}
    lines = [
        f"warning: the column '{old}' of {folder / 'results.csv'} is deprecated; use '{new}'"
        for old, new in renamed.items()
    ]
    assert first.err.splitlines() == ([] if (folder / "cells").exists() else lines)
    assert (second.out, second.err) == (first.out, "")
    table = pd.read_csv(folder / "results.csv")
    assert len(table) == 6
    assert set(table.protocol) == {0}
    assert table.fingerprint.str.len().eq(20).all()
    assert {"test_set_evaluations", "compute_dtype"} <= set(table)
    assert not {"test_looks", "precision"} & set(table)
    assert cli("report", folder, "-f", "md").status == 0


def test_old_rows_are_merged_and_packed(cli, folder, tmp_path):
    assert cli("export", folder, "-o", tmp_path / "old.zip").status == 0
    assert cli("import", tmp_path / "old.zip", "-o", tmp_path / "new").status == 0
    assert len(pd.read_csv(tmp_path / "new" / "results.csv")) == 6


def test_new_rows_replace_old_ones_of_their_combination_and_a_mixed_board_says_so(folder):
    outcome = command("run", "random", *DIGITS, "-o", folder)
    assert outcome.status == 0, outcome.err
    assert "3 rows of other code, data or protocol versions are not shown" in outcome.err
    assert "to compute them again, repeat the run; to discard them, remove files such as" in outcome.err
    shown = command("leaderboard", folder)
    assert "Unequal protocol" in shown.out
    table = pd.read_csv(folder / "results.csv")
    assert table.groupby("strategy").protocol.unique().map(list).to_dict() == {"centroid": [0], "random": [1]}


def test_old_and_new_rows_of_one_combination_are_not_merged_in_silence(folder, tmp_path):
    assert command("run", "random", *DIGITS, "-o", tmp_path / "new").status == 0
    outcome = command("merge", folder, tmp_path / "new", "-o", tmp_path / "both")
    assert outcome.status == 1
    assert "random" in outcome.err
    assert not (tmp_path / "both").exists()
