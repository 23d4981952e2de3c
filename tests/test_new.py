"""The output of `pslbench new` works unchanged: it installs, runs, and passes ruff, mypy --strict and its own tests."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest

from pslbench.cli import main
from pslbench.cli.new import MAX_LENGTH
from pslbench.parts import KINDS

PROJECT = Path(__file__).parents[1]


def single_file_name(kind):
    """Return the name of the part in the single file of this kind; it is as long as allowed."""
    return f"one-{kind}-".ljust(MAX_LENGTH, "x")


def succeed(*words, cwd):
    """Run a command that must succeed, and return its output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(list(map(str, words)), cwd=cwd, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder with a package `pslbench-my-KIND` and a single file of each kind."""
    folder = tmp_path_factory.mktemp("written")
    for kind in KINDS:
        assert main(["new", kind, f"my-{kind}", "-o", str(folder)]) == 0
        assert main(["new", kind, single_file_name(kind), "--single-file", "-o", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def python(written, tmp_path_factory):
    """The interpreter of a new environment with pslbench and the packages.

    It sees the dependencies of the current environment, so nothing is downloaded.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    site_packages = Path(sysconfig.get_path("purelib", vars={"base": folder, "platbase": folder}))
    (site_packages / "outer.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    copy = tmp_path_factory.mktemp("pslbench")  # pip builds inside the source folder
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, copy)
    shutil.copytree(PROJECT / "pslbench", copy / "pslbench", ignore=shutil.ignore_patterns("__pycache__"))
    install = ("-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--no-build-isolation")
    succeed(folder / "bin" / "python", *install, copy, *written.glob("pslbench-*"), cwd=written)
    return folder / "bin" / "python"


def test_packages_install_and_are_found(python, written):
    listed = json.loads(succeed(python, "-m", "pslbench", "plugins", "--json", cwd=written))
    found = {plugin["name"]: (plugin["source"], plugin["status"]) for plugin in listed}
    assert {f"my-{kind}": (f"pslbench-my-{kind}", "ok") for kind in KINDS}.items() <= found.items()


def test_packages_pass_ruff_mypy_and_their_own_tests(python, written):
    for package in written.glob("pslbench-*"):
        succeed(python, "-m", "ruff", "check", ".", cwd=package)
        succeed(python, "-m", "ruff", "format", "--check", ".", cwd=package)
    sources = [*written.glob("pslbench-*/*.py"), *written.glob("pslbench-*/tests/*.py"), *written.glob("one_*.py")]
    assert len(sources) == 3 * len(KINDS)
    succeed(python, "-m", "mypy", "--strict", *sources, cwd=written)
    tests = [path.parent for path in written.glob("pslbench-*/tests/test_*.py")]
    out = succeed(python, "-m", "pytest", "-q", "-pno:xdist", "-pno:cacheprovider", *tests, cwd=written)
    assert "passed" in out


def test_single_files_conform(written, cli):
    files = [
        word for kind in KINDS for word in ("--plugin", written / f"{single_file_name(kind).replace('-', '_')}.py")
    ]
    outcome = cli("check", *files)
    assert outcome.status == 0, outcome.out
    for kind in KINDS:
        assert single_file_name(kind) in outcome.out
    for words in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *words, "--isolated", "--line-length=120"]
        succeed(*ruff, *written.glob("*.py"), cwd=written)


def test_a_package_has_all_files(written):
    package = written / "pslbench-my-strategy"
    files = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
    assert files >= {".gitignore", "README.md", "pyproject.toml", "pslbench_my_strategy.py"}
    assert "tests/test_pslbench_my_strategy.py" in files
    project = tomllib.loads((package / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["pslbench"] == {"my-strategy": "pslbench_my_strategy"}
    assert not any("$" in path.read_text() for path in package.rglob("*") if path.suffix in (".py", ".md", ".toml"))


def test_next_steps_are_printed(tmp_path, cli):
    outcome = cli("new", "strategy", "my-idea", "-o", tmp_path)
    assert "pslbench check my-idea" in outcome.out
    single = cli("new", "strategy", "my-idea", "--single-file", "-o", tmp_path)
    assert f"pslbench compare my-idea random -d digits -t logreg -b 40 --plugin {tmp_path / 'my_idea.py'}" in single.out
    with_space = cli("new", "strategy", "placeholder", "--single-file", "-o", tmp_path / "a folder")
    assert f"--plugin '{tmp_path}/a folder/placeholder.py'" in with_space.out
    assert "new folder" not in single.out
    assert f"a folder/placeholder.py in the new folder {tmp_path}/a folder; next:" in with_space.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["stratgy", "my-idea"], "did you mean 'strategy'?"),
        (["strategy", "My idea"], "as in my-idea"),
        (["strategy", "x" * 41], "at most 40"),
        (["strategy", "centroid"], "such as my-centroid"),
        (["embedder", "hog"], "is taken"),
        (["strategy", "hog"], "already a plugin"),
        (["strategy", "lambda"], "'lambda' is reserved"),
        (["strategy", "strategy"], "'strategy' is reserved"),
        (["strategy", "parametrize"], "'parametrize' is reserved"),
        (["strategy", "pslbench", "--single-file"], "'pslbench' is reserved"),
        (["strategy", "all"], "'all' is reserved"),
        (["embedder", "random", "--single-file"], "'random' is reserved"),
    ],
)
def test_invalid_names_are_refused(cli, tmp_path, arguments, says):
    outcome = cli("new", *arguments, "-o", tmp_path)
    assert outcome.status == 2
    assert says in outcome.err
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_not_overwritten(cli, tmp_path):
    for more in ([], ["--single-file"]):
        assert cli("new", "strategy", "my-idea", "-o", tmp_path, *more).status == 0
        again = cli("new", "strategy", "my-idea", "-o", tmp_path, *more)
        assert again.status == 2
        assert "already exists" in again.err
