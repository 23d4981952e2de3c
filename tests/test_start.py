"""Commands that only print text start fast, and their text has what users look for."""

import subprocess
import sys

import pytest
from helpers import command
from typer.main import get_command

from pslbench.cli import app


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["show", "cnn"], ["plugins"], ["run", "--help"]])
def test_commands_that_only_print_text_import_no_heavy_library(arguments):
    script = (
        "import sys; from pslbench.cli import main; status = main(sys.argv[1:]); heavy = {'tensorflow', 'keras', "
        "'sklearn', 'scipy', 'numpy', 'pandas'} & sys.modules.keys(); sys.exit(status or str(heavy) * bool(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted(get_command(app).commands.keys() - {"data", "cache"}))
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
