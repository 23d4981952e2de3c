"""The suite from Python: `pslbench.run`, `pslbench.load` and their results, in scripts."""

import asyncio
import dataclasses
import inspect
import json
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import command, rows
from typer.main import get_command

import pslbench
from pslbench.cli import app

ROOT = Path(__file__).parents[1]
TASK = {"dataset": "digits", "budget": 40, "trainer": "logreg", "seeds": 3}
FIRST = '''
import pslbench

@pslbench.strategy("first", uses="x")
def first(pool: pslbench.Pool, *, skip: int = 0) -> pslbench.PseudoLabels:
    """Label the first samples."""
    selected = range(skip, skip + pool.budget)
    return pslbench.PseudoLabels(selected, pool.label(selected))
'''
TINY_RUN = 'results = pslbench.run({}, dataset="digits", budget=40, trainer="logreg", seeds=1, output="out", jobs=1)\n'


def python(folder: Path, source: str, name: str = "script.py") -> subprocess.CompletedProcess[str]:
    """Run a script in its folder, as users do."""
    (folder / name).write_text(source)
    return subprocess.run([sys.executable, name], cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return pslbench.run(["centroid", "random"], **TASK, output=tmp_path_factory.mktemp("results"))


def test_the_lines_of_the_readme_work(tmp_path):
    section = (ROOT / "README.md").read_text().partition("## From Python")[2]
    lines = re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]
    assert lines in (ROOT / "docs" / "python.md").read_text()
    done = python(tmp_path, lines + "print(results.compare('centroid', 'random'))")
    assert done.returncode == 0, done.stderr
    assert "better than" in done.stdout or "cannot be" in done.stdout
    assert {"report.html", "results"} <= {path.name for path in tmp_path.iterdir()}
    assert "leaderboard" in (tmp_path / "report.html").read_text()
    assert len(pd.read_csv(tmp_path / "results" / "latest" / "results.csv")) == 6


def test_the_arguments_are_the_options_of_the_command():
    arguments = {
        name: parameter.default for name, parameter in inspect.signature(pslbench.run, eval_str=True).parameters.items()
    }
    options = {parameter.name: parameter.default for parameter in get_command(app).commands["run"].params}
    for name in ("help", "dry_run", "config", "save_config"):
        options.pop(name, None)
    assert list(arguments) == list(options)

    def plain(value):
        items = value if isinstance(value, list | tuple) else [] if value is None else [value]
        return [str(item) for item in items]

    assert {name: plain(value) for name, value in arguments.items()} == {n: plain(v) for n, v in options.items()}


def test_importing_pslbench_imports_nothing_heavy():
    script = (
        "import sys, pslbench; heavy = {'numpy', 'pandas', 'rich', 'typer', 'tqdm', 'IPython', 'matplotlib'}; "
        "assert {'run', 'load', 'Results'} <= {*dir(pslbench)}; print(*heavy & sys.modules.keys()); pslbench.run"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


def test_the_command_line_finds_what_python_has_computed(results, cli, tmp_path):
    outcome = cli("run", "centroid", "random", "-d", "digits", "-b", 40, "-t", "logreg", "-o", results.folder)
    assert "6 of 6 cells are finished already" in outcome.err
    assert command("run", "centroid", "random", "-d", "digits", "-b", 40, "-t", "logreg", "-o", tmp_path).status == 0
    pd.testing.assert_frame_equal(rows(results.folder), rows(tmp_path), check_exact=True)
    written = json.loads((results.folder / "manifest.json").read_text())["runs"][0]["command"]
    assert (
        written
        == f"pslbench run centroid random --dataset digits --trainer logreg --budget 40 --output {results.folder}"
    )


def test_the_frames_are_those_of_the_files(results):
    board, table = pd.read_csv(results.folder / "leaderboard.csv"), pd.read_csv(results.folder / "results.csv")
    assert list(results.leaderboard()) == list(board)
    assert list(results.to_frame()) == list(table)
    assert results.to_frame().key.tolist() == table.key.tolist() == [row.key for row in results.rows]
    np.testing.assert_allclose(results.leaderboard().test_accuracy, board.test_accuracy)


def test_a_notebook_shows_the_leaderboard_of_the_terminal(results, cli):
    board = results.leaderboard()
    html = board._repr_html_()
    for line in cli("leaderboard", results.folder).out.splitlines()[:2]:
        for word in line.split():
            assert word in html
    assert "half-width" in html
    for changed in (board.head(1), board.rename(columns={"strategy": "name"}), board[board.strategy == "random"]):
        assert "<table" in changed._repr_html_()
    board["strategy"] = "none"
    assert "<table" in board._repr_html_()
    assert isinstance(board, pd.DataFrame)


def test_a_comparison_has_numbers_and_a_sentence(results):
    comparison = results.compare("centroid", "random")
    table = results.to_frame().pivot_table("test_accuracy", "seed", "strategy")
    difference = (table.centroid - table.random).mean()
    assert comparison.difference.mean == comparison.differences["test_accuracy"].mean == pytest.approx(difference)
    assert comparison.difference.low < difference < comparison.difference.high
    assert (comparison.a, comparison.b, comparison.seeds) == ("centroid", "random", 3)
    assert comparison.is_significant == (comparison.p < 0.05)
    assert str(comparison) == comparison.sentence
    assert "differences are paired" in comparison._repr_html_()
    with pytest.raises(dataclasses.FrozenInstanceError):
        comparison.sentence = "no"


def test_a_choice_that_is_not_unique_names_the_filter(tmp_path):
    results = pslbench.run(["centroid", "random"], **{**TASK, "budget": [20, 40]}, output=tmp_path)
    with pytest.raises(pslbench.InputError, match=r"2 ways.*\.filter\(budget=20\)"):
        results.compare("centroid", "random")
    assert results.filter(budget=20, strategy=["cent*", "random"]).compare("centroid", "random").seeds == 3
    assert len(results.filter(strategy="random").leaderboard()) == 2
    assert results.plot().axes
    with pytest.raises(pslbench.InputError, match="did you mean 'centroid'"):
        results.compare("centroids", "random")
    with pytest.raises(pslbench.InputError, match="unknown column"):
        results.filter(color="red")


def test_a_figure_has_an_image_for_notebooks(results):
    assert results.plot()._repr_png_().startswith(b"\x89PNG")


def test_load_opens_a_folder(results, cli, tmp_path):
    loaded = pslbench.load(results.folder)
    assert [row.key for row in loaded.rows] == [row.key for row in results.rows]
    assert loaded.report(tmp_path / "page.html") == tmp_path / "page.html"
    assert "6 cells" in repr(loaded)
    with pytest.raises(pslbench.InputError) as caught:
        pslbench.load(tmp_path)
    assert str(caught.value) in cli("leaderboard", tmp_path).err


WRONG = {
    "unknown strategy": (["randm"], {}),
    "no strategy": ([], {}),
    "repeated strategy": (["random", "random"], {}),
    "budget above the pool": (["random"], {"budget": 5000}),
    "budget of zero": (["random"], {"budget": 0}),
    "seeds": (["random"], {"seeds": "many"}),
    "unknown trainer": (["random"], {"trainer": "logrek"}),
    "missing dataset": (["random"], {"dataset": "nowhere/data.npz"}),
    "missing plugin": (["random"], {"plugin": "nowhere.py"}),
    "unknown plugin": (["random"], {"no_plugin": "nowhere"}),
    "output": (["random"], {"output": "/proc/nowhere"}),
}


@pytest.mark.parametrize("name", WRONG)
def test_errors_have_the_message_of_the_command_line(name, cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    strategies, changed = WRONG[name]
    arguments = {**TASK, **changed}
    with pytest.raises(pslbench.InputError) as caught:
        pslbench.run(strategies, **arguments)
    options = [word for key, value in arguments.items() for word in (f"--{key.replace('_', '-')}", value)]
    outcome = cli("run", *strategies, *options)
    assert outcome.status == 2
    assert outcome.err == f"error: {caught.value}\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"jobs": -1}, "at least 0"),
        ({"jobs": 1.5}, "whole number"),
        ({"timeout": "long"}, "number"),
        ({"output": 3}, "path"),
        ({"dataset": 3}, "Dataset"),
        ({"trainer": print}, "decorate"),
    ],
)
def test_values_of_wrong_types_are_refused(arguments, word, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(pslbench.InputError, match=word):
        pslbench.run("random", **{**TASK, **arguments})


def test_parts_that_cannot_be_passed_are_explained_in_one_line(tmp_path):
    weights, namespace = np.ones(3), {"strategy": pslbench.strategy}

    @pslbench.strategy("weighted")
    def weighted(pool):
        return weights

    @pslbench.strategy("random")
    def random(pool):
        return None

    @pslbench.strategy("untyped")
    def untyped(pool, *, size):
        return size

    calls = [lambda pool: pool]

    @pslbench.strategy("lambdas")
    def lambdas(pool):
        return calls

    def plain(pool):
        return None

    exec('@strategy("ghost")\ndef ghost(pool):\n    return None', namespace)
    expected = {
        "'weights' with a value of type ndarray": weighted,
        "'random' is taken": random,
        "source of 'ghost' is not available": namespace["ghost"],
        "decorate it": plain,
        "not written with a decorator": pslbench.strategy("called")(plain),
        "'linear' is a trainer": pslbench.trainer("linear")(plain),
        "needs a type": untyped,
        "uses a lambda": lambdas,
    }
    for words, part in expected.items():
        with pytest.raises(pslbench.InputError, match=words) as caught:
            pslbench.run([part], **TASK, output=tmp_path / "out")
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_script_without_a_guard_is_not_run_again_by_its_workers(tmp_path):
    (tmp_path / "beside.py").write_text("def count(pool):\n    return pool.budget\n")
    source = '''
with open("started.txt", "a") as file:
    file.write("started\\n")

import pathlib
import numpy as np
import pslbench
import scipy.ndimage
from beside import count

SHARES = {"all": [1.0, np.float64(0.5)], "none": (), "one": (1,)}
FOLDER = pathlib.Path("data")
same = lambda value: value


class Order:
    """An order of samples."""

    def __call__(self, pool):
        return np.argsort(scipy.ndimage.gaussian_filter(pool.x.sum(axis=(1, 2, 3)), 1), kind="stable")


def size(pool):
    assert FOLDER.name == "data"
    return count(pool)


CALLS = {"size": size}


def main():
    weight = 2

    @pslbench.strategy("sums", uses="x")
    def sums(pool):
        """Label the samples with the smallest sums."""
        x = Order()(pool)[: int(weight * SHARES["all"][1] * CALLS["size"](pool) * same(SHARES["one"][0]))]
        return pslbench.PseudoLabels(x, pool.label(x))

    return pslbench.run([sums, "random"], dataset="digits", budget=40, trainer="logreg", seeds=2, output="out", jobs=2)


x = np.ones(3)
results = main()
assert len(results.rows) == 4 and all(row.ok for row in results.rows), [row.error for row in results.rows]
'''
    done = python(tmp_path, source)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "started.txt").read_text() == "started\n"
    files = [path.read_text() for path in (tmp_path / "out" / "parts").iterdir()]
    assert len(files) == 1
    assert "started" not in files[0]
    written = json.loads((tmp_path / "out" / "manifest.json").read_text())["runs"][0]["command"]
    program = [sys.executable, "-m", *shlex.split(written)]
    again = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True)
    assert "4 of 4 cells are finished already" in again.stderr, again.stderr


def test_a_part_that_is_passed_as_plugin_takes_parameters(tmp_path):
    run = TINY_RUN.format('["first:skip=0|5", "random"], plugin=first')
    done = python(tmp_path, FIRST + run + "print(*results.leaderboard().strategy)")
    assert set(done.stdout.split()) == {"first", "first:skip=5", "random"}  # the default is not written


def test_a_default_that_has_changed_since_is_reported(tmp_path):
    source = FIRST.replace("\n@", "\nSKIP = 0\n@", 1).replace("skip: int = 0", "skip: int = SKIP") + "SKIP = 1\n"
    done = python(tmp_path, source + TINY_RUN.format("first"))
    assert "has changed since it was defined" in done.stderr.splitlines()[-1]


def test_a_plugin_file_and_a_script_with_the_same_function_have_the_same_key(tmp_path, cli):
    register = "\n@pslbench.hookimpl\ndef pslbench_register():\n    yield first\n"
    (tmp_path / "mine.py").write_text(FIRST + register)
    results = python(tmp_path, FIRST + TINY_RUN.format("first"))
    assert results.returncode == 0, results.stderr
    options = [
        "-d",
        "digits",
        "-b",
        40,
        "-t",
        "logreg",
        "-s",
        1,
        "-o",
        tmp_path / "out",
        "--plugin",
        tmp_path / "mine.py",
    ]
    assert "1 of 1 cell is finished already" in cli("run", "first", *options, "-o", tmp_path / "out").err


def test_a_part_of_a_module_is_imported_from_it(tmp_path):
    (tmp_path / "mine.py").write_text(FIRST + "TABLE = [object()]\n")
    done = python(tmp_path, "import pslbench\nfrom mine import first\n" + TINY_RUN.format("first"))
    assert done.returncode == 0, done.stderr
    (file,) = (tmp_path / "out" / "parts").iterdir()
    assert "from mine import first" in file.read_text()


def test_a_built_in_part_needs_no_file(tmp_path):
    from pslbench.strategies.random import random

    results = pslbench.run(random, **{**TASK, "seeds": 1}, output=tmp_path)
    assert results.rows[0].strategy == "random"
    assert not (tmp_path / "parts").exists()


def test_arrays_are_a_dataset(arrays, cli, tmp_path):
    x = {name: array.reshape(len(array), 8, 8, 1) for name, array in arrays.items() if name.startswith("x")}
    data = pslbench.Dataset("blobs", x["x_train"], arrays["y_train"], x["x_test"], arrays["y_test"], ("dark", "light"))
    task = {"budget": 4, "trainer": "logreg", "seeds": 2, "output": tmp_path / "out"}
    results = pslbench.run("centroid", dataset=data, **task)
    assert {row.dataset for row in results.rows} == {"blobs"}
    assert all(row.ok and row.checksum == data.checksum for row in results.rows)
    assert "blobs" in results.leaderboard()._repr_html_()
    assert "light" in results.report().read_text()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "cells").iterdir()}
    pslbench.run("centroid", dataset=dataclasses.replace(data), **task)
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "cells").iterdir()}
    assert cli("report", tmp_path / "out").status == 0  # finds the arrays without the plugin
    assert "light" in (tmp_path / "out" / "report.html").read_text()
    other = dataclasses.replace(data, y_train=1 - data.y_train)
    pslbench.run("centroid", dataset=other, **task)
    assert len(list((tmp_path / "out" / "cells").iterdir())) == 4
    for name, word in {"digits": "is taken", "two words": "white space"}.items():
        with pytest.raises(pslbench.InputError, match=word):
            pslbench.run("centroid", dataset=dataclasses.replace(data, name=name), **task)


def test_a_cell_that_fails_is_a_row_with_its_error(tmp_path, capfd):
    @pslbench.strategy("broken", uses="x")
    def broken(pool):
        """Fail."""
        raise ValueError("no idea")

    results = pslbench.run([broken, "random"], **{**TASK, "seeds": 1}, output=tmp_path)
    assert results.to_frame().set_index("strategy").error["broken"] == "ValueError: no idea"
    err = capfd.readouterr().err
    assert "broken, 40 labels, seed 0: failed with ValueError: no idea" in err
    assert "1 of 2 cells failed" in err


def test_run_works_while_an_event_loop_is_running(tmp_path):
    async def main() -> int:
        return len(pslbench.run("random", **{**TASK, "seeds": 1}, output=tmp_path).rows)

    assert asyncio.run(main()) == 1


def test_an_interrupted_run_keeps_its_finished_cells(tmp_path):
    slow = FIRST.replace("    selected", "    import time; time.sleep(0.5)\n    selected", 1)
    source = slow + TINY_RUN.format("first").replace("seeds=1", "seeds=6") + "print(len(results.rows))"
    (tmp_path / "script.py").write_text(source)
    process = subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )
    while not list(tmp_path.glob("out/cells/*.json")):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    last = process.communicate(timeout=60)[1].splitlines()[-1]
    saved = len(list(tmp_path.glob("out/cells/*.json")))
    assert re.search(rf"KeyboardInterrupt: .*{saved} finished cell.*call it again to continue", last)
    assert len(pd.read_csv(tmp_path / "out" / "results.csv")) == saved < 6
    assert python(tmp_path, source).stdout.strip() == "6"


def test_a_script_that_dask_imports_is_told_to_have_a_guard(tmp_path):
    pytest.importorskip("distributed")
    done = python(tmp_path, "import pslbench\n" + TINY_RUN.format("'random', dask='local'"))
    assert done.returncode == 1
    assert "if __name__ == '__main__':" in done.stderr.splitlines()[-1]
    guarded = "import pslbench\nif __name__ == '__main__':\n    " + TINY_RUN.format("first, dask='local'")
    done = python(tmp_path, FIRST + guarded)
    assert done.returncode == 0, done.stderr
