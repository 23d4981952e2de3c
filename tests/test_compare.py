"""`pslbench compare`: runs what is missing and says what can be said, no more."""

import re
import tomllib
from dataclasses import replace
from math import isnan
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import TINY, command, row, rows
from scipy import stats

from pslbench.analysis.comparison import comparisons, matrices
from pslbench.analysis.leaderboard import leaderboard_entries
from pslbench.cli.compare import _failed
from pslbench.datasets.digits import digits
from pslbench.reporters import comparison_tables as pairs
from pslbench.results.records import ResultsReader


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    """Four strategies with three seeds."""
    folder = tmp_path_factory.mktemp("four")
    outcome = command("run", "random", "centroid", "centroid-only", "typiclust", *TINY, "-s", "3", "-o", folder)
    assert outcome.status == 0, outcome.err
    return folder


def test_compare_in_an_empty_folder(tmp_path, cli):
    outcome = command("compare", "centroid", "majority", *TINY, "-o", tmp_path)
    assert outcome.status == 0, outcome.err
    for word in ("test_accuracy", "direct_accuracy", "labels spent", "1,297", "seconds", "same class given", "2 seeds"):
        assert word in outcome.out
    assert "majority may ask for every label: an upper bound, not a rival." in outcome.out
    assert "none below 3 seeds" in outcome.out
    assert "Seeds in common: 2. No difference can be judged from fewer than 3" in outcome.out
    again = cli("compare", "centroid", "majority", *TINY, "-o", tmp_path)
    assert again.out == outcome.out
    assert "4 of 4 cells were there already" in again.err


def test_what_is_shown_is_what_scipy_finds_in_the_files(four, cli):
    outcome = cli("compare", "random", "centroid", *TINY, "-s", "3", "-o", four)
    assert outcome.status == 0, outcome.err
    assert "centroid is better than random by" in outcome.out
    scores = {name: part.test_accuracy.to_numpy() for name, part in rows(four).groupby("strategy")}
    test = stats.ttest_rel(scores["random"], scores["centroid"])
    shown = {name: said for name, *said in (re.split(r"\s{2,}", line.rstrip()) for line in outcome.out.splitlines())}
    low, high = test.confidence_interval()
    assert shown["paired t test"][1:] == [f"{low:+.4f} to {high:+.4f}", f"{test.pvalue:.4f}"]
    assert shown["sign-flip test"] == ["0.2500"]
    assert "p cannot be below 0.25 with 3 seeds" in outcome.out
    predicted, y = {}, digits().y_test
    for each in rows(four).itertuples():
        right = np.load(four / "predictions" / f"{each.key}.npy").argmax(axis=1) == y
        predicted.setdefault(each.strategy, []).append(right)
    one, other = (np.concatenate(predicted[name]) for name in ("random", "centroid"))
    assert shown["McNemar's test"][0] == f"{(one & ~other).sum()} : {(other & ~one).sum()}"
    assert shown["chance to win"][0] == f"{np.mean(np.greater.outer(scores['random'], scores['centroid'])):.2f}"


def test_more_than_two_are_compared_with_the_first_and_all_pairs_shown(four, cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    outcome = cli("compare", "random", "centroid", "typiclust", *TINY, "-s", "3", "-o", four)
    assert outcome.status == 0, outcome.err
    for title in ("test accuracy of random minus centroid", "test accuracy of random minus typiclust"):
        assert title in outcome.out
    assert "centroid minus typiclust" not in outcome.out
    assert "all pairs in test accuracy" in " ".join(outcome.out.split())
    assert "corrected for all 3 pairs" in " ".join(outcome.out.split())
    assert max(map(len, outcome.out.splitlines()[:-1])) <= 60


def test_compare_all_takes_every_strategy(four, cli):
    outcome = cli("compare", "random", "--all", *TINY, "-o", four, "--dry-run")
    assert outcome.status == 0, outcome.err
    assert "cells: 8 done" in outcome.out


def test_compare_reads_the_configuration_that_run_writes(four, tmp_path, cli):
    file = tmp_path / "two.toml"
    given = [*TINY, "-s", "3", "-o", four]
    assert cli("run", "random", "centroid", *given, "--save-config", file).status == 0
    outcome = cli("compare", "--config", file)
    assert outcome.status == 0, outcome.err
    assert outcome.out == cli("compare", "random", "centroid", *given).out
    file.write_text(file.read_text() + "fail_if_worse = 0.5\n")
    assert tomllib.loads(file.read_text())["strategies"] == ["random", "centroid"]
    assert cli("compare", "--config", file).status == 1
    assert cli("compare", "centroid", "random", "--config", file).status == 0


def test_fail_if_worse_exits_with_1_where_that_is_certain(four, cli):
    given = [*TINY, "-s", "3", "-o", four]
    failed = cli("compare", "random", "centroid", *given, "--fail-if-worse", "0.5")
    assert failed.status == 1
    assert "random is worse than centroid by more than 0.5 points, with 95% certainty" in failed.out
    assert cli("compare", "random", "centroid", *given, "--fail-if-worse", "90").status == 0
    assert cli("compare", "centroid", "random", *given, "--fail-if-worse", "0").status == 0
    among = cli("compare", "random", "centroid-only", "centroid", *given, "--fail-if-worse", "0.5")
    assert among.status == 1
    few = cli("compare", "random", "centroid", *TINY, "-o", four, "--fail-if-worse", "0.5")
    assert few.status == 2
    assert "--fail-if-worse cannot judge by fewer than 3 seeds; write for example -s 5" in few.err


def test_over_several_data_sets(four, tmp_path, arrays, cli):
    np.savez(tmp_path / "mine.npz", **{k: np.concatenate([v] * 2) for k, v in arrays.items()})
    given = [*TINY, "-s", "3", "-d", tmp_path / "mine.npz", "-o", four]
    outcome = cli("compare", "random", "centroid", *given)
    assert outcome.status == 0, outcome.err
    for words in ("over 2 datasets", "2 datasets are too few for Wilcoxon's test", "within 0.5 points"):
        assert words in outcome.out


def records(predicted=None):
    data = SimpleNamespace(y_test=np.array([0, 1]))
    return ResultsReader(None, (), predicted or (lambda row: np.eye(2)), lambda row: None, lambda row: data)


def compared(a, b):
    made = [row(name, seed, value) for name, values in (("a", a), ("b", b)) for seed, value in enumerate(values)]
    (found,) = comparisons(made, "a", "b", records())
    return found


def test_verdicts():
    assert "No difference could be seen between a and b" in compared([0.9, 0.8, 0.85], [0.8, 0.9, 0.86]).verdict
    assert "b is better than a by 0.1033" in compared([0.5, 0.6, 0.7], [0.6, 0.7, 0.81]).verdict
    assert "No difference can be judged" in compared([0.5], [0.9]).verdict
    assert "No difference can be judged" in compared([0.5, 0.6], [0.9, 0.8]).verdict
    assert "they score the same" in compared([0.5, 0.5], [0.5, 0.5]).verdict
    assert "it cannot be judged" in compared([0.5, 0.5, 0.5], [0.6, 0.6, 0.6]).verdict
    off = compared([0.905, 0.891, 0.88], [0.9, 0.886, 0.875])  # the same difference, but for rounding
    assert "it cannot be judged" in off.verdict


def test_worse_is_what_a_one_sided_bound_rules_out():
    a, b = np.array([0.80, 0.82, 0.79, 0.81]), np.array([0.83, 0.84, 0.83, 0.83])
    bound = stats.ttest_rel(a, b).confidence_interval(0.9).high
    assert compared(a, b).is_worse(-bound - 1e-6)
    assert not compared(a, b).is_worse(-bound + 1e-6)
    assert compared(b, a).is_worse(0) is False
    assert compared(a[:2], b[:2]).is_worse(0) is None
    assert compared([0.5] * 3, [0.5] * 3).is_worse(0) is False


def test_a_difference_that_seeds_do_not_change_is_not_judged(capsys):
    found = compared([0.5, 0.6, 0.7], [0.6, 0.7, 0.8])
    assert "it cannot be judged" in found.verdict
    assert found.is_worse(0.05) is None
    assert isnan(found.t_test)
    assert isnan(found.sign_flip)
    assert _failed([found], 0.5) == 0
    assert "the difference is the same on each of 3 seeds" in " ".join(capsys.readouterr().err.split())
    same = compared([0.5, 0.6, 0.7], [0.5, 0.6, 0.7])
    assert (same.t_test, same.sign_flip) == (1, 1)


def test_names_are_no_markup(capsys):
    bad, good = "first:tag=[/]", "[bold]"
    made = [row(name, s, v + s / 50) for name, v in ((bad, 0.5), (good, 0.8)) for s in range(3)]
    made[0] = replace(made[0], scores={"test_accuracy": 0.51})
    assert _failed(comparisons(made, bad, good, records()), 0.5) == 1
    assert f"{bad} is worse than {good} by more than 0.5 points" in " ".join(capsys.readouterr().out.split())


def test_a_verdict_among_several_says_that_it_is_not_corrected(capsys):
    made = [row(name, s, 0.5 + i / 5 + i * s / 100) for i, name in enumerate("abc") for s in range(3)]
    found = [comparison for other in "bc" for comparison in comparisons(made, "a", other, records())]
    pairs.show(found[:1])
    assert "corrected" not in capsys.readouterr().out
    pairs.show(found)
    assert " ".join(capsys.readouterr().out.split()).count("Not corrected for being one of 2 comparisons.") == 2


def test_upper_bounds_are_no_pairs_of_a_matrix():
    made = [row(name, s, 0.5 + i / 5 + i * s / 100) for i, name in enumerate("abc") for s in range(3)]
    made += [row("bound", s, 1, upper_bound=True) for s in range(3)]
    (found,) = matrices(made)
    assert [entry.part("strategy") for entry in found.entries] == ["c", "b", "a"]
    assert matrices([r for r in made if r.strategy != "b"]) == []


def test_long_names_leave_the_numbers_their_place(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    names = [f"first:tag={'a' * 80}{i}" for i in range(3)]
    made = [row(name, s, 0.5 + i / 5 + i * s / 100) for i, name in enumerate(names) for s in range(3)]
    pairs.show(comparisons(made, *names[:2], records()))
    out = capsys.readouterr().out
    head = out.split("test_accuracy")[0]
    assert [column in head for column in ("0", "1")] == [True, True]
    assert "…" not in out
    assert "test_accuracy" in out
    assert "0.5000 ± 0" in out
    assert "-0.2100 ± 0.0248" in out
    pairs.show_all(*matrices(made))
    out = capsys.readouterr().out
    assert "…" not in out
    assert "+0.2100" in out
    assert max(map(len, out.splitlines())) <= 80


def test_predictions_are_pooled_over_the_seeds_in_common():
    made = [row(name, seed, 0.5 + seed / 10) for name in "ab" for seed in range(3)] + [row("a", 8, 0.5)]
    wrong = {("a", 0): [1, 1], ("b", 1): [0, 0], ("b", 2): [0, 0], ("a", 8): [1, 0]}
    predicted = lambda r: np.eye(2)[wrong.get((r.strategy, r.seed), [0, 1])]  # noqa: E731
    (found,) = comparisons(made, "a", "b", records(predicted))
    assert (found.mcnemar.only_a, found.mcnemar.only_b, found.mcnemar.p) == (2, 1, 1)
    assert found.agreement.mean == 0.5
    assert found.seeds == 3
    assert found.caveats == ("Unequal seeds: 0-2, 8 (a); 0-2 (b): only those in common are compared.",)


def test_pairs_of_a_matrix_are_corrected_together():
    levels = {"a": [0.9, 0.91, 0.92], "b": [0.8, 0.815, 0.81], "c": [0.7, 0.71, 0.74]}
    (found,) = matrices([row(name, s, v) for name, values in levels.items() for s, v in enumerate(values)])
    assert [entry.part("strategy") for entry in found.entries] == ["a", "b", "c"]
    raw = {pair: stats.ttest_rel(levels["abc"[pair[0]]], levels["abc"[pair[1]]]).pvalue for pair in found.pairs}
    smallest = min(raw, key=raw.get)
    assert found.pairs[smallest][1] == pytest.approx(3 * raw[smallest])
    assert found.apart(*smallest) == (3 * raw[smallest] < 0.05)
    assert matrices([row(name, 0, 0.5) for name in "ab"]) == []


def test_ties_with_the_best_are_found_in_pairs():
    levels = {0: 0.5, 1: 0.7, 2: 0.9}
    made = [row("best", s, v) for s, v in levels.items()]
    made += [row("just-the-same", s, v) for s, v in levels.items()]
    made += [row("steadily-worse", s, v - 0.01 - s / 1000) for s, v in levels.items()]
    made += [row("always-by-as-much", s, v - 0.02) for s, v in levels.items()]
    made += [row("now-and-then-worse", s, v - 0.2 * (s == 1)) for s, v in levels.items()]
    made += [row("better-where-it-ran-with-the-best", s, v + 0.01 + s / 1000) for s, v in levels.items()]
    made += [row("better-where-it-ran-with-the-best", s, 0.1) for s in (7, 8)]
    made += [row("twice", s, 0.4) for s in (0, 1)]
    made += [row("bound", s, 1.0, upper_bound=True) for s in levels]
    made += [row("peeked", s, 1.0, test_set_evaluations=3) for s in levels]
    made += [replace(row("broken", 0, 0), status="failed", scores={})]
    board = leaderboard_entries(made)
    ranked = [s.part("strategy") for s in board if s.ranked]
    assert ranked[:4] == ["best", "just-the-same", "steadily-worse", "always-by-as-much"]
    assert {s.part("strategy") for s in board if s.tied} == {"just-the-same", "now-and-then-worse"}
    assert {s.part("strategy") for s in board if s.unclear} == {
        *("always-by-as-much", "better-where-it-ran-with-the-best", "twice")
    }
    assert {s.part("strategy") for s in board if not s.ranked} == {"bound", "peeked", "broken"}
