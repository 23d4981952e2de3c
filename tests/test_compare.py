"""`pslbench compare`: runs what is missing and says what can be said, no more."""

from dataclasses import replace

import numpy as np
import pytest
from helpers import TINY, command

from pslbench.analysis.comparison import comparisons
from pslbench.analysis.leaderboard import standings
from pslbench.analysis.statistics import interval, paired_difference
from pslbench.contracts import Result


def test_compare_in_an_empty_folder(tmp_path):
    outcome = command("compare", "centroid", "majority", *TINY, "-o", tmp_path)
    assert outcome.status == 0, outcome.err
    for word in ("test_accuracy", "direct_accuracy", "labels spent", "1,297", "seconds", "same class given"):
        assert word in outcome.out
    assert "centroid" in outcome.out
    assert "majority may ask for every label: an upper bound, not a rival." in outcome.out
    again = command("compare", "centroid", "majority", *TINY, "-o", tmp_path)
    assert again.out == outcome.out
    assert "4 of 4 cells were there already" in again.err


def test_strategies_that_use_no_clusters_are_compared_too(tmp_path):
    outcome = command("compare", "random", "centroid", *TINY, "-s", "3", "-o", tmp_path)
    assert outcome.status == 0, outcome.err
    assert "centroid is better than random by" in outcome.out


def row(strategy, seed, accuracy, **more):
    return Result(
        f"{strategy}{seed}{accuracy}", "d", "e", "c", strategy, "t", 10, seed, "recipe", "data", "ok",
        scores={"test_accuracy": accuracy}, **more,
    )  # fmt: skip


def verdict(a, b):
    rows = [row(name, seed, value) for name, values in (("a", a), ("b", b)) for seed, value in enumerate(values)]
    (found,) = comparisons(rows, "a", "b", lambda row: np.eye(2))
    return found.verdict


def test_verdicts():
    assert "No difference could be seen between a and b" in verdict([0.9, 0.8, 0.85], [0.8, 0.9, 0.86])
    assert "b is better than a by 0.1033" in verdict([0.5, 0.6, 0.7], [0.6, 0.7, 0.81])
    assert "No difference can be judged" in verdict([0.5], [0.9])
    assert "they score the same" in verdict([0.5, 0.5], [0.5, 0.5])
    assert "it cannot be judged" in verdict([0.5, 0.5], [0.6, 0.6])
    assert "it cannot be judged" in verdict([0.905, 0.891, 0.88], [0.9, 0.886, 0.875])  # but for rounding


def test_intervals_are_students():
    found = interval([1.0, 2.0, 3.0, 4.0])
    assert found.mean == 2.5
    assert found.half_width == pytest.approx(3.182446 * 1.290994 / 2, rel=1e-5)
    assert np.isnan(interval([1.0]).half_width)
    pairs = paired_difference({0: 1.0, 1: 2.0, 9: 5.0}, {0: 0.5, 1: 1.5, 3: 7.0})
    assert (pairs.mean, pairs.half_width, pairs.n) == (0.5, pytest.approx(np.nan, nan_ok=True), 2)


def test_ties_with_the_best_are_found_in_pairs():
    levels = {0: 0.5, 1: 0.7, 2: 0.9}
    rows = [row("best", s, v) for s, v in levels.items()]
    rows += [row("steadily-worse", s, v - 0.01 - s / 1000) for s, v in levels.items()]
    rows += [row("now-and-then-worse", s, v - 0.2 * (s == 1)) for s, v in levels.items()]
    rows += [row("better-where-it-ran-with-the-best", s, v + 0.01 + s / 1000) for s, v in levels.items()]
    rows += [row("better-where-it-ran-with-the-best", s, 0.1) for s in (7, 8)]
    rows += [row("bound", s, 1.0, upper_bound=True) for s in levels]
    rows += [row("peeked", s, 1.0, test_looks=3) for s in levels]
    rows += [replace(row("broken", 0, 0), status="failed", scores={})]
    board = standings(rows)
    assert [s.part("strategy") for s in board][:3] == ["best", "steadily-worse", "now-and-then-worse"]
    assert [s.part("strategy") for s in board if s.unclear] == ["better-where-it-ran-with-the-best"]
    assert {s.part("strategy"): s.tied for s in board} == {
        "better-where-it-ran-with-the-best": False, "best": False, "steadily-worse": False, "now-and-then-worse": True,
        "bound": False, "peeked": False, "broken": False,
    }  # fmt: skip
    assert [s.ranked for s in board] == [True] * 4 + [False] * 3
