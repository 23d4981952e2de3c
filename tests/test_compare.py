"""`pslbench compare`: runs the missing cells and judges the differences."""

import re
import shutil
import tomllib
from dataclasses import replace
from itertools import combinations
from math import ceil, isnan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import TINY, command, row, rows
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

import pslbench
from pslbench.analysis.comparison import compare_strategies, rankings
from pslbench.analysis.leaderboard import leaderboard_entries
from pslbench.cli.compare import _exit_status
from pslbench.cli.console import stdout_console
from pslbench.contracts import Dataset
from pslbench.datasets.digits import digits
from pslbench.reporters.comparison_tables import comparison_tables, difference_matrix
from pslbench.results.records import ResultsReader


def show(comparisons, verbose=False):
    for table in comparison_tables(comparisons, verbose):
        stdout_console().print(table)


FIXED = '''
import numpy as np
from pslbench import Pool, PseudoLabels, hookimpl, strategy


@strategy("first-rows", uses="x")
def first_rows(pool: Pool) -> PseudoLabels:
    """Labels the first rows."""
    return PseudoLabels(np.arange(pool.budget), pool.label(np.arange(pool.budget)))


@strategy("swapped", uses="x")
def swapped(pool: Pool) -> PseudoLabels:
    """Labels the first rows, then swaps two classes."""
    labels = pool.label(np.arange(pool.budget))
    return PseudoLabels(np.arange(pool.budget), np.where(labels == 1, 7, np.where(labels == 7, 1, labels)))


@hookimpl
def pslbench_register():
    yield from (first_rows, swapped)
'''


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
    for word in ("test_accuracy", "direct_accuracy", "labels spent", "1,297", "seconds", "same prediction", "2 seeds"):
        assert word in outcome.out
    assert "majority may query every label" in outcome.out
    assert "an interval needs 3 seeds" in outcome.out
    assert "cannot be compared: a test needs 3 shared seeds, and they have 2" in outcome.out
    again = cli("compare", "centroid", "majority", *TINY, "-o", tmp_path)
    assert again.out == outcome.out
    assert "4 of 4 cells are finished already" in again.err


def test_the_tests_equal_scipys_on_the_saved_rows(four, cli):
    outcome = cli("compare", "random", "centroid", *TINY, "-s", "3", "-o", four, "--verbose")
    assert outcome.status == 0, outcome.err
    scores = {name: part.test_accuracy.to_numpy() for name, part in rows(four).groupby("strategy")}
    test = stats.ttest_rel(scores["random"], scores["centroid"])
    shown = {name: said for name, *said in (re.split(r"\s{2,}", line.rstrip()) for line in outcome.out.splitlines())}
    low, high = test.confidence_interval()
    assert shown["paired t test"][1:] == [f"{low:+.4f} to {high:+.4f}", f"{test.pvalue:.4f}"]
    assert shown["sign-flip test"] == ["0.2500"]
    assert "p cannot be below 0.25 with 3 seeds" in outcome.out
    assert "one observation" not in outcome.out  # these strategies depend on the seed
    assert "sign-flip" not in cli("compare", "random", "centroid", *TINY, "-s", "3", "-o", four).out


def test_compare_and_the_board_of_the_folder_have_the_same_p_value(four, cli):
    outcome = cli("compare", "random", "centroid", "-o", four)
    assert outcome.status == 0, outcome.err
    assert "-d digits -b 40 -t logreg" in outcome.err, "what is left out is taken from the folder"
    assert "6 of 6 cells are finished already" in outcome.err
    scores = {name: part.test_accuracy.to_numpy() for name, part in rows(four).groupby("strategy")}
    raw = [stats.ttest_rel(scores[a], scores[b]).pvalue for a, b in combinations(sorted(scores), 2)]
    adjusted = multipletests(raw, method="holm")[1]
    p = dict(zip(combinations(sorted(scores), 2), adjusted, strict=True))["centroid", "random"]
    assert f"p = {p:.4f} corrected for {len(raw)} comparisons" in " ".join(outcome.out.split())


def test_a_verdict_does_not_depend_on_what_a_command_shows(four, cli):
    compared = cli("compare", "random", "centroid", "-o", four).out
    several = cli("run", "random", "centroid", *TINY, "-s", "3", "-o", four).out
    assert "corrected for 6 comparisons" in " ".join(compared.split())
    assert "among 6 comparisons" in several
    assert ("cannot be told apart" in compared) == ("nothing beats" in several)
    results = pslbench.load(four).filter(strategy=["random", "centroid"])
    assert results.compare("random", "centroid").sentence in " ".join(compared.split())


def test_compare_asks_if_the_folder_has_several_values(four, tmp_path, cli):
    folder = shutil.copytree(four, tmp_path / "copy")
    assert cli("run", "random", *TINY, "-b", "20", "-o", folder).status == 0
    outcome = cli("compare", "random", "centroid", "-o", folder)
    assert outcome.status == 2
    assert "several values of --budget (20, 40); choose one with -b" in outcome.err
    chosen = cli("compare", "random", "centroid", "-o", folder, "-b", "40")
    assert chosen.status == 0, chosen.err
    assert "6 of 6 cells are finished already" in chosen.err


def test_strategies_that_ignore_the_seed_are_compared_on_the_test_images(tmp_path, plugin, cli):
    given = ["-d", "digits", "-t", "logreg", "-b", "40", "-s", "3", "-o", tmp_path / "r", "--plugin", plugin(FIXED)]
    outcome = cli("compare", "first-rows", "swapped", *given, "--fail-if-worse", "0.5")
    assert outcome.status == 0, outcome.err
    assert "first-rows is better than swapped by" in " ".join(outcome.out.split())
    frame = pd.read_csv(tmp_path / "r" / "leaderboard.csv")
    assert frame.tied_with_best.tolist() == [False, False], "the board agrees with the comparison"
    y, predicted = digits().y_test, {}
    for each in rows(tmp_path / "r").itertuples():
        classes = np.load(tmp_path / "r" / "predictions" / f"{each.key}.npy").argmax(axis=1)
        predicted.setdefault(each.strategy, []).append(classes)
    assert all((classes == by_seed[0]).all() for by_seed in predicted.values() for classes in by_seed)
    one, other = (predicted[name][0] == y for name in ("first-rows", "swapped"))
    said = " ".join(outcome.out.split())
    assert f"{(one & ~other).sum()} test samples are correct only with first-rows" in said
    assert f"{(other & ~one).sum()} only with swapped" in said
    assert "this is one observation" in said
    failed = cli("compare", "swapped", "first-rows", *given, "--fail-if-worse", "0.5")
    assert failed.status == 1
    assert "McNemar's test" in failed.out
    assert cli("compare", "swapped", "first-rows", *given, "--fail-if-worse", "99").status == 0


def test_several_strategies_are_compared_with_the_first_and_in_all_pairs(four, cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    outcome = cli("compare", "random", "centroid", "typiclust", *TINY, "-s", "3", "-o", four)
    assert outcome.status == 0, outcome.err
    assert outcome.out.count("differences are") == 2
    assert "all pairs in test accuracy" in " ".join(outcome.out.split())
    assert " ".join(outcome.out.split()).count("corrected for 6 comparisons") == 3
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


def test_fail_if_worse_exits_with_1_if_the_first_is_significantly_worse(four, cli):
    given = [*TINY, "-s", "3", "-o", four]
    failed = cli("compare", "random", "centroid", *given, "--fail-if-worse", "0.5")
    assert failed.status == 1
    assert "random is worse than centroid by more than 0.5 points" in failed.out
    assert cli("compare", "random", "centroid", *given, "--fail-if-worse", "90").status == 0
    assert cli("compare", "centroid", "random", *given, "--fail-if-worse", "0").status == 0
    among = cli("compare", "random", "centroid-only", "centroid", *given, "--fail-if-worse", "0.5")
    assert among.status == 1
    few = cli("compare", "random", "centroid", *TINY, "-o", four, "--fail-if-worse", "0.5")
    assert few.status == 2
    assert "--fail-if-worse needs at least 3 seeds; write for example -s 5" in few.err


def test_over_several_data_sets(four, tmp_path, arrays, cli):
    np.savez(tmp_path / "mine.npz", **{k: np.concatenate([v] * 2) for k, v in arrays.items()})
    given = [*TINY, "-s", "3", "-d", tmp_path / "mine.npz", "-o", four]
    outcome = cli("compare", "random", "centroid", *given)
    assert outcome.status == 0, outcome.err
    for words in ("over 2 datasets", "2 datasets are too few for Wilcoxon's test", "within 0.5 points"):
        assert words in outcome.out


def compare(made, a, b, predicted=None, y=(0, 1)):
    """Compare two strategies; `predicted` gives the classes of a row, by default classes that depend on its seed."""
    predicted = predicted or (lambda row: np.array([row.seed % 2, 1]))
    data = Dataset("d", np.zeros((2, 1)), np.arange(2), np.zeros((len(y), 1)), np.array(y))
    reader = ResultsReader(Path(), (), lambda row: np.eye(2)[predicted(row)], lambda row: None, lambda row: data)
    return compare_strategies([replace(row, key=f"{row.strategy}{row.seed}") for row in made], reader, a, b)


def compared(a, b, **more):
    made = [row(name, seed, value) for name, values in (("a", a), ("b", b)) for seed, value in enumerate(values)]
    (found,) = compare(made, "a", "b", **more)
    return found


def test_verdicts():
    assert "a and b cannot be told apart" in compared([0.9, 0.8, 0.85], [0.8, 0.9, 0.86]).sentence
    assert "b is better than a by 0.1033" in compared([0.5, 0.6, 0.7], [0.6, 0.7, 0.81]).sentence
    assert "cannot be compared" in compared([0.5], [0.9]).sentence
    assert "cannot be compared" in compared([0.5, 0.6], [0.9, 0.8]).sentence
    assert "cannot be compared" in compared([0.5, 0.5], [0.5, 0.5]).sentence
    assert "the same test accuracy on each of 3 seeds" in compared([0.5, 0.6, 0.7], [0.5, 0.6, 0.7]).sentence
    assert "cannot be compared" in compared([0.5, 0.5, 0.5], [0.6, 0.6, 0.6]).sentence
    off = compared([0.905, 0.891, 0.88], [0.9, 0.886, 0.875])  # the same difference except for rounding errors
    assert "cannot be compared" in off.sentence


def test_a_verdict_says_how_many_seeds_would_show_a_difference():
    a, b = [0.9, 0.8, 0.86], [0.84, 0.82, 0.85]
    needed = ceil(TTestPower().solve_power(0.01 / np.std(np.subtract(a, b), ddof=1), alpha=0.05, power=0.8))
    assert needed > 30
    found = compared(a, b)
    assert "seeds would show a difference of 0.05" in found.sentence
    (said,) = re.findall(r"(\d+) seeds would show", found.sentence)
    power = TTestPower().power(0.05 / found.verdict.deviation, int(said), 0.05)
    assert 0.8 <= power < 0.9
    steady = compared(np.add(a, [0, 0.001, -0.001]), a)
    assert "3 seeds would have shown a difference of 0.01" in steady.sentence


def test_strategies_with_the_same_predictions_on_all_seeds_are_judged_by_mcnemars_test(capsys):
    y = np.arange(20) % 2
    better, worse = np.where(np.arange(20) < 18, y, 1 - y), np.where(np.arange(20) < 8, y, 1 - y)
    predicted = {"a": worse, "b": better}

    def judged(a, b, seeds=5):
        return compared([a] * seeds, [b] * seeds, predicted=lambda row: predicted[row.strategy], y=y)

    found = judged(0.4, 0.9)
    assert found.verdict.images == (0, 10)  # not five times as many
    assert found.verdict.p == pytest.approx(2 / 2**10)
    assert found.verdict.interval.low < -0.5 < found.verdict.interval.high < 0
    assert "b is better than a by 0.5000" in found.sentence
    assert "one observation" in found.sentence
    assert found.is_worse(0.49) is True
    assert found.is_worse(0.51) is False
    assert _exit_status([found], 49) == 1
    assert "McNemar's test" in " ".join(capsys.readouterr().out.split())
    assert judged(0.4, 0.9, seeds=2).verdict.images is None
    predicted["b"] = np.where(np.arange(20) < 10, y, 1 - y)  # 2 samples more: p = 0.5
    found = judged(0.4, 0.5)
    assert (found.verdict.images, found.verdict.p) == ((0, 2), 0.5)
    assert "a and b cannot be told apart" in found.sentence
    assert found.is_worse(0) is False
    predicted["b"] = worse
    found = judged(0.4, 0.4)
    assert (found.verdict.images, found.verdict.p) == ((0, 0), 1)
    assert "± 0" not in capsys.readouterr().out


def test_mcnemars_test_does_not_apply_if_a_seed_changes_a_prediction():
    found = compared([0.5] * 3, [0.6] * 3, predicted=lambda row: np.array([int(row.seed == 2), 1]))
    assert found.verdict.images is None
    assert found.is_worse(0.05) is None


def test_worse_means_beyond_the_one_sided_confidence_bound():
    a, b = np.array([0.80, 0.82, 0.79, 0.81]), np.array([0.83, 0.84, 0.83, 0.83])
    bound = stats.ttest_rel(a, b).confidence_interval(0.9).high
    assert compared(a, b).is_worse(-bound - 1e-6)
    assert not compared(a, b).is_worse(-bound + 1e-6)
    assert compared(b, a).is_worse(0) is False
    assert compared(a[:2], b[:2]).is_worse(0) is None
    assert compared([0.5] * 3, [0.5] * 3).is_worse(0) is False


def test_a_difference_that_is_the_same_on_every_seed_cannot_be_judged(capsys):
    found = compared([0.5, 0.6, 0.7], [0.6, 0.7, 0.8])
    assert "cannot be compared" in found.sentence
    assert found.is_worse(0.05) is None
    assert isnan(found.t_test_p)
    assert isnan(found.sign_flip_p)
    assert _exit_status([found], 0.5) == 0
    assert "on each of 3 seeds" in " ".join(capsys.readouterr().err.split())
    same = compared([0.5, 0.6, 0.7], [0.5, 0.6, 0.7])
    assert (same.t_test_p, same.sign_flip_p) == (1, 1)


def test_names_are_not_markup(capsys):
    bad, good = "first:tag=[/]", "[bold]"
    made = [row(name, s, v + s / 50) for name, v in ((bad, 0.5), (good, 0.8)) for s in range(3)]
    made[0] = replace(made[0], scores={"test_accuracy": 0.51})
    assert _exit_status(compare(made, bad, good), 0.5) == 1
    assert f"{bad} is worse than {good} by more than 0.5 points" in " ".join(capsys.readouterr().out.split())


def test_the_bound_for_continuous_integration_is_corrected_for_the_number_of_comparisons():
    a, b = np.array([0.80, 0.82, 0.79, 0.81]), np.array([0.83, 0.84, 0.83, 0.83])
    bound = -stats.ttest_rel(a, b).confidence_interval(1 - 0.1 / 4).high
    assert compared(a, b).is_worse(bound - 1e-6, comparisons=4)
    assert not compared(a, b).is_worse(bound + 1e-6, comparisons=4)


def test_upper_bounds_are_not_in_a_matrix():
    made = [row(name, s, 0.5 + i / 5 + i * s / 100) for i, name in enumerate("abc") for s in range(3)]
    made += [row("bound", s, 1, upper_bound=True) for s in range(3)]
    (entries,) = rankings(made)
    assert [entry.part("strategy") for entry in entries] == ["c", "b", "a"]
    assert rankings([r for r in made if r.strategy != "b"]) == []


def test_long_names_do_not_displace_numbers(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    names = [f"first:tag={'a' * 80}{i}" for i in range(3)]
    made = [row(name, s, 0.5 + i / 5 + i * s / 100) for i, name in enumerate(names) for s in range(3)]
    show(compare(made, *names[:2]))
    out = capsys.readouterr().out
    head = out.split("test_accuracy")[0]
    assert [column in head for column in ("0", "1")] == [True, True]
    assert "…" not in out
    assert "test_accuracy" in out
    assert "0.5000 " in out
    assert "-0.2100 ± 0.0248" in out
    (entries,) = rankings(made)
    stdout_console().print(difference_matrix(entries, 80))
    out = capsys.readouterr().out
    assert "…" not in out
    assert "+0.2100" in out
    assert max(map(len, out.splitlines())) <= 80


def test_predictions_are_compared_on_the_shared_seeds():
    made = [row(name, seed, 0.5 + seed / 10) for name in "ab" for seed in range(3)] + [row("a", 8, 0.5)]
    wrong = {("a", 0): [1, 1], ("b", 1): [0, 0], ("b", 2): [0, 0], ("a", 8): [1, 0]}
    (found,) = compare(made, "a", "b", lambda r: np.array(wrong.get((r.strategy, r.seed), [0, 1])))
    assert found.agreement.mean == 0.5
    assert found.seeds == 3
    assert found.caveats == ("Unequal seeds: 0-2, 8 (a); 0-2 (b): only the shared seeds are compared.",)


def test_pairs_of_a_matrix_are_adjusted_together(capsys):
    levels = {"a": [0.9, 0.91, 0.92], "b": [0.8, 0.815, 0.81], "c": [0.7, 0.71, 0.74]}
    (entries,) = rankings([row(name, s, v) for name, values in levels.items() for s, v in enumerate(values)])
    assert [entry.part("strategy") for entry in entries] == ["a", "b", "c"]
    raw = {pair: stats.ttest_rel(levels[pair[0]], levels[pair[1]]).pvalue for pair in ("ab", "ac", "bc")}
    stdout_console().print(difference_matrix(entries, 200))
    shown = capsys.readouterr().out
    assert f"{3 * min(raw.values()):.4f}" in shown
    assert f"+{np.mean(levels['a']) - np.mean(levels['c']):.4f}" in shown
    assert rankings([row(name, 0, 0.5) for name in "ab"]) == []


def test_ties_with_the_best_are_paired():
    levels = {0: 0.5, 1: 0.7, 2: 0.9}
    made = [row("best", s, v) for s, v in levels.items()]
    made += [row("equal", s, v) for s, v in levels.items()]
    made += [row("clearly-worse", s, v - 0.015 - s / 10_000) for s, v in levels.items()]
    made += [row("constant-difference", s, v - 0.02) for s, v in levels.items()]
    made += [row("worse-on-one-seed", s, v - 0.2 * (s == 1)) for s, v in levels.items()]
    made += [row("better-on-shared-seeds", s, v + 0.01 + s / 10_000) for s, v in levels.items()]
    made += [row("better-on-shared-seeds", s, 0.1) for s in (7, 8)]
    made += [row("two-seeds", s, 0.4) for s in (0, 1)]
    made += [row("bound", s, 1.0, upper_bound=True) for s in levels]
    made += [row("peeked", s, 1.0, test_set_evaluations=3) for s in levels]
    made += [replace(row("broken", 0, 0), status="failed", scores={})]
    board = leaderboard_entries(made)
    ranked = [entry.part("strategy") for entry in board if entry.ranked]
    assert ranked[:4] == ["best", "equal", "clearly-worse", "constant-difference"]
    assert {entry.part("strategy") for entry in board if entry.gap.is_tied} == {"equal", "worse-on-one-seed"}
    assert {entry.part("strategy") for entry in board if entry.gap.obstacle} == {
        *("constant-difference", "better-on-shared-seeds", "two-seeds")
    }
    assert {entry.part("strategy") for entry in board if not entry.ranked} == {"bound", "peeked", "broken"}
