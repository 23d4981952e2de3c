"""Runs: nothing finished is lost, limits hold, and rows do not depend on the number of workers or on Dask."""

import json
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd
import psutil
import pytest
from helpers import TINY, command, rows

SLOW = """
import os, time
from pathlib import Path

@strategy("slow", uses="x")
def slow(pool: Pool, *, seconds: float = 0.4) -> PseudoLabels:
    '''Takes its time, and notes that it ran.'''
    with open(os.environ["NOTES"], "a") as notes:
        notes.write("ran\\n")
    time.sleep(seconds)
    chosen = pool.rng.choice(len(pool), pool.budget, replace=False)
    return PseudoLabels(chosen, pool.label(chosen))

@strategy("once", uses="x")
def once(pool: Pool) -> PseudoLabels:
    '''Dies the first time.'''
    if not os.path.exists(os.environ["NOTES"]):
        Path(os.environ["NOTES"]).touch()
        os._exit(3)
    chosen = pool.rng.choice(len(pool), pool.budget, replace=False)
    return PseudoLabels(chosen, pool.label(chosen))

@strategy("hungry", uses="x")
def hungry(pool: Pool) -> PseudoLabels:
    '''Wants two gigabytes.'''
    hoard = np.ones(2**28)
    time.sleep(20)
    return hoard

@strategy("parent", uses="x")
def parent(pool: Pool) -> PseudoLabels:
    '''Dies, and leaves a child that holds the pipe open.'''
    import subprocess
    subprocess.Popen(["sleep", "120"], close_fds=False, start_new_session=True)
    os._exit(3)

class Constant:
    def __init__(self, n_classes):
        self.n_classes = n_classes

    def predict_proba(self, x):
        return np.full((len(x), self.n_classes), 1 / self.n_classes, np.float32)

@trainer("constant")
def constant(data):
    '''Gives every class the same probability.'''
    return Constant(data.n_classes)

@hookimpl
def pslbench_register():
    yield from (slow, once, hungry, parent, constant)
"""
CELLS = ["-d", "digits", "-t", "logreg", "-b", "40"]


@pytest.fixture
def notes(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    return tmp_path / "notes"


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "pslbench", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )


def finished(folder):
    return {path.name for path in (folder / "cells").glob("*.json")}


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def workers(process):
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.Error):  # it may end at this very moment
            found += [child] if "pslbench.execution.worker" in child.cmdline() else []
    return found


@pytest.mark.parametrize("moment", [0, 1, 3, 5])
def test_sigkill_at_any_moment_loses_nothing_and_runs_nothing_twice(plugin, notes, tmp_path, own_cache, moment):
    given = ["run", "slow", *CELLS, "-s", "6", "-j", "2", "--plugin", plugin(SLOW)]
    run = start(*given, "-o", tmp_path / "killed")
    until(lambda: run.poll() is not None or len(finished(tmp_path / "killed")) >= moment)
    run.send_signal(signal.SIGKILL)
    run.wait()
    there = {name: (tmp_path / "killed" / "cells" / name).read_bytes() for name in finished(tmp_path / "killed")}
    resumed = command(*given, "-o", tmp_path / "killed")
    assert resumed.status == 0, resumed.err
    assert len(finished(tmp_path / "killed")) == 6
    for name, content in there.items():
        assert (tmp_path / "killed" / "cells" / name).read_bytes() == content
    assert notes.read_text().count("ran") <= 6 + 2  # what was running when it was killed
    undisturbed = command(*given, "-o", tmp_path / "undisturbed", "--cache-dir", tmp_path / "other")
    assert undisturbed.status == 0
    pd.testing.assert_frame_equal(rows(tmp_path / "killed"), rows(tmp_path / "undisturbed"), check_exact=True)


def test_a_killed_worker_costs_a_second_try_and_the_others_never_notice(plugin, notes, tmp_path):
    run = start("run", "slow:seconds=1", *CELLS, "-s", "4", "-j", "2", "-o", tmp_path / "r", "--plugin", plugin(SLOW))
    until(lambda: notes.exists() and len(workers(run)) == 2)
    workers(run)[0].kill()
    _, err = run.communicate(timeout=120)
    assert run.returncode == 0, err
    assert rows(tmp_path / "r").status.tolist() == ["ok"] * 4
    assert notes.read_text().count("ran") <= 5


def test_a_cell_whose_worker_dies_once_is_run_again(plugin, notes, tmp_path):
    outcome = command("run", "once", *CELLS, "-s", "1", "-o", tmp_path / "r", "--plugin", plugin(SLOW))
    assert outcome.status == 0, outcome.err
    assert notes.exists()


def test_ctrl_c_saves_what_is_done_shows_it_and_leaves_no_process(plugin, notes, tmp_path):
    given = ["run", "slow:seconds=3", *CELLS, "-s", "9", "-j", "2", "-o", tmp_path / "r", "--plugin", plugin(SLOW)]
    run = start(*given)
    until(lambda: len(finished(tmp_path / "r")) >= 2)
    children = workers(run)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert b"slow" in out
    assert b"interrupted" in err
    assert b"Traceback" not in err
    assert 2 <= len(finished(tmp_path / "r")) < 9
    until(lambda: not any(child.is_running() for child in children))


def test_cells_that_take_too_long_or_too_much_are_ended_and_the_others_go_on(plugin, notes, tmp_path):
    given = ["run", "slow:seconds=60", "hungry", "random", *CELLS, "-s", "1", "-o", tmp_path / "r"]
    outcome = command(*given, "--plugin", plugin(SLOW), "--timeout", "8", "--memory-limit", "1")
    assert outcome.status == 1
    errors = rows(tmp_path / "r").set_index("strategy").error
    assert errors["hungry"].startswith("MemoryLimit: it used")
    assert errors["hungry"].endswith(" MiB")
    assert errors["slow:seconds=60.0"] == "Timeout: it took longer than 8 seconds"
    assert pd.isna(errors["random"])
    assert "2 of 3 cells failed" in outcome.err


def test_the_timeout_counts_from_the_moment_a_worker_is_ready(plugin, notes, tmp_path):
    path = plugin(SLOW.replace("import os, time", "import os, time\ntime.sleep(1.5)"))
    given = ["run", "random", "-d", "digits", "-t", "constant", "-b", "40", "-s", "2", "-j", "2", "--timeout", "1"]
    outcome = command(*given, "-o", tmp_path / "r", "--plugin", path)
    assert outcome.status == 0, outcome.err


def test_a_worker_that_never_becomes_ready_is_ended(plugin, tmp_path):
    waits = "import sys, time\nif sys.argv[0].endswith('worker.py'):\n    time.sleep(100)\n"
    path = plugin(SLOW.replace("import os, time", f"{waits}import os, time"))
    impatient = "import sys; import pslbench.execution.worker_process as w; w.START_TIMEOUT = 3; "
    impatient += "from pslbench.cli import main; sys.exit(main(sys.argv[1:]))"
    given = ["run", "random", *CELLS, "-s", "1", "-o", str(tmp_path / "r"), "--plugin", str(path)]
    subprocess.run([sys.executable, "-c", impatient, *given], capture_output=True, timeout=60)
    assert "it was not ready within 3 seconds" in rows(tmp_path / "r").error[0]


def test_a_child_that_outlives_its_worker_does_not_stop_the_run(plugin, notes, tmp_path):
    given = ["run", "parent", "random", *CELLS, "-s", "1", "-o", tmp_path / "r", "--plugin", plugin(SLOW)]
    start = time.monotonic()
    assert command(*given).status == 1
    assert time.monotonic() - start < 100
    errors = rows(tmp_path / "r").set_index("strategy").error
    assert errors["parent"].startswith("WorkerDied")
    assert pd.isna(errors["random"])


def test_failures_stay_until_they_are_retried(plugin, notes, tmp_path):
    given = ["run", "slow:seconds=3", *CELLS, "-s", "1", "-o", tmp_path / "r", "--plugin", plugin(SLOW)]
    assert command(*given, "--timeout", "2").status == 1
    again = command(*given)
    assert again.status == 1
    assert "1 of 1 cell is finished already" in again.err
    shown = command("leaderboard", tmp_path / "r")
    for said in (again.err, shown.err):
        assert "repeat the command with --retry-failed" in said
        assert "remove its file from" in said
    shutil.rmtree(tmp_path / "r" / "cells")
    assert "remove its file" not in command("leaderboard", tmp_path / "r").err
    assert command(*given, "--retry-failed").status == 0
    assert rows(tmp_path / "r").status.tolist() == ["ok"]


def test_fresh_runs_all_cells_again(plugin, notes, tmp_path):
    given = ["run", "slow", *CELLS, "-s", "2", "-o", tmp_path / "r", "--plugin", plugin(SLOW)]
    assert command(*given).status == 0
    assert command(*given, "--fresh").status == 0
    assert notes.read_text().count("ran") == 4


def test_fresh_keeps_a_row_whose_cell_now_fails_and_says_so(plugin, notes, tmp_path):
    given = ["run", "slow:seconds=3", *CELLS, "-s", "1", "-o", tmp_path / "r", "--plugin", plugin(SLOW)]
    assert command(*given).status == 0
    before, files = rows(tmp_path / "r"), sorted((tmp_path / "r" / "predictions").iterdir())
    again = command(*given, "--fresh", "--timeout", "2", "--cache-dir", tmp_path / "empty")
    assert again.status == 1
    assert "failed with Timeout" in again.err
    assert "the earlier rows of 1 failed cell are kept" in again.err
    assert "remove its file" not in again.err
    pd.testing.assert_frame_equal(rows(tmp_path / "r"), before)
    assert sorted((tmp_path / "r" / "predictions").iterdir()) == files


@pytest.mark.parametrize("more", [["--dask", "local", "--explain-cache"], ["--dask", "tcp://127.0.0.1:9"]])
def test_fresh_loses_no_row_if_the_run_cannot_start(more, tmp_path):
    given = ["run", "random", *CELLS, "-s", "2", "-o", tmp_path / "r"]
    assert command(*given).status == 0
    before = rows(tmp_path / "r")
    assert command(*given, "--fresh", *more).status == 2
    assert len(finished(tmp_path / "r")) == 2
    assert command("leaderboard", tmp_path / "r").status == 0
    pd.testing.assert_frame_equal(rows(tmp_path / "r"), before)


def test_a_second_run_on_the_same_folder_is_told_so(plugin, notes, tmp_path):
    given = ["run", "slow:seconds=12", *CELLS, "-s", "1", "-o", tmp_path / "r", "--plugin", plugin(SLOW)]
    first = start(*given)
    until(lambda: (tmp_path / "r" / ".owner").exists())
    second = command(*given)
    assert second.status == 2
    assert f"another run (process {first.pid}) is writing to" in second.err
    first.communicate(timeout=120)
    assert first.returncode == 0


def test_a_full_disk_is_said_in_one_line_and_nothing_half_written_counts(tmp_path):
    given = ["run", "random", *CELLS, "-s", "2", "-j", "1", "-o", str(tmp_path / "r")]
    limited = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000)); "
    limited += "from pslbench.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", limited, *given], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2, done.stderr
    assert "cannot write to" in done.stderr
    assert "Traceback" not in done.stderr
    assert finished(tmp_path / "r") == set()
    resumed = command(*given)
    assert resumed.status == 0, resumed.err
    assert len(rows(tmp_path / "r")) == 2


def test_rows_are_the_same_on_dask_and_a_killed_dask_worker_costs_nothing(plugin, notes, tmp_path):
    pytest.importorskip("distributed")
    given = ["run", "centroid", "slow:seconds=1", *TINY, "--plugin", plugin(SLOW)]
    alone = command(*given, "-j", "1", "-o", tmp_path / "alone", "--cache-dir", tmp_path / "one")
    assert alone.status == 0, alone.err
    run = start(*given, "--dask", "local", "-j", "2", "-o", tmp_path / "dask", "--cache-dir", tmp_path / "two")
    until(lambda: len(workers(run)) == 2)
    psutil.Process(workers(run)[0].pid).parent().kill()
    _, err = run.communicate(timeout=180)
    assert run.returncode == 0, err.decode()
    pd.testing.assert_frame_equal(rows(tmp_path / "alone"), rows(tmp_path / "dask"), check_exact=True)


def test_no_dask_at_the_address(tmp_path):
    outcome = command("run", "random", *TINY, "-o", tmp_path, "--dask", "tcp://127.0.0.1:9")
    assert outcome.status == 2
    last_line = outcome.err.strip().splitlines()[-1]
    assert "no Dask scheduler answers at 'tcp://127.0.0.1:9'" in last_line
    assert last_line.endswith("; start one with the command dask scheduler, or use --dask local")


def test_dry_run_says_what_would_be_run_and_runs_nothing(plugin, notes, tmp_path):
    given = ["run", "slow", *CELLS, "-o", tmp_path / "r", "--plugin", plugin(SLOW)]
    before = command(*given, "-s", "2", "--dry-run", "--cache-dir", tmp_path / "cache")
    assert before.status == 0, before.err
    assert not (tmp_path / "cache").exists()
    assert "2 cells: 0 done, 0 cached, 2 to run" in before.out
    assert "2 without an estimate: no such cell has succeeded in " in before.out
    assert not (tmp_path / "r").exists()
    assert command(*given, "-s", "2").status == 0
    after = command(*given, "-s", "5", "--dry-run")
    assert "5 cells: 2 done, 0 cached, 3 to run" in after.out
    assert "about 0:00:0" in after.out


def test_a_config_says_all_that_options_say_and_options_win(tmp_path):
    config = tmp_path / "mine.toml"
    saved = command("run", "random", "centroid", *TINY, "-o", tmp_path / "r", "--save-config", config)
    assert saved.status == 0, saved.err
    assert not (tmp_path / "r").exists()
    assert command("run", "--config", config).status == 0
    assert set(rows(tmp_path / "r").strategy) == {"random", "centroid"}
    assert command("run", "random", "--config", config, "-s", "3", "-o", tmp_path / "s").status == 0
    assert rows(tmp_path / "s").strategy.tolist() == ["random"] * 3
    assert "exists already; remove it" in command("run", "--all", *TINY, "--save-config", config).err
    config.unlink()
    everything = command("run", "--all", *TINY, "--save-config", config)
    assert f"use them with --config {config}" in everything.out
    assert "all = true" in config.read_text()
    asked = command("run", "--all", *TINY, "--dry-run")
    assert command("run", "--config", config, "--dry-run").out == asked.out
    config.write_text('bugdet = "3"\n')
    wrong = command("run", "random", "--config", config)
    assert wrong.status == 2
    assert "did you mean 'budget'?" in wrong.err
    named = f"(options are also read from {config})"
    for text, says in {
        "budget = ": "TOML",
        "budget = []": "'budget' is an empty list",
        "[budget]": "'budget' is a table; write budget = ...",
        "seeds = [3, 7]": "'seeds' takes one value",
        "seeds = 'few'": f"seeds 'few' are not numbers; write 5 for seeds 0 to 4, or 3,7 for these two {named}",
        "jobs = 'x'": f"--jobs': it must be a valid integer; for help, run pslbench run --help {named}",
        "\ufefftimeout = -1": "'--timeout': it must be greater than or equal to 0",
    }.items():
        config.write_text(text, encoding="utf-8")
        wrong = command("run", "random", "--config", config)
        assert wrong.status == 2
        assert says in wrong.err


def test_rows_share_a_fingerprint_and_the_manifest_names_it(tmp_path):
    assert command("run", "random", *TINY, "-o", tmp_path).status == 0
    found = [json.loads(path.read_text()) for path in (tmp_path / "cells").glob("*.json")]
    assert len({row["fingerprint"] for row in found}) == 1
    assert len({row["key"] for row in found}) == 2
    (run,) = json.loads((tmp_path / "manifest.json").read_text())["runs"]
    assert run["fingerprints"] == [["digits", 40, "random", "-", "-", "logreg", found[0]["fingerprint"]]]
    assert run["dataset_checksums"] == {"digits": found[0]["checksum"]}
    assert {"pslbench", "numpy", "scikit-learn"} <= run["versions"].keys()


def test_tables_show_the_rows_of_the_code_of_the_last_run(plugin, notes, tmp_path):
    path = plugin(SLOW)
    given = ["run", "slow:seconds=0", *CELLS, "-o", tmp_path / "r", "--plugin", path]
    assert command(*given, "-s", "3").status == 0
    path.write_text(path.read_text().replace("sleep(seconds)", "sleep(2 * seconds)"))
    assert command(*given, "-s", "1").status == 0
    assert len(rows(tmp_path / "r")) == 1
    path.write_text(path.read_text().replace("sleep(2 * seconds)", "sleep(seconds)"))
    again = command(*given, "-s", "3")
    assert "3 of 3 cells are finished already" in again.err
    assert len(rows(tmp_path / "r")) == 3


def test_an_interrupted_fresh_run_replaces_finished_cells_only(plugin, notes, tmp_path):
    given = ["run", "slow", *CELLS, "-s", "4", "-j", "1", "-o", tmp_path / "r", "--plugin", plugin(SLOW)]
    assert command(*given).status == 0
    run = start(*given, "--fresh")
    until(lambda: notes.read_text().count("ran") == 6)
    run.kill()
    run.wait()
    assert len(finished(tmp_path / "r")) == 4


def test_a_module_of_the_users_folder_hides_none_of_the_workers(plugin, notes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "queue.py").write_text("raise RuntimeError('not the one')")
    outcome = subprocess.run(
        [Path(sys.executable).with_name("pslbench"), "run", "random", *TINY, "-o", "r"], capture_output=True, text=True
    )
    assert outcome.returncode == 0, outcome.stderr


def test_compare_has_a_dry_run(tmp_path):
    outcome = command("compare", "random", "centroid", *TINY, "-o", tmp_path / "r", "--dry-run")
    assert outcome.out.startswith("4 cells: 0 done"), outcome.err
    assert not (tmp_path / "r").exists()
