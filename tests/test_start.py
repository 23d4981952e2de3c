"""What answers at once imports nothing heavy, and what comes out can be read."""

import subprocess
import sys

import pytest
from helpers import command


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["show", "cnn"], ["plugins"], ["run", "--help"]])
def test_light_commands_import_nothing_heavy(arguments):
    script = (
        "import sys; from pslbench.cli import main; status = main(sys.argv[1:]); heavy = {'tensorflow', 'keras', "
        "'sklearn', 'scipy', 'numpy', 'pandas'} & sys.modules.keys(); sys.exit(status or str(heavy) * bool(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_help_has_examples():
    for name in ("run", "compare", "list", "show", "leaderboard"):
        assert "pslbench " + name in command(name, "--help").out.split("Options")[0]


def test_show_tells_what_can_be_set_and_where_it_comes_from():
    out = command("show", "centroid").out
    for word in ("keep", "float, above 0 and at most 1", "1.0", "Géron 2019", "the share of each cluster"):
        assert word in out
    assert "pslbench run --all --embedder pca:dims=50,whiten=false" in command("show", "pca").out


def test_list_of_one_kind():
    out = command("list", "clusterers").out
    for name in ("minibatch-kmeans", "kmeans", "gmm", "birch", "agglomerative"):
        assert name in out
    assert "centroid-only" not in out
