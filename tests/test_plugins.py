"""Plugins are found, selected by name and excluded; a failing plugin does not affect the others."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import TINY, command

from pslbench.plugins.discovery import discover
from pslbench.testing import pool

GOOD = """
@strategy("first", uses="x")
def first(pool: Pool, *, skip: int = 0) -> PseudoLabels:
    '''Label the first samples.'''
    selected = np.arange(skip, skip + pool.budget)
    return PseudoLabels(selected, pool.label(selected))

@hookimpl
def pslbench_register():
    yield first
"""


def test_a_plugin_file_registers_a_strategy(plugin, tmp_path, cli):
    path = plugin(GOOD)
    listed = cli("list", "strategies", "--plugin", path)
    (row,) = [line for line in listed.out.splitlines() if "Label the first samples." in line]
    assert row.split()[:3] == ["strategy", "first", "mine"]
    shown = cli("show", "first", "--plugin", path)
    assert "skip" in shown.out
    assert "int" in shown.out
    outcome = command("run", "first:skip=5", *TINY, "-o", tmp_path / "r", "--plugin", path)
    assert outcome.status == 0, outcome.err
    assert "first:skip=5" in outcome.out


def test_an_installed_package_registers_an_embedder(cli):
    assert "hog" in cli("list", "embedder").out
    assert "pslbench-hog" in cli("plugins").out
    off = cli("plugins", "--no-plugin", "hog")
    assert "off" in off.out
    assert "hog" not in cli("list", "embedder", "--no-plugin", "hog").out


def test_an_excluded_plugin_is_not_imported():
    script = "import sys; from pslbench.plugins.discovery import discover; discover(off=['hog']); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "pslbench.strategies.centroid" in modules
    assert "pslbench_hog" not in modules


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            "import nothing_of_that_name.inside",
            "it needs the module 'nothing_of_that_name', which is missing; run for example: "
            "pip install nothing_of_that_name",
        ),
        (
            "raise SystemExit('no licence')",
            "it ends the process (SystemExit: no licence); a plugin that cannot work must raise ImportError",
        ),
        ("pslbench_api = 99" + GOOD, "it needs API 99"),
        ("pslbench_api = 99\nfrom pslbench import Newer", "it needs API 99"),
        ("pslbench_api = '1'" + GOOD, "its pslbench_api is '1'; write a whole number"),
        (
            GOOD.replace(
                "yield first", "import functools\n    yield strategy('half')(functools.partial(first.function))"
            ),
            "strategy 'half' must be a function",
        ),
        (GOOD + "\n@hookimpl\ndef pslbench_cell_finishd(result): ...\n", "did you mean 'pslbench_cell_finished'?"),
        (GOOD + "\n@hookimpl\ndef pslbench_run_started(plans): ...\n", "plans"),
        ("raise SystemError('broken')", "it fails with SystemError: broken; pslbench plugins --verbose, with the same"),
        ("def (", "SyntaxError"),
        ("x = 1", "cannot be loaded: it implements no hook; add"),
        (GOOD.replace("pslbench_register", "pslbench_regster"), "pslbench_regster"),
        (GOOD.replace("yield first", "yield first.function"), "which is not a part; decorate a function"),
        (
            GOOD.replace("yield first", "yield strategy(first.function)"),
            "a decorator without a name; decorate a function",
        ),
        (GOOD.replace('"first"', '"centroid"'), "'centroid' is taken"),
        (GOOD.replace("yield first", "yield first; yield first"), "it registers two strategy parts named 'first'"),
        (GOOD.replace("skip: int = 0", "skip: list = []"), "a user cannot type a list"),
        (GOOD.replace("pool: Pool, *", "pool: Pool, seed, *"), "a strategy draws from pool.rng"),
        ("class Mute(Exception):\n    __str__ = None\n\nraise Mute", "cannot be loaded: it fails with Mute; "),
        (GOOD.replace('"first"', '"my first"'), "white space; choose another"),
        (GOOD.replace('"first"', '"all"'), "'all' stands for every part; choose another"),
        (GOOD.replace('"first"', '"-"'), "starts with '-'"),
        (GOOD.replace("skip: int", "skip"), "parameter 'skip' needs a type"),
        (GOOD.replace("*, skip", "skip"), "parameter 'skip' must come after a `*`"),
        (GOOD.replace("yield first", "return first"), "write `yield your_part`"),
        (GOOD.replace("    yield first", "    first"), "write `yield your_part`"),
        (GOOD.replace("yield first", "yield first; raise ValueError('late')"), "it fails with ValueError: late; "),
    ],
)
def test_a_failing_plugin_file_is_an_error_and_is_listed_as_failed(plugin, cli, body, problem):
    bad = plugin(body, "bad")
    listed = cli("list", "--plugin", bad)
    assert listed.status == 2
    (line,) = listed.err.strip().splitlines()
    assert line.startswith(f"error: --plugin {bad} cannot be loaded: ")
    assert problem in line
    row = next(line for line in cli("plugins", "--plugin", bad).out.splitlines() if line.strip().startswith("bad "))
    assert "failed" in row


def test_a_plugin_file_whose_name_does_not_end_in_py_is_an_error(plugin, cli):
    misnamed = plugin(GOOD)
    misnamed = misnamed.rename(misnamed.with_name("first.txt"))
    listed = cli("list", "--plugin", misnamed)
    assert listed.status == 2
    problem = "the name of its file 'first.txt' does not end in .py; rename it"
    assert listed.err == f"error: --plugin {misnamed} cannot be loaded: {problem}\n"


def test_hooks_of_a_failed_plugin_are_not_called(plugin):
    body = GOOD.replace("yield first", "raise ValueError") + "\n@hookimpl\ndef pslbench_run_started(run):\n    1 / 0\n"
    warnings = []
    discover([str(plugin(body))]).notify("pslbench_run_started", warnings.append, run=None)
    assert warnings == []


def test_parts_of_the_same_name_are_selected_by_plugin(plugin, cli, tmp_path):
    files = ["--plugin", plugin(GOOD, "one"), "--plugin", plugin(GOOD, "two")]
    ambiguous = cli("run", "first", *files)
    assert ambiguous.status == 2
    assert "write one/first or two/first" in ambiguous.err
    outcome = command("run", "two/first", *TINY, "-o", tmp_path / "r", *files)
    assert outcome.status == 0, outcome.err
    assert "two/first" in outcome.out


def test_one_plugin_registers_parts_of_all_kinds(plugin, tmp_path):
    path = plugin("""
from dataclasses import dataclass
from pslbench import Dataset, Embedding, Result, dataset, embedder, reporter

@dataset("stripes")
def stripes(*, n: int = 200) -> Dataset:
    '''Horizontal and vertical stripes.'''
    y = np.arange(n) % 2
    x = np.zeros((n, 6, 6, 1), np.float32)
    x[y == 0, ::2], x[y == 1, :, ::2] = 1, 1
    return Dataset("stripes", x[: n // 2], y[: n // 2], x[n // 2 :], y[n // 2 :])

@embedder("rows")
def rows(x, seed) -> Embedding:
    '''Compute the means of rows; new samples cannot be transformed.'''
    return Embedding(x.mean(axis=(2, 3)))

@clusterer("halves")
def halves(k: int, seed: int):
    '''Split at the mean of the first feature.'''
    class Halves:
        def fit(self, x):
            self.labels_ = (x[:, 0] > x[:, 0].mean()).astype(int)
    return Halves()

@dataclass
class Prior:
    share: np.ndarray
    def predict_proba(self, x):
        return np.tile(self.share, (len(x), 1))

@trainer("prior")
def prior(data, seed) -> Prior:
    '''Predict the share of each class.'''
    return Prior(np.bincount(data.labels, minlength=data.n_classes) / len(data.labels))

@reporter("count")
def count(results, reader):
    '''Count the rows.'''
    return f"{len(results)} rows counted"

@hookimpl
def pslbench_register():
    yield from (stripes, rows, halves, prior, count)
""")
    outcome = command(
        "run", "centroid", "-d", "stripes", "-e", "rows", "-c", "halves", "-t", "prior", "-b", "2", "-s", "1",
        "-o", tmp_path / "r", "--plugin", path,
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "1 rows counted" in outcome.out
    assert "0.5000" in outcome.out


def test_a_hook_of_a_newer_api_may_be_optional(plugin, cli):
    body = GOOD + "\n@hookimpl(optionalhook=True)\ndef pslbench_hook_of_a_newer_api(x): ...\n"
    listed = cli("list", "strategies", "--plugin", plugin(body))
    assert "plugin 'mine'" not in listed.err
    assert "Label the first samples." in listed.out


def test_notes_about_a_plugin_are_printed(plugin, cli, monkeypatch):
    monkeypatch.setattr("pslbench.plugins.discovery.SLOW_IMPORT", 0.3)
    loud = plugin("print('hello'); import time; time.sleep(0.4)\n" + GOOD, "loud")
    listed = cli("plugins", "--plugin", loud, "--plugin", plugin(GOOD, "other"))
    assert "\nloud: it prints during its import: 'hello'" in listed.out
    assert re.search(r"\nloud: it takes 0\.\d s to import", listed.out)
    assert "\nother: another plugin also has a strategy 'first'; select this one as other/first" in listed.out
    as_json = cli("plugins", "--json", "--plugin", loud)
    (row,) = [plugin for plugin in json.loads(as_json.out) if plugin["name"] == "loud"]
    assert row["status"] == "ok"
    assert row["parts"] == [{"kind": "strategy", "name": "first"}]
    assert row["seconds"] > 0.4


def test_the_file_of_an_installed_package_is_not_loaded_twice(cli):
    file = Path(__file__).parents[1] / "plugins" / "pslbench-activeml" / "pslbench_activeml.py"
    listed = cli("list", "strategies", "--plugin", file)
    assert "plugin" not in listed.err
    assert len([line for line in listed.out.splitlines() if " al-badge " in line]) == 1


def test_an_installed_plugin_that_fails_costs_one_warning(installed, cli):
    installed("1 / 0\n")
    listed = cli("list")
    assert listed.status == 0
    assert listed.err.startswith("warning: plugin 'mine' is left out: it fails with ZeroDivisionError")
    assert "centroid-only" in listed.out
    outcome = cli("run", "first")
    assert outcome.status == 2
    assert "failed to load: mine" in outcome.err


def test_verbose_shows_tracebacks(plugin, cli):
    bad = plugin("def helper():\n    1 / 0\n\nhelper()", "bad")
    assert "in helper" not in cli("plugins", "--plugin", bad).out
    assert "in helper" in cli("plugins", "--plugin", bad, "--verbose").out


def test_plugins_are_listed_with_the_version_of_their_package(cli):
    (row,) = [plugin for plugin in json.loads(cli("plugins", "--json").out) if plugin["name"] == "hog"]
    assert (row["source"], row["version"]) == ("pslbench-hog", "0.1.0")


def test_a_failing_plugin_file_does_not_affect_one_of_the_same_name(plugin, tmp_path):
    body = GOOD.replace("    selected =", "    @dataclass\n    class Skips:\n        n: 'int'\n\n    selected =")
    first = plugin("from dataclasses import dataclass\n" + body)
    second = tmp_path / "second" / first.name
    second.parent.mkdir()
    second.write_text("1 / 0")
    catalog = discover([str(first), str(second)])
    assert "already a plugin 'mine'" in catalog.plugins[-1].problem
    assert len(catalog.call(catalog.parse("strategy", "first")[0], pool()).labels) == 15


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A function that installs the package pslbench-mine with this source and these requirements."""

    def install(source=None, requires=""):
        info = tmp_path / "pslbench_mine-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: pslbench-mine\nVersion: 1.0\n{requires}")
        (info / "entry_points.txt").write_text("[pslbench]\nmine = pslbench_mine\n")
        path = tmp_path / "pslbench_mine.py"
        if source is not None:
            path.write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        return path

    return install


def test_an_entry_point_without_its_module_does_not_suggest_an_installation(installed, cli):
    installed()
    listed = cli("list")
    assert "its entry point names the module 'pslbench_mine', which its package lacks; install it again" in listed.err
    assert "pip install" not in listed.err


def test_a_missing_submodule_does_not_suggest_an_installation(plugin, cli):
    listed = cli("list", "--plugin", plugin("import numpy.no_such_thing", "bad"))
    assert "No module named 'numpy.no_such_thing'" in listed.err
    assert "pip install" not in listed.err


def test_checking_the_file_of_a_failed_package_is_an_error(installed, cli):
    outcome = cli("check", "--plugin", installed("1 / 0\n"))
    assert outcome.status == 2
    assert "has no part to check" in outcome.err
    assert "pslbench plugins" in outcome.err


def test_show_accepts_the_name_of_the_plugin(cli):
    assert cli("show", "built-in/centroid").out == cli("show", "centroid").out


def test_a_missing_requirement_is_named(installed, cli):
    requirements = ("numpy", "not a requirement", "never-heard-of>=2", 'pytest-nope; extra == "test"')
    installed("import heard_of\n", "".join(f"Requires-Dist: {requirement}\n" for requirement in requirements))
    listed = cli("list")
    assert "pip install never-heard-of" in listed.err
    assert "centroid" in listed.out
