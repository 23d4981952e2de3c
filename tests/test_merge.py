"""`pslbench merge`, `export` and `import`: results move between machines, and every difference is reported."""

import json
import shutil
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pandas as pd
import pytest
from helpers import command, rows
from test_bad_input import refused

DIGITS = ["-d", "digits", "-t", "logreg", "-j", "1"]


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """Two folders that share the cell of `random` with seed 1."""
    here, there = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("there")
    assert command("run", "random", "centroid", *DIGITS, "-b", "20", "-s", "2", "-o", here).status == 0
    assert command("run", "random", *DIGITS, "-b", "20", "-s", "1,2", "-o", there).status == 0
    return here, there


@pytest.fixture
def folders(machines, tmp_path):
    """Return copies of both folders, which a test may change."""
    return [shutil.copytree(folder, tmp_path / folder.name) for folder in machines]


def cell(folder, strategy, seed):
    """Return the file of a cell and its content."""
    for path in (folder / "cells").glob("*.json"):
        said = json.loads(path.read_text())
        if (said["strategy"], said["seed"]) == (strategy, seed):
            return path, said
    raise KeyError(strategy, seed)


def contents(folder):
    """Return the files that `pslbench export` packs, with their bytes."""
    found = [path for name in ("cells", "predictions", "labels") for path in (folder / name).iterdir()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_merge_writes_the_union_of_two_folders(cli, machines, tmp_path):
    here, there = machines
    outcome = cli("merge", here, there, "-o", tmp_path / "both")
    assert outcome.status == 0, outcome.err
    assert outcome.err == ""
    assert outcome.out.startswith("2 folders: 5 cells, 1 ")
    for strategy in ("random", "centroid"):
        assert strategy in outcome.out
    both = rows(tmp_path / "both")
    expected = pd.concat([rows(here), rows(there)]).drop_duplicates("key")
    pd.testing.assert_frame_equal(*(rows.sort_values("key", ignore_index=True) for rows in (both, expected)))
    assert contents(tmp_path / "both") == contents(there) | contents(here)
    runs = [json.loads((folder / "manifest.json").read_text())["runs"] for folder in (here, there)]
    assert json.loads((tmp_path / "both" / "manifest.json").read_text())["runs"] == runs[0] + runs[1]
    assert cli("merge", there, here, "-o", tmp_path / "other").status == 0
    assert (tmp_path / "other" / "manifest.json").read_bytes() == (tmp_path / "both" / "manifest.json").read_bytes()


def test_merge_into_a_source_folder_can_be_repeated(cli, folders):
    here, there = folders
    assert cli("merge", there, here, "-o", here).status == 0
    once, manifest = contents(here), (here / "manifest.json").read_bytes()
    assert len(once) == 15
    assert "5 cells, 2 " in cli("merge", here, there, "-o", here).out
    assert (contents(here), (here / "manifest.json").read_bytes()) == (once, manifest)


def test_cells_with_different_values_are_reported_and_not_merged(cli, folders, tmp_path):
    here, there = folders
    path, said = cell(there, "random", 1)
    ours = said["scores"]["test_accuracy"]
    said["scores"] |= {"test_accuracy": 0.123, "nll": 9.5}
    path.write_text(json.dumps(said))
    outcome = cli("merge", here, there, "-o", tmp_path / "both")
    assert outcome.status == 1
    warning, error = outcome.err.strip().splitlines()
    cell_name = "digits · 20 labels · random · logreg"
    for word in (cell_name, "seed 1", "test_accuracy", str(ours), "0.123", str(here), str(there)):
        assert word in warning
    assert f"to write the rows of {here} where they disagree, add --keep-first" in error
    assert not (tmp_path / "both").exists()
    for first, second, kept in ((here, there, ours), (there, here, 0.123)):
        folder = tmp_path / f"kept-{kept}"
        outcome = cli("merge", first, second, "-o", folder, "--keep-first")
        assert outcome.status == 0
        assert "0.123" in outcome.err
        assert cell(folder, "random", 1)[1]["scores"]["test_accuracy"] == kept
    outcome = cli("merge", there, "-o", here)
    assert outcome.status == 1
    assert cell(here, "random", 1)[1]["scores"]["test_accuracy"] == ours
    assert cli("merge", there, here, "-o", here, "--keep-first").status == 0  # what it has counts as named first
    assert cell(here, "random", 1)[1]["scores"]["test_accuracy"] == ours


def test_a_successful_cell_replaces_a_failed_one(cli, folders, tmp_path):
    here, there = folders
    path, said = cell(here, "random", 1)
    error = {"type": "MemoryError", "message": "", "traceback": ""}
    path.write_text(json.dumps(said | {"status": "failed", "scores": {}, "error": error}))
    (here / "predictions" / f"{path.stem}.npy").unlink()
    assert cli("merge", here, there, "-o", here).status == 0
    assert cell(here, "random", 1)[1]["status"] == "ok"
    assert (here / "predictions" / f"{path.stem}.npy").exists()


def test_different_code_and_different_data_are_reported(cli, arrays, plugin, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    body = (
        "@strategy('mine')\ndef mine(pool: Pool):\n    '''First.'''\n    chosen = np.arange({0}, {0} + pool.budget)\n"
    )
    body += "    return PseudoLabels(chosen, pool.label(chosen))\n@hookimpl\ndef pslbench_register():\n    yield mine\n"
    for folder, start in (("a", 0), ("b", 5)):
        np.savez("mine.npz", **(arrays | {"x_train": arrays["x_train"] * (1 - start / 50)}))
        (tmp_path / folder).mkdir()
        file = shutil.copy(plugin(body.format(start)), tmp_path / folder)
        words = ["run", "mine", "--plugin", file, "-t", "logreg", "-b", "4", "-s", "2", "-j", "1", "-o", folder]
        assert cli(*words, "-d", "digits", "-d", "mine.npz").status == 0
    outcome = cli("merge", "a", "b", "-o", "c")
    assert outcome.status == 1
    data, code, error = outcome.err.strip().splitlines()
    assert data.startswith("warning: npz:path=mine.npz")
    assert code.startswith("warning: digits · 4 labels · mine · minibatch-kmeans · pixels · logreg")
    assert "code" in code
    assert "--keep-first" in error
    for first, second in (("a", "b"), ("b", "a")):
        outcome = cli("merge", first, second, "-o", f"{first}-first", "--keep-first")  # without the plugin
        assert outcome.status == 0
        pd.testing.assert_frame_equal(rows(tmp_path / f"{first}-first"), rows(tmp_path / first))
        assert len(list((tmp_path / f"{first}-first" / "cells").iterdir())) == 8
    assert "mine" in cli("leaderboard", "a-first").out


def test_folders_without_results_are_refused(cli, machines, tmp_path):
    refused(cli("merge", machines[0], tmp_path, "-o", tmp_path / "both"), f"'{tmp_path}'")
    refused(cli("merge", machines[0]), "--output")
    (tmp_path / "file").write_text("")
    refused(cli("merge", machines[0], "-o", tmp_path / "file"), "cannot write")


def test_an_export_can_be_imported(cli, machines, tmp_path, monkeypatch):
    here, there = machines
    monkeypatch.chdir(tmp_path)
    outcome = cli("export", here)
    assert outcome.out == f"{here.name}.zip\n"
    refused(cli("export", here), "already", "-o")
    outcome = cli("import", f"{here.name}.zip", "-o", "copy")
    assert outcome.status == 0, outcome.err
    assert contents(tmp_path / "copy") == contents(here)
    pd.testing.assert_frame_equal(rows(tmp_path / "copy"), rows(here))
    assert cli("export", "copy", "-o", "again.zip").status == 0
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / f"{here.name}.zip").read_bytes()
    assert cli("import", "again.zip", "-o", there.name).status == 0
    assert cli("merge", there, "-o", there.name).status == 0
    path, said = cell(tmp_path / there.name, "random", 0)
    path.write_text(json.dumps(said | {"labels_spent": 19}))
    outcome = cli("import", "again.zip", "-o", there.name)
    assert outcome.status == 1
    for word in ("labels_spent", "19", "20", "again.zip"):
        assert word in outcome.err


def zipped(path, members, comment=b"pslbench results, format 2"):
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.comment = comment
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("members", "comment", "word"),
    [
        ({"../../evil.json": "{}"}, b"pslbench results, format 2", "'../../evil.json'"),
        ({"cells/../../evil.json": "{}"}, b"pslbench results, format 2", "evil.json"),
        ({"/cells/1.json": "{}"}, b"pslbench results, format 2", "'/cells/1.json'"),
        ({"cells/1.json": "{}", "setup.py": ""}, b"pslbench results, format 2", "'setup.py'"),
        ({"cells/1.json": "{}"}, b"", "pslbench export"),
        ({"images/1.png": ""}, b"pslbench results, format 4", "format 4"),
        ({"cells/1.json": "{}"}, b"pslbench results, format 2", "mine.zip/cells/1.json"),
        ({"cells/1.json": '{"format": 4}'}, b"pslbench results, format 2", "mine.zip/cells/1.json has format 4"),
        ({"manifest.json": "[]"}, b"pslbench results, format 2", "no results"),
    ],
)
def test_archives_of_another_origin_are_refused(cli, tmp_path, members, comment, word):
    file = zipped(tmp_path / "mine.zip", members, comment)
    refused(cli("import", file, "-o", tmp_path / "copy"), word)
    assert not (tmp_path / "copy").exists()
    assert not list(tmp_path.rglob("evil.json"))


def test_damaged_archives_are_refused(cli, machines, tmp_path):
    assert cli("export", machines[0], "-o", tmp_path / "whole.zip").status == 0
    whole = (tmp_path / "whole.zip").read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 255
    for damaged in (b"no zip", whole[:-100], whole[: len(whole) // 2], bytes(flipped)):
        (tmp_path / "damaged.zip").write_bytes(damaged)
        refused(cli("import", tmp_path / "damaged.zip", "-o", tmp_path / "copy"), "damaged.zip")
    refused(cli("import", tmp_path / "nothing.zip", "-o", tmp_path / "copy"), "there is no file")
    (tmp_path / "empty" / "cells").mkdir(parents=True)
    refused(cli("export", tmp_path / "empty"), "nothing to export")
    refused(cli("export", tmp_path / "empty", "-o", tmp_path / "missing" / "x.zip"), "nothing to export")
    refused(cli("export", machines[0], "-o", tmp_path / "whole.zip" / "new.zip"), "cannot write", "Not a directory")


def test_results_of_an_older_format_are_read_and_newer_ones_refused(cli, folders, tmp_path):
    here, there = folders
    for path in (here / "cells").iterdir():  # as the first version wrote them: no number, no labels/
        said = json.loads(path.read_text())
        del said["format"]
        for new, old in (
            ("fingerprint", "recipe"),
            ("test_set_evaluations", "test_looks"),
            ("compute_dtype", "precision"),
        ):
            said[old] = said.pop(new)
        path.write_text(json.dumps(said))
    shutil.rmtree(here / "labels")
    assert "random" in cli("leaderboard", here).out
    assert cli("report", here, "--format", "md").status == 0
    assert cli("merge", here, there, "-o", tmp_path / "both").status == 0
    assert len(list((tmp_path / "both" / "labels").iterdir())) == 2  # of the cells that `there` has too
    path, said = cell(there, "random", 2)
    path.write_text(json.dumps(said | {"format": 4, "what": "comes later"}))
    for words in (["leaderboard", there], ["report", there, "-f", "md"], ["merge", here, there, "-o", tmp_path / "c"]):
        refused(cli(*words), f"{path} has format 4")
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"scores": None},
        {"scores": {"nll": "low"}},
        {"seed": "0"},
        {"seconds": [1]},
        {"key": "../../other"},
        {"budget": 1.5},
        {"status": "failed", "error": {"foo": "x"}},
        {"status": "failed", "error": {"type": "ValueError", "message": None}},
    ],
)
def test_rows_with_values_of_the_wrong_type_are_refused(cli, folders, change):
    path, said = cell(folders[0], "random", 0)
    path.write_text(json.dumps(said | change))
    refused(cli("leaderboard", folders[0]), str(path), "damaged")


@pytest.mark.parametrize(
    "run",
    [
        1,
        {"data": []},
        {"dataset_checksums": []},
        {"versions": "new"},
        *(
            {name: fingerprints}
            for name in ("recipes", "fingerprints")
            for fingerprints in (None, [{}], [[]], [[[], "x"]], [["digits", 20, "recipe"]])
        ),
    ],
)
def test_manifests_with_values_of_the_wrong_type_are_refused(cli, folders, run):
    (folders[0] / "manifest.json").write_text(json.dumps({"runs": [run]}))
    refused(cli("leaderboard", folders[0]), "manifest.json")
