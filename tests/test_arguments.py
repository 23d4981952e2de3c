"""Paths and configurations as a user types them."""

import numpy as np
import pytest
from helpers import rows

from pslbench.parts import configure
from pslbench.plugins.catalog import parse_dataset
from pslbench.plugins.discovery import discover

RUN = ["run", "random", "-t", "logreg", "-b", "4", "-s", "1"]


@pytest.mark.parametrize("path", ["a,b.npz", "a|b.npz", 'a"b.npz', "a:b,c.npz", "folder,with|signs/"])
def test_the_text_of_a_data_set_with_a_path_can_be_parsed_again(path):
    catalog = discover()
    (config,) = parse_dataset(catalog, path)
    assert dict(config.values)["path"] == path.rstrip("/")
    assert parse_dataset(catalog, config.text) == [config]


def test_a_name_and_a_name_with_parameters_are_data_sets():
    catalog = discover()
    assert parse_dataset(catalog, "digits") == catalog.parse("dataset", "digits")
    npz = catalog.resolve("dataset", "npz")[1]
    assert parse_dataset(catalog, 'npz:path="a,b.npz"') == [configure(npz, "npz", path="a,b.npz")]


def test_a_file_with_a_comma_in_its_name_can_be_run(cli, arrays, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("a,b.npz", **arrays)
    outcome = cli(*RUN, "-d", "a,b.npz", "-o", "results")
    assert outcome.status == 0, outcome.err
    assert rows(tmp_path / "results").dataset.tolist() == ['npz:path="a,b.npz"']
    assert "random" in cli("leaderboard", "results", "--filter", 'dataset=npz:path="a,b.npz"').out


def test_home_is_expanded_in_every_path(cli, arrays, plugin, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    np.savez(tmp_path / "data.npz", **arrays)
    plugin("@hookimpl\ndef pslbench_run_finished(results): ...\n")
    saved = cli(*RUN, "--dataset=~/data.npz", "--output=~/first", "--cache-dir=~/cache", "--save-config=~/options.toml")
    assert saved.status == 0, saved.err
    outcome = cli("run", "--config=~/options.toml", "--plugin=~/mine.py")
    assert outcome.status == 0, outcome.err
    (tmp_path / "options.toml").write_text('output = "~/second"\n')
    assert cli(*RUN, "--dataset=~/data.npz", "--config=~/options.toml").status == 0
    assert rows(tmp_path / "first").equals(rows(tmp_path / "second"))
    assert cli("export", "~/first", "--output=~/first.zip").status == 0
    assert cli("cache", "info", "--cache-dir=~/cache").out.count(str(tmp_path / "cache")) == 1
    assert {"cache", "first", "second", "first.zip"} <= {path.name for path in tmp_path.iterdir()}
