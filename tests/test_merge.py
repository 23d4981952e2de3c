"""`pslbench merge`, `export` and `import`: results travel between machines, and nothing is dropped in silence."""

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
    """Copies of them, to be spoiled."""
    return [shutil.copytree(folder, tmp_path / folder.name) for folder in machines]


def cell(folder, strategy, seed):
    """The file of a cell, and what it holds."""
    for path in (folder / "cells").glob("*.json"):
        said = json.loads(path.read_text())
        if (said["strategy"], said["seed"]) == (strategy, seed):
            return path, said
    raise KeyError(strategy, seed)


def contents(folder):
    """All that `pslbench export` packs."""
    found = [path for name in ("cells", "predictions", "labels") for path in (folder / name).iterdir()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_the_union_of_two_machines(cli, machines, tmp_path):
    here, there = machines
    outcome = cli("merge", here, there, "-o", tmp_path / "both")
    assert outcome.status == 0, outcome.err
    assert outcome.err == ""
    assert outcome.out.startswith("2 folders: 5 cells, 1 of them in more than one folder\n")
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


def test_into_one_of_them_and_again(cli, folders):
    here, there = folders
    assert cli("merge", there, here, "-o", here).status == 0
    once, manifest = contents(here), (here / "manifest.json").read_bytes()
    assert len(once) == 15
    assert "5 cells, 2 of them in more than one folder" in cli("merge", here, there, "-o", here).out
    assert (contents(here), (here / "manifest.json").read_bytes()) == (once, manifest)


def test_the_same_cell_with_other_values(cli, folders, tmp_path):
    here, there = folders
    path, said = cell(there, "random", 1)
    ours = said["scores"]["test_accuracy"]
    said["scores"] |= {"test_accuracy": 0.123, "nll": 9.5}
    path.write_text(json.dumps(said))
    outcome = cli("merge", here, there, "-o", tmp_path / "both")
    assert outcome.status == 1
    warning, error = outcome.err.strip().splitlines()
    assert f"digits · 20 labels · random · logreg, seed 1: test_accuracy {ours} and 0.123" in warning
    assert f"in {here} and {there}, and 1 more" in warning
    assert "--keep-first" in error
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


def test_a_cell_that_failed_yields(cli, folders, tmp_path):
    here, there = folders
    path, said = cell(here, "random", 1)
    error = {"type": "MemoryError", "message": "", "traceback": ""}
    path.write_text(json.dumps(said | {"status": "failed", "scores": {}, "error": error}))
    (here / "predictions" / f"{path.stem}.npy").unlink()
    assert cli("merge", here, there, "-o", here).status == 0
    assert cell(here, "random", 1)[1]["status"] == "ok"
    assert (here / "predictions" / f"{path.stem}.npy").exists()


def test_other_code_and_other_data_are_told(cli, arrays, plugin, tmp_path, monkeypatch):
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
    assert data == "warning: npz:path=mine.npz has other content in b than in a"
    assert code.startswith(
        "warning: digits · 4 labels · mine · minibatch-kmeans · pixels · logreg: made with other code"
    )
    assert "nothing was written" in error
    for first, second in (("a", "b"), ("b", "a")):
        outcome = cli("merge", first, second, "-o", f"{first}-first", "--keep-first")  # without the plugin
        assert outcome.status == 0
        pd.testing.assert_frame_equal(rows(tmp_path / f"{first}-first"), rows(tmp_path / first))
        assert len(list((tmp_path / f"{first}-first" / "cells").iterdir())) == 8
    assert "mine" in cli("leaderboard", "a-first").out


def test_what_is_no_folder_of_results(cli, machines, tmp_path):
    refused(cli("merge", machines[0], tmp_path, "-o", tmp_path / "both"), f"no results in '{tmp_path}'")
    refused(cli("merge", machines[0]), "--output")
    (tmp_path / "file").write_text("")
    refused(cli("merge", machines[0], "-o", tmp_path / "file"), "cannot write to")


def test_export_and_import(cli, machines, tmp_path, monkeypatch):
    here, there = machines
    monkeypatch.chdir(tmp_path)
    outcome = cli("export", here)
    assert outcome.out == f"{here.name}.zip\n"
    refused(cli("export", here), "is there already", "-o")
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
    assert "labels_spent 19 and 20 in" in outcome.err
    assert "and again.zip" in outcome.err


def zipped(path, members, comment=b"pslbench results, format 2"):
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.comment = comment
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("members", "comment", "says"),
    [
        ({"../../evil.json": "{}"}, b"pslbench results, format 2", "it holds '../../evil.json'"),
        ({"cells/../../evil.json": "{}"}, b"pslbench results, format 2", "it holds"),
        ({"/cells/1.json": "{}"}, b"pslbench results, format 2", "it holds"),
        ({"cells/1.json": "{}", "setup.py": ""}, b"pslbench results, format 2", "it holds 'setup.py'"),
        ({"cells/1.json": "{}"}, b"", "was not written by pslbench export"),
        ({"images/1.png": ""}, b"pslbench results, format 3", "has format 3, this pslbench reads those up to 2"),
        ({"cells/1.json": "{}"}, b"pslbench results, format 2", "mine.zip/cells/1.json was written by another version"),
        ({"cells/1.json": '{"format": 3}'}, b"pslbench results, format 2", "mine.zip/cells/1.json has format 3"),
        ({"manifest.json": "[]"}, b"pslbench results, format 2", "no results in"),
    ],
)
def test_archives_that_are_refused(cli, tmp_path, members, comment, says):
    file = zipped(tmp_path / "mine.zip", members, comment)
    refused(cli("import", file, "-o", tmp_path / "copy"), says)
    assert not (tmp_path / "copy").exists()
    assert not list(tmp_path.rglob("evil.json"))


def test_damaged_archives(cli, machines, tmp_path):
    assert cli("export", machines[0], "-o", tmp_path / "whole.zip").status == 0
    whole = (tmp_path / "whole.zip").read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 255
    for damaged in (b"no zip", whole[:-100], whole[: len(whole) // 2], bytes(flipped)):
        (tmp_path / "damaged.zip").write_bytes(damaged)
        refused(cli("import", tmp_path / "damaged.zip", "-o", tmp_path / "copy"), "damaged.zip")
    refused(cli("import", tmp_path / "nothing.zip", "-o", tmp_path / "copy"), "No such file")
    (tmp_path / "empty" / "cells").mkdir(parents=True)
    refused(cli("export", tmp_path / "empty"), "nothing to export")
    refused(cli("export", tmp_path / "empty", "-o", tmp_path / "missing" / "x.zip"), "nothing to export")
    refused(cli("export", machines[0], "-o", tmp_path / "whole.zip" / "new.zip"), "cannot write", "Not a directory")


def test_formats(cli, folders, tmp_path):
    here, there = folders
    for path in (here / "cells").iterdir():  # as the first version wrote them: no number, no labels/
        said = json.loads(path.read_text())
        del said["format"]
        path.write_text(json.dumps(said))
    shutil.rmtree(here / "labels")
    assert "random" in cli("leaderboard", here).out
    assert cli("report", here, "--format", "md").status == 0
    assert cli("merge", here, there, "-o", tmp_path / "both").status == 0
    assert len(list((tmp_path / "both" / "labels").iterdir())) == 2  # of the cells that `there` has too
    path, said = cell(there, "random", 2)
    path.write_text(json.dumps(said | {"format": 3, "what": "comes later"}))
    for words in (["leaderboard", there], ["report", there, "-f", "md"], ["merge", here, there, "-o", tmp_path / "c"]):
        refused(cli(*words), f"{path} has format 3, this pslbench reads those up to 2: use a newer one")
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
def test_rows_of_the_wrong_type(cli, folders, change):
    path, said = cell(folders[0], "random", 0)
    path.write_text(json.dumps(said | change))
    refused(cli("leaderboard", folders[0]), f"{path} is damaged")


@pytest.mark.parametrize(
    "run",
    [
        1,
        {"data": []},
        {"versions": "new"},
        *({"recipes": fingerprints} for fingerprints in (None, [{}], [[]], [[[], "x"]], [["digits", 20, "recipe"]])),
    ],
)
def test_manifests_of_the_wrong_type(cli, folders, run):
    (folders[0] / "manifest.json").write_text(json.dumps({"runs": [run]}))
    refused(cli("leaderboard", folders[0]), "was not written by pslbench")
