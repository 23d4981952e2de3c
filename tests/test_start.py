"""Commands that only print text start fast, and their text has what users look for."""

import subprocess
import sys

import pytest
from helpers import command

from pslbench.cli import COMMANDS

HEAVY = {"tensorflow", "keras", "sklearn", "scipy", "numpy", "pandas", "matplotlib", "altair", "jinja2"}
HEAVY |= {"skactiveml", "skimage", "umap", "numba", "mlflow", "animal_mnist"}  # what our plugins use
ENGINE = {"pslbench.analysis", "pslbench.execution", "pslbench.planning", "pslbench.testing"}


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--help"], HEAVY | ENGINE | {"pslbench.plugins.builtin"}),
        (["list"], HEAVY | ENGINE),
        (["show", "cnn"], HEAVY | ENGINE),
        (["plugins"], HEAVY | ENGINE),
        (["run", "--help"], HEAVY),
    ],
)
def test_commands_that_only_print_text_import_no_heavy_library(arguments, unwanted):
    script = "import sys; from pslbench.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
    assert "pslbench.cli" in done.stderr.split()
    assert not unwanted & set(done.stderr.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_shows_the_first_line_of_the_help_of_each_command(cli, name):
    assert " ".join(cli(name, "--help").out.split()).count(COMMANDS[name][1]) == 1


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - {"data", "cache"}))
def test_help_has_an_example(cli, name):
    assert cli(name, "--help").out.count(f"pslbench {name}") > 1  # the first one is the usage line


def test_show_prints_parameters_source_and_example():
    out = command("show", "centroid").out
    for word in ("keep", "float, above 0 and at most 1", "1.0", "Géron 2019", "the share of each cluster"):
        assert word in out
    assert "pslbench run --all --embedder pca:dims=50,whiten=false" in command("show", "pca").out


def test_list_prints_the_parts_of_one_kind():
    out = command("list", "clusterers").out
    for name in ("minibatch-kmeans", "kmeans", "gmm", "birch", "agglomerative"):
        assert name in out
    assert "centroid-only" not in out
