"""Without the libraries of the extras, commands work, and a part that needs one names the extra."""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import get_args

import pytest
from helpers import TINY, command

from pslbench.extras import Extra

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
EXTRAS = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]
BLOCK = """
import sys

class MissingLibraries:
    def find_spec(name, path, target=None):
        if name.partition(".")[0] in {}:
            raise ModuleNotFoundError(f"No module named '{{name}}'", name=name)

sys.meta_path.insert(0, MissingLibraries)
"""


def distributions(extra):
    return {re.split(r"[<>=\[]", requirement)[0] for requirement in EXTRAS[extra]}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """The environment of a base installation, and the results of a run in it: the libraries of extras are missing."""
    optional = set.union(*map(distributions, get_args(Extra)))
    modules = [name for name, owners in packages_distributions().items() if optional & {*map(str.lower, owners)}]
    folder = tmp_path_factory.mktemp("base")
    (folder / "sitecustomize.py").write_text(BLOCK.format(modules))
    assert {"altair", "baycomp", "distributed", "jinja2", "matplotlib", "PIL", "pyarrow", "vl_convert"} <= {*modules}
    environment = {"PYTHONPATH": ":".join([str(folder), *filter(None, sys.path)])}
    ran = command("run", "random", "centroid", *TINY, "-b", "20", "-o", folder / "results", **environment)
    assert ran.status == 0, ran.err
    assert "no plot: the library plotext is missing; install it with: pip install 'pslbench[plots]'" in ran.out
    return environment, folder / "results"


def test_every_extra_is_declared_and_in_all():
    assert {*get_args(Extra), "all", "dev", "docs"} == EXTRAS.keys()
    assert EXTRAS["all"] == [f"pslbench[{','.join(get_args(Extra))}]"]
    base = tomllib.loads(PROJECT.read_text())["project"]["dependencies"]
    assert not {re.split(r"[<>=]", requirement)[0] for requirement in base} & set().union(
        *map(distributions, get_args(Extra))
    )


def test_the_base_installation_runs_and_compares(base):
    environment, folder = base
    for words in (["leaderboard", folder], ["report", folder, "-f", "md", "-f", "latex"], ["list"], ["show", "html"]):
        assert command(*words, **environment).status == 0
    compared = command("compare", "random", "centroid", *TINY, "-o", folder, **environment)
    assert compared.status == 0, compared.err
    assert (folder / "leaderboard.csv").is_file()


@pytest.mark.parametrize(
    ("name", "extra"), [("html", "report"), ("png", "plots"), ("pdf", "plots"), ("parquet", "parquet")]
)
def test_a_reporter_without_its_library_names_the_extra(base, name, extra):
    environment, folder = base
    before = {path: path.read_bytes() for path in folder.glob("*.csv")}
    reported = command("report", folder, "-f", name, "-f", "md", **environment)
    assert reported.status == 2
    assert f"pip install 'pslbench[{extra}]'" in reported.err
    assert len(reported.err.splitlines()) == 1
    assert reported.out.split() == [str(folder / "leaderboard.md")]
    assert before == {path: path.read_bytes() for path in folder.glob("*.csv")}


def test_other_features_without_their_library_name_the_extra(base, tmp_path):
    environment, _ = base
    for split in ("train", "test"):
        for name in ("a", "b"):
            (tmp_path / split / name).mkdir(parents=True)
            (tmp_path / split / name / "1.png").touch()
    for words, extra in (
        (["run", "random", "-d", tmp_path, "-t", "logreg"], "images"),
        (["run", "random", *TINY, "--dask", "local", "-s", "9", "-o", tmp_path / "r"], "dask"),
    ):
        outcome = command(*words, **environment)
        assert outcome.status == 2
        assert f"pip install 'pslbench[{extra}]'" in outcome.err


def test_the_table_over_datasets_says_that_a_library_is_missing(base, arrays, tmp_path):
    import numpy as np

    environment, _ = base
    np.savez(tmp_path / "small.npz", **arrays)
    words = ["-d", "digits", "-d", tmp_path / "small.npz", "-t", "logreg", "-b", "10", "-s", "3"]
    outcome = command("run", "random", "centroid", *words, "-o", tmp_path / "r", **environment)
    assert outcome.status == 0, outcome.err
    assert "interquartile mean" in outcome.out
    assert "pip install 'pslbench[bayes]'" in outcome.out
