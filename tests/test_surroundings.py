"""The command line in surroundings that developers do not have: other terminals, users, folders and closed pipes."""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import TINY, Outcome, command, rows

from pslbench.cli import main

SETPRIV = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]  # makes root obey the modes of files
RUN = ["run", "random", "centroid", *TINY, "-j", "1"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder of results of two strategies and two seeds."""
    folder = tmp_path_factory.mktemp("finished") / "results"
    assert command(*RUN, "-o", folder).status == 0
    return folder


@pytest.fixture
def results(finished, tmp_path):
    """A copy of the folder of results without its tables."""
    folder = shutil.copytree(finished, tmp_path / "results")
    for table in folder.glob("*.csv"):
        table.unlink()
    return folder


@pytest.fixture
def ordinary():
    """The command line of a user who is not allowed everything; a function like `command`."""
    prefix = SETPRIV if os.geteuid() == 0 else []
    if prefix and (not shutil.which("setpriv") or subprocess.run([*prefix, "true"], capture_output=True).returncode):
        pytest.skip("root ignores the modes of files, and setpriv is not there to change that")

    def call(*arguments):
        words = [*prefix, sys.executable, "-m", "pslbench", *map(str, arguments)]
        done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"}, timeout=300)
        return Outcome(done.returncode, done.stdout, done.stderr)

    return call


def shell(line, **environment):
    """Run a line of bash in which `$PSL` is the command line. The status is that of the first command of a pipe."""
    words = ["bash", "-c", f"{line}; exit ${{PIPESTATUS[0]}}"]
    here = {**os.environ, "PSL": f"{sys.executable} -m pslbench", **environment}
    done = subprocess.run(words, capture_output=True, env=here, timeout=300)
    return Outcome(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def refused(outcome, *words):
    assert outcome.status == 2, outcome.err
    (line,) = outcome.err.strip().splitlines()
    assert line.startswith("error: ")
    for word in words:
        assert word in line


# Output


@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_signs_that_the_encoding_lacks_are_replaced(results, environment):
    shown = shell(f"$PSL leaderboard {results}", PYTHONCOERCECLOCALE="0", **environment)
    assert shown.status == 0, shown.err
    assert "digits ? 40 labels" in shown.out
    assert (results / "results.csv").exists()


@pytest.mark.parametrize(
    "line", ["$PSL leaderboard {} | true", "$PSL leaderboard {} 2>&1 | true", "$PSL leaderboard {} >&-"]
)
def test_the_csv_files_are_written_if_nobody_reads_the_output(results, line):
    outcome = shell(line.format(results))
    assert outcome.status == 0
    assert "Traceback" not in outcome.err
    assert "BrokenPipe" not in outcome.err
    assert {"results.csv", "leaderboard.csv"} <= {path.name for path in results.iterdir()}


def test_a_run_goes_on_if_nobody_reads_its_progress(tmp_path):
    assert shell(f"$PSL run random {' '.join(TINY)} -j 1 -o {tmp_path}/r 2>&1 | true").status == 0
    assert len(rows(tmp_path / "r")) == 2


def test_compare_writes_the_csv_files_before_it_prints(results):
    assert shell(f"$PSL compare {' '.join(RUN[1:])} -o {results} | true").status == 0
    assert (results / "leaderboard.csv").exists()


def test_a_width_of_0_is_no_width(cli, monkeypatch):
    usual = cli("list", "trainer").out
    monkeypatch.setenv("COLUMNS", "0")
    assert "fixmatch" in usual
    assert main(["list", "trainer"]) == 0
    assert "COLUMNS" not in os.environ


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["list", "strategy"], ["centroid-only", "label-spreading", "built-in"]),
        (["plugins"], ["minibatch-kmeans,", "spherical-kmeans,", "label-spreading,"]),
        (["data", "list"], ["fashion-mnist", "mnist-5k"]),
        (["show", "cnn"], ["learning_rate", "batch_size"]),
        (["check", "random", "kmeans"], ["strategy", "clusterer", "kmeans"]),
    ],
)
def test_names_stand_in_narrow_terminals(cli, monkeypatch, tmp_path, words, names):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("PSLBENCH_DATA_DIR", str(tmp_path))
    shown = cli(*words)
    assert max(len(line) for line in shown.out.splitlines() if line.startswith("  ")) <= 60
    assert set(names) <= set(shown.out.split())


# Folders and users


def test_a_run_without_a_home_folder_keeps_its_cache_in_the_temporary_folder(cli, tmp_path, monkeypatch):
    def unknown_user(_):
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown_user)
    for name in ("HOME", "XDG_CACHE_HOME", "PSLBENCH_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    outcome = cli("run", "random", *TINY, "-o", tmp_path / "r")
    assert outcome.status == 0, outcome.err
    (line,) = [line for line in outcome.err.splitlines() if line.startswith("warning: ")]
    assert f"there is no home folder, so the cache is in {tmp_path}/pslbench-" in line
    assert cli("data", "list").status == 0


def test_home_is_expanded_in_variables_and_in_parameters(cli, arrays, tmp_path, monkeypatch):
    import numpy as np

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PSLBENCH_CACHE_DIR", "~/stages")
    np.savez(tmp_path / "mine.npz", **arrays)
    assert cli("data", "check", "npz:path=~/mine.npz").status == 0
    assert f"in {tmp_path}/stages" in cli("cache", "info").out


TOO_LONG = "a" * 300


@pytest.mark.parametrize(
    "words",
    [
        ["run", "random", *TINY, "-o", TOO_LONG],
        ["leaderboard", TOO_LONG],
        ["cache", "info", "--cache-dir", TOO_LONG],
        ["list", "--plugin", TOO_LONG],
        ["data", "check", f"{TOO_LONG}.npz"],
        ["new", "strategy", "mine", "-o", TOO_LONG],
    ],
)
def test_a_path_that_is_too_long_is_refused(cli, words):
    refused(cli(*words), "File name too long")


def test_a_working_directory_that_is_gone_is_one_line(cli, results, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    refused(cli("run", "random", *TINY, "-s", "3", "-o", results), "working directory does not exist any more")
    assert cli("leaderboard", results).status == 0


def test_results_that_can_only_be_read_are_shown(ordinary, results, tmp_path):
    for path in (results, *results.iterdir()):
        path.chmod(path.stat().st_mode & ~0o222)
    board = ordinary("leaderboard", results)
    assert board.status == 0, board.err
    assert "centroid" in board.out
    assert "its CSV files stay as they are" in board.err
    compared = ordinary("compare", *RUN[1:], "-o", results)
    assert compared.status == 0, compared.err
    assert "4 of 4 cells are finished already" in compared.err
    refused(
        ordinary("run", "random", *TINY, "-s", "3", "-o", results), "cannot write to", "choose another folder with -o"
    )
    refused(ordinary("report", results, "-f", "md"), "cannot write to", "choose another folder with -o")
    assert ordinary("report", results, "-f", "md", "-o", tmp_path / "elsewhere").status == 0
    assert "centroid" in (tmp_path / "elsewhere" / "leaderboard.md").read_text()


def test_a_cache_of_another_user_costs_only_time(ordinary, own_cache, tmp_path):
    words = ["run", "random", *TINY, "-s", "1", "-j", "1"]
    assert ordinary(*words, "-o", tmp_path / "one").status == 0
    entries = list(own_cache.glob("stages/*/*"))
    assert entries
    for entry in entries:
        entry.chmod(0)
    try:
        outcome = ordinary(*words, "-o", tmp_path / "two")
        assert outcome.status == 0, outcome.err
        assert rows(tmp_path / "one").equals(rows(tmp_path / "two"))
        assert ordinary("cache", "info").status == 0
    finally:
        for entry in entries:
            entry.chmod(0o700)


def test_what_cannot_be_deleted_from_the_cache_is_counted(ordinary, own_cache, tmp_path):
    assert ordinary("run", "random", *TINY, "-s", "1", "-o", tmp_path / "r").status == 0
    entries = list(own_cache.glob("stages/*/*"))
    for entry in entries:
        entry.chmod(0o500)
    cleared = ordinary("cache", "clear")
    for entry in entries:
        entry.chmod(0o700)
    assert f"{len(entries)} stage" in cleared.err
    assert "cannot be deleted" in cleared.err
    assert "deleted 0 stages" in cleared.out


def test_hidden_files_of_a_copy_are_passed_over_and_damaged_ones_are_counted(cli, results):
    cells = sorted((results / "cells").glob("*.json"))
    for cell in cells:
        cell.with_name(f"._{cell.name}").write_bytes(b"\0\5\x16\7")
    assert cli("leaderboard", results).status == 0
    for cell in cells[:3]:
        cell.write_text("{")
    refused(cli("leaderboard", results), cells[0].name, "is damaged", "2 other files cannot be read either")


@pytest.mark.parametrize("option", ["--cache-size", "--memory-limit", "--timeout"])
def test_infinity_is_no_limit(cli, option, tmp_path):
    outcome = cli("run", "random", *TINY, option, "inf", "-o", tmp_path)
    assert outcome.status == 0, outcome.err
    refused(cli("run", "random", *TINY, option, "nan", "-o", tmp_path), option)


# Parts


REPORTERS = """
import sys
from pslbench import reporter

class Unprintable:
    def __rich_console__(self, console, options):
        raise ValueError("no picture")
        yield

@reporter("unprintable")
def unprintable(results, reader):
    '''Return an object that cannot be printed.'''
    return Unprintable()

@reporter("malformed")
def malformed(results, reader):
    '''Return markup that cannot be parsed.'''
    return "[/bold]"

@reporter("leaver")
def leaver(results, reader):
    '''End the process.'''
    sys.exit(7)

@reporter("last")
def last(results, reader):
    '''Count the rows.'''
    return f"[bold]{len(results)}[/] rows counted"

@hookimpl
def pslbench_register():
    yield from (unprintable, malformed, leaver, last)
"""


def test_a_reporter_that_fails_while_it_is_printed_is_named(cli, plugin, results):
    outcome = cli("leaderboard", results, "--plugin", plugin(REPORTERS))
    assert outcome.status == 1
    failures = [line for line in outcome.err.splitlines() if line.startswith("warning: reporter ")]
    assert [line.split("'")[1] for line in failures] == ["unprintable", "malformed", "leaver"]
    assert "ValueError: no picture" in failures[0]
    assert "\n4 rows counted\n" in outcome.out


ASIDE = """
import beside
@strategy("aside", uses="x")
def aside(pool: Pool) -> PseudoLabels:
    '''Label the first samples.'''
    import further
    selected = np.arange(beside.SKIPPED, beside.SKIPPED + pool.budget) + further.MORE
    return PseudoLabels(selected, pool.label(selected))

@hookimpl
def pslbench_register():
    yield aside
"""


def test_a_plugin_file_can_import_the_modules_beside_it(plugin, tmp_path):
    (tmp_path / "beside.py").write_text("SKIPPED = 3\n")
    (tmp_path / "further.py").write_text("MORE = 0\n")
    (tmp_path / "numpy.py").write_text("1 / 0\n")  # an installed module of the same name comes first
    words = ["run", "aside", *TINY, "--plugin", plugin(ASIDE), "-o", tmp_path / "r"]
    outcome = command(*words)
    assert outcome.status == 0, outcome.err
    (tmp_path / "beside.py").write_text("SKIPPED = 4\n")
    again = command(*words)
    assert "already" not in again.err  # the module is part of the code of the strategy
    assert "2 rows of other code" in again.err
    reported = command("report", tmp_path / "r", "-f", "md", "--plugin", tmp_path / "mine.py")
    assert "2 rows of other code" in reported.err


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), 9)"])
def test_check_reports_a_part_that_ends_the_process(plugin, cli, end):
    path = plugin(f"""
import os

@strategy("deadly", uses="x")
def deadly(pool: Pool) -> PseudoLabels:
    '''End the process.'''
    {end}

@hookimpl
def pslbench_register():
    yield deadly
""")
    outcome = cli("check", "deadly", "--plugin", path)
    assert outcome.status == 1
    (line,) = outcome.err.strip().splitlines()
    assert "the process that checked deadly ended" in line


# Completion


@pytest.fixture
def complete(capfd, monkeypatch):
    """A function that returns what the shell offers at the end of a line."""

    def offered(line):
        monkeypatch.setenv("_PSLBENCH_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        with pytest.raises(SystemExit, match="0"):
            main([])
        out, err = capfd.readouterr()
        assert err == ""
        return out.split()

    return offered


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("pslbench lea", ["leaderboard"]),
        ("pslbench run cen", ["centroid", "centroid-only"]),
        ("pslbench compare random -t log", ["logreg"]),
        ("pslbench run random -d dig", ["digits"]),
        ("pslbench run random -e ups", []),
        ("pslbench run -c spec", ["spectral"]),
        ("pslbench run -e upr", ["upright"]),
        ("pslbench show agg", ["agglomerative"]),
        ("pslbench check fix", ["fixmatch"]),
        ("pslbench data check fash", ["fashion-mnist"]),
        ("pslbench report results -f lat", ["latex"]),
        ("pslbench list trai", ["trainer"]),
        ("pslbench new rep", ["reporter"]),
        ("pslbench run --plugin no-such-file.py cen", []),
    ],
)
def test_the_shell_completes_names_of_parts(complete, line, offered):
    assert complete(line) == offered


def test_the_shell_completes_parts_of_a_plugin_file(complete, plugin):
    path = plugin(ASIDE.replace("import beside", ""))
    assert complete(f"pslbench run --plugin {path} asi") == ["aside"]


def test_completion_imports_no_heavy_library():
    script = (
        "import sys; from pslbench.cli import main\ntry: main([])\nexcept SystemExit: pass\n"
        "print({'tensorflow', 'keras', 'sklearn', 'scipy', 'numpy', 'pandas'} & sys.modules.keys())"
    )
    here = {"_PSLBENCH_COMPLETE": "complete_bash", "COMP_WORDS": "pslbench run cen", "COMP_CWORD": "2"}
    words = [sys.executable, "-c", script]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **here}, check=True)
    assert done.stdout.split() == ["centroid", "centroid-only", "set()"]


def test_the_installed_completion_calls_pslbench(tmp_path):
    outcome = command(
        "--install-completion", "bash", HOME=str(tmp_path), _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1"
    )
    assert outcome.status == 0, outcome.err
    (script,) = [path for path in Path(tmp_path).rglob("*") if path.is_file() and path.name != ".bashrc"]
    assert "_PSLBENCH_COMPLETE=complete_bash" in script.read_text()
