"""A report of a real run with failed cells, for the tests of report.html."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import product
from pathlib import Path
from tempfile import mkdtemp

from helpers import command

from pslbench.cli import main
from pslbench.cli.summary import make_reader
from pslbench.plugins.discovery import discover
from pslbench.reporters.html import html
from pslbench.results.folder import ResultsFolder
from pslbench.results.records import Result, ResultsReader

PLUGIN = '''
import numpy as np
from pslbench import Pool, PseudoLabels, hookimpl, strategy


@strategy("<script>alert(1)", uses="x")
def evil(pool: Pool) -> PseudoLabels:
    """A strategy whose name is a script. With few labels it raises an error whose message is a script."""
    if pool.budget < 40:
        raise ValueError("</script><script>alert(2)</script><img src=x onerror=alert(3)>")
    return PseudoLabels(np.arange(pool.budget), pool.label(np.arange(pool.budget)))


@strategy("greedy", uses="x")
def greedy(pool: Pool) -> PseudoLabels:
    """Query one label too many."""
    return PseudoLabels(np.arange(pool.budget), pool.label(np.arange(pool.budget + 1)))


@hookimpl
def pslbench_register():
    yield from (evil, greedy)
'''
EVIL = "<script>alert(1)"


@lru_cache(maxsize=1)
def make_report() -> Path:
    """Return a results folder of four strategies, two budgets and three seeds on `digits`, with report.html."""
    folder = Path(mkdtemp(prefix="reported-"))
    plugin = folder / "broken.py"
    plugin.write_text(PLUGIN)
    results, plugins = str(folder / "r"), ["--plugin", str(plugin)]
    words = ["-d", "digits", "-t", "logreg", "-b", "20,40", "-s", "3", "-o", results, *plugins]
    ran = command("run", "centroid", "random", EVIL, "greedy", *words)
    assert ran.status == 1, ran.err
    assert main(["report", results, "-f", "html:samples=400", *plugins]) == 0
    return folder / "r"


def read_folder(folder: Path) -> tuple[list[Result], ResultsReader]:
    """Return the arguments of a reporter for a results folder."""
    store = ResultsFolder.open(folder)
    return store.current_rows(), make_reader(discover(), store)


def write_large_report(folder: Path) -> Path:
    """Write a report of 12 strategies, 6 budgets and 10 seeds. It repeats the rows and arrays of a real run."""
    results, reader = read_folder(make_report())
    real, source, rows = [row for row in results if row.ok], {}, []
    for strategy, budget, seed in product(range(12), (10, 20, 40, 80, 160, 320), range(10)):
        row = real[(strategy + seed) % len(real)]
        key = f"{strategy}-{budget}-{seed}"
        rows.append(replace(row, key=key, strategy=f"variant-{strategy}", budget=budget, seed=seed))
        source[key] = row
    readers = {
        "probabilities": lambda row: reader.probabilities(source[row.key]),
        "labeling": lambda row: reader.labeling(source[row.key]),
    }
    html(rows, replace(reader, folder=folder, **readers))
    return folder / "report.html"
