"""Every statistic against an independent result: scipy, statsmodels, a full enumeration, or a published number."""

from dataclasses import replace
from itertools import combinations, product
from math import isnan, log

import numpy as np
import pytest
from helpers import row
from rich.console import Console
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from pslbench.analysis.aggregate import (
    aggregate_over_datasets,
    average_ranks,
    interquartile_means,
    signed_rank_probabilities,
    wilcoxon_tests,
)
from pslbench.analysis.budget_curves import area_under_curve, budget_curves
from pslbench.analysis.comparable_groups import comparable_groups, complete_submatrix
from pslbench.analysis.fairness import fairness_warnings
from pslbench.analysis.leaderboard import boards, leaderboard_entries
from pslbench.analysis.significance import (
    holm_adjusted,
    holm_adjusted_pairs,
    mcnemar_test,
    paired_accuracy_interval,
    paired_t_tests,
    pairwise_p_values,
    seeds_to_show,
    sign_flip_test,
)
from pslbench.analysis.statistics import bca_interval, mean_interval, paired_difference, stratified_bootstrap
from pslbench.analysis.ties import gaps_to_best
from pslbench.reporters.overall import build_overall_table

FIVE = [0.912, 0.897, 0.905, 0.921, 0.899]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_intervals_use_students_t():
    found = mean_interval([1.0, 2.0, 3.0, 4.0])
    assert found.mean == 2.5
    assert found.half_width == pytest.approx(3.182446 * 1.290994 / 2, rel=1e-5)
    low, high = stats.ttest_1samp(FIVE, 0).confidence_interval(0.9)
    assert (mean_interval(FIVE, 0.9).low, mean_interval(FIVE, 0.9).high) == pytest.approx((low, high))


def test_there_is_no_interval_for_fewer_than_three_or_for_equal_values():
    for few in ([], [1.0], [1.0, 2.0]):
        assert isnan(mean_interval(few).half_width)
    assert mean_interval([1.0, 2.0]).mean == 1.5
    assert not mean_interval([1.0, 2.0]).is_constant
    same = mean_interval([0.1 + 0.2, 0.3, 0.3])  # but for rounding
    assert isnan(same.half_width)
    assert same.is_constant
    pairs = paired_difference({0: 1.0, 1: 2.0, 9: 5.0}, {0: 0.5, 1: 1.5, 3: 7.0})
    assert (pairs.mean, pairs.n, pairs.is_constant) == (0.5, 2, True)


def test_a_row_is_tied_with_the_best_if_its_adjusted_p_value_is_not_significant(rng):
    for _ in range(20):
        scores = rng.normal(0.8, 0.02, (5, 4)) + np.linspace(0.1, 0, 5)[:, None] * rng.random()
        raw = [stats.ttest_rel(scores[i], scores[j]).pvalue for i, j in combinations(range(5), 2)]
        adjusted = multipletests(raw, method="holm")[1]
        by_seed = [dict(enumerate(row)) for row in scores]
        best, *others = gaps_to_best(by_seed, pairwise_p_values(by_seed)[0].tolist())
        assert best.is_best
        assert not best.is_tied
        assert not best.obstacle
        for gap, p in zip(others, adjusted, strict=False):  # the first four pairs are those with the best
            assert gap.p == pytest.approx(p)
            assert gap.is_tied == (p >= 0.05)
            assert not gap.is_best


def test_the_gap_to_the_best_is_unclear_if_the_pair_cannot_be_tested():
    best = {0: 0.9, 1: 0.8, 2: 0.85, 7: 1.0, 8: 1.0}
    rows = {
        "equal": {0: 0.9, 1: 0.8, 2: 0.85},
        "constant difference": {0: 0.8, 1: 0.7, 2: 0.75},
        "two seeds": {0: 0.5, 1: 0.7},
        "equal on two seeds": {0: 0.9, 1: 0.8},
        "better": {0: 0.96, 1: 0.87, 2: 0.91},
    }
    by_seed = [best, *rows.values()]
    _, *gaps = gaps_to_best(by_seed, pairwise_p_values(by_seed)[0].tolist())
    assert [gap.is_tied for gap in gaps] == [True, False, False, False, False]
    assert [gap.obstacle for gap in gaps] == [
        "",
        "their difference is the same on every seed that they share",
        *["they share fewer than 3 seeds"] * 2,
        "it is better on the seeds that they share",
    ]
    assert gaps[4].difference.high < 0
    assert gaps_to_best([], np.zeros((0, 0))) == []


@pytest.mark.parametrize(("difference", "deviation", "pairs"), [(0.02, 0.02, 1), (0.05, 0.04, 21), (0.01, 0.001, 3)])
def test_the_number_of_seeds_that_shows_a_difference_equals_statsmodels(difference, deviation, pairs):
    def power(n):
        return TTestPower().power(difference / deviation, n, 0.05 / pairs)

    found = seeds_to_show(difference, deviation, pairs)
    assert power(found) >= 0.8
    assert found == 3 or power(found - 1) < 0.8


def test_the_interval_of_paired_accuracies_contains_the_difference_in_95_percent(rng):
    for only_a, only_b, n in ((0.1, 0.02, 500), (0.01, 0.01, 200), (0.3, 0.1, 100)):
        drawn = rng.multinomial(n, [only_a, only_b, 1 - only_a - only_b], 2000)
        found = [paired_accuracy_interval(int(a), int(b), n) for a, b, _ in drawn]
        assert np.mean([each.low <= only_a - only_b <= each.high for each in found]) > 0.93
        assert found[0].estimate == pytest.approx((drawn[0, 0] - drawn[0, 1]) / n)


def test_rows_that_do_not_depend_on_the_seed_are_one_observation(rng):
    y = rng.random((2, 200)) < np.array([[0.9], [0.7]])
    by_seed = [dict.fromkeys(range(5), float(samples.mean())) for samples in y]
    only_a, only_b = int((y[0] & ~y[1]).sum()), int((y[1] & ~y[0]).sum())
    p = pairwise_p_values([*by_seed, {seed: rng.random() for seed in range(5)}], [*y, None])
    assert holm_adjusted_pairs(p).shape == (3, 3)
    raw = mcnemar([[0, only_a], [only_b, 0]], exact=True).pvalue
    assert p[0, 1] == pytest.approx(3 * raw)
    assert np.isnan(pairwise_p_values(by_seed)[0, 1]), "without the samples nothing is known"


def test_paired_t_tests_equal_scipys_over_the_shared_seeds(rng):
    scores = rng.normal(0.8, 0.05, (4, 6))
    scores[1, 2] = scores[2, 2:] = np.nan
    p = paired_t_tests(scores)
    for i, j in combinations((0, 1, 3), 2):
        known = ~np.isnan(scores[i] + scores[j])
        assert p[i, j] == p[j, i] == pytest.approx(stats.ttest_rel(scores[i][known], scores[j][known]).pvalue)
    assert np.isnan(p[2, [0, 1, 3]]).all()  # two seeds
    assert (p.diagonal()[[0, 1, 3]] == 1).all()
    assert np.isnan(p[2, 2]), "a row of two seeds cannot even be judged against itself"
    shifted = paired_t_tests([FIVE, np.add(FIVE, 0.1), FIVE])
    assert np.isnan(shifted[0, 1])
    assert shifted[0, 2] == 1
    assert paired_t_tests(np.zeros((0, 0))).shape == (0, 0)


def test_holm_adjustment_equals_statsmodels_and_ignores_nan(rng):
    p = rng.uniform(0, 0.2, 12)
    assert holm_adjusted(p) == pytest.approx(multipletests(p, method="holm")[1])
    assert holm_adjusted([0.01, np.nan, 0.04]) == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)
    assert len(holm_adjusted([])) == 0
    pairs = np.full((3, 3), 1.0)
    pairs[0, 1] = pairs[1, 0] = 0.01
    pairs[0, 2] = pairs[2, 0] = 0.02
    assert holm_adjusted_pairs(pairs)[np.triu_indices(3, 1)] == pytest.approx([0.03, 0.04, 1])


def test_the_sign_flip_test_enumerates_all_flips(rng):
    d = np.array([0.02, -0.005, 0.013, 0.008, 0.001, 0.011])
    flips = np.array(list(product((1, -1), repeat=len(d)))) @ d
    assert sign_flip_test(d) == pytest.approx((np.abs(flips) >= abs(d.sum()) - 1e-12).mean())
    assert sign_flip_test([0.1, 0.2, 0.3, 0.4, 0.5]) == pytest.approx(2 / 2**5)
    assert sign_flip_test([0.1, -0.1, 0.1, -0.1]) == 1
    many = rng.normal(0.3, 1, 40)  # too many flips to try them all
    assert sign_flip_test(many) == pytest.approx(stats.ttest_1samp(many, 0).pvalue, abs=0.01)


@pytest.mark.parametrize(("one", "other"), [(7, 1), (132, 110), (0, 5), (3, 3)])
def test_mcnemar_equals_statsmodels(one, other):
    assert mcnemar_test(one, other) == pytest.approx(mcnemar([[9, one], [other, 4]], exact=True).pvalue)


def test_mcnemar_of_equal_classifiers():
    assert mcnemar_test(0, 0) == 1


def test_bca_equals_efrons_formula_over_all_resamples():
    d = np.array([0.021, -0.004, 0.013, 0.05, 0.009])
    means = np.sort(np.array(list(product(d, repeat=5))).mean(axis=1))
    z0 = stats.norm.ppf(((means < d.mean()).mean() + (means <= d.mean()).mean()) / 2)
    left_out = np.array([np.delete(d, i).mean() for i in range(5)])
    off = left_out.mean() - left_out
    a = (off**3).sum() / (6 * (off**2).sum() ** 1.5)
    z = z0 + stats.norm.ppf([0.025, 0.975])
    exact = np.quantile(means, stats.norm.cdf(z0 + z / (1 - a * z)))
    found = bca_interval(d)
    assert found.estimate == pytest.approx(d.mean())
    assert (found.low, found.high) == pytest.approx(exact, abs=0.0006)
    assert isnan(bca_interval([0.1, 0.2]).low)
    assert isnan(bca_interval([0.1, 0.1, 0.1]).low)


def test_the_interquartile_mean_equals_scipys_and_its_interval_that_of_all_resamples():
    tables = [[[0.9, 0.7, 0.8, 0.6], [0.5, 0.6, 0.7, 0.5]], [[0.4, 0.5, 0.1, 0.3], [0.3, 0.9, 0.2, 1]]]
    found = stratified_bootstrap([np.array(table) for table in tables], interquartile_means)
    for strategy, got in enumerate(found):
        one, other = (np.array(list(product(table[strategy], repeat=4))) for table in tables)
        both = np.hstack([one.repeat(256, axis=0), np.tile(other, (256, 1))])
        every = stats.trim_mean(both, 0.25, axis=1)
        assert got.estimate == pytest.approx(stats.trim_mean([*tables[0][strategy], *tables[1][strategy]], 0.25))
        assert (got.low, got.high) == pytest.approx(np.quantile(every, [0.025, 0.975]), abs=0.026)
    few = stratified_bootstrap([np.array(table)[:, :2] for table in tables], interquartile_means)
    assert isnan(few[0].low)


def test_data_sets_have_equal_weights_in_the_interquartile_mean(rng):
    many, few = rng.normal(0.9, 0.01, (2, 12)), rng.normal(0.5, 0.01, (2, 3))
    equal = stats.trim_mean(np.concatenate([many, few.repeat(4, axis=1)], axis=1), 0.25, axis=1)
    assert interquartile_means([many, few]) == pytest.approx(equal)
    assert interquartile_means([np.array([1.0, 2, 3]), np.array([4.0, 5, 6])]) == pytest.approx((1 + 3 + 4 + 2.5) / 3)


def test_average_ranks_by_hand_with_students_interval_over_data_sets():
    means = np.array([[0.9, 0.2], [0.5, 0.6], [0.5, 0.4]])
    assert [rank.estimate for rank in average_ranks(means)] == pytest.approx(
        [(1 + 3) / 2, (2.5 + 1) / 2, (2.5 + 2) / 2]
    )
    assert all(isnan(rank.low) for rank in average_ranks(means))  # two datasets
    ranks = np.array([[1, 1, 2, 1, 3, 1], [2, 3, 1, 3, 2, 2], [3, 2, 3, 2, 1, 3]])
    for each, found in zip(ranks, average_ranks(-ranks / 10), strict=True):
        low, high = stats.ttest_1samp(each, 0).confidence_interval()
        assert (found.low, found.high) == pytest.approx((max(1, low), min(3, high)))
        assert found.low <= found.estimate <= found.high
    steady, _ = average_ranks(np.array([[0.9, 0.8, 0.7], [0.5, 0.4, 0.3]]))
    assert steady.estimate == 1
    assert isnan(steady.low)


def test_intervals_of_ranks_cover_the_truth_in_95_percent(rng):
    def means(times, datasets):
        effects = np.array([0.6, 0.4, 0.2, 0])[:, None]  # in standard deviations of a seed, five seeds
        return effects + rng.normal(0, 0.3, (times, 4, datasets)) + rng.normal(0, 1 / 5**0.5, (times, 4, datasets))

    (truth,) = stats.rankdata(-means(1, 50_000), axis=1).mean(axis=2)
    found = [average_ranks(each) for each in means(300, 10)]
    held = [rank.low <= true <= rank.high for ranks in found for rank, true in zip(ranks, truth, strict=True)]
    assert 0.91 < np.mean(held) < 0.98


def test_the_complete_part_of_a_table():
    there = np.ones((3, 7), bool)
    there[1:, 6] = False  # one row alone has the last column
    assert complete_submatrix(there) == ([0, 1, 2], [0, 1, 2, 3, 4, 5])
    assert complete_submatrix(np.vstack([there[:, :6], np.arange(6) == 0])) == ([0, 1, 2], [0, 1, 2, 3, 4, 5])
    assert complete_submatrix(np.array([[True, True], [True, False]])) == ([0], [0, 1])
    assert complete_submatrix(~np.eye(3, 10, dtype=bool)) == ([0, 1, 2], list(range(3, 10)))
    assert complete_submatrix(np.zeros((2, 3), bool))[0] == []


def test_wilcoxon_needs_six_data_sets_and_is_adjusted_for_all_pairs(rng):
    means = rng.uniform(0.5, 0.9, (3, 7))
    raw = [stats.wilcoxon(means[i], means[j]).pvalue for i, j in combinations(range(3), 2)]
    assert wilcoxon_tests(means)[np.triu_indices(3, 1)] == pytest.approx(multipletests(raw, method="holm")[1])
    assert np.isnan(wilcoxon_tests(means[:, :5])).all()
    assert wilcoxon_tests(np.vstack([means[0], means[0]]))[0, 1] == 1


def test_the_bayesian_signed_rank_test_follows_its_paper():
    # The posterior of Benavoli et al. 2014: weights of a Dirichlet, pairs of differences, with the prior's at zero.
    ours, theirs = np.array([0.9, 0.85, 0.8, 0.7]), np.array([0.88, 0.85, 0.79, 0.72])
    d = np.concatenate([[0], ours - theirs])
    walsh = (d[:, None] + d[None]) / 2
    weights = np.random.default_rng(1).dirichlet([0.5, 1, 1, 1, 1], 20_000)
    pairs = weights[:, :, None] * weights[:, None]
    regions = [(walsh > 0.005), np.abs(walsh) <= 0.005, walsh < -0.005]
    largest = np.argmax([(pairs * region).sum(axis=(1, 2)) for region in regions], axis=0)
    found = signed_rank_probabilities(ours, theirs)
    expected = np.bincount(largest, minlength=3) / len(largest)
    assert (found.better, found.equivalent, found.worse) == pytest.approx(expected, abs=0.02)
    assert signed_rank_probabilities(ours, ours).equivalent == 1


def test_each_doubling_of_the_budget_has_equal_weight_in_the_area():
    assert area_under_curve([10, 20, 40], [0.6, 0.6, 0.6]) == pytest.approx(0.6)
    assert area_under_curve([10, 20, 40], [0.4, 0.6, 0.8]) == pytest.approx(0.6)
    by_hand = (log(3) * (0.5 + 0.8) / 2 + log(2) * (0.8 + 0.9) / 2) / log(6)
    assert area_under_curve([10, 30, 60], [[0.5, 0.8, 0.9]])[0] == pytest.approx(by_hand)


def test_curves_are_sorted_by_area_and_compared_with_the_largest():
    rows = [
        row(name, seed, accuracy + seed / 100 + budget / 1000 * (1 + seed * (name == "worse")), budget=budget)
        for name, accuracy in (("worse", 0.4), ("best", 0.5))
        for seed in range(3)
        for budget in (10, 40)
    ]
    rows += [row("once", 0, 0.9, budget=10), row("bound", 0, 1.0, budget=10, upper_bound=True)]
    (curves,) = budget_curves(leaderboard_entries(rows))
    assert [curve.part("strategy") for curve in curves] == ["best", "worse", "once", "bound"]
    assert curves[0].area.mean == pytest.approx(0.51 + 0.025)
    assert curves[1].gap.difference.mean == pytest.approx(np.mean([0.1, 0.1 - 0.025, 0.1 - 0.05]))
    assert curves[2].areas == {}
    assert curves[2].gap.difference is None
    assert budget_curves(leaderboard_entries([row("alone", 0, 0.5)])) == []


def test_a_budget_of_a_single_curve_does_not_change_the_areas(rng):
    rows = [row(name, s, rng.uniform(), budget=b) for name in "abc" for s in range(3) for b in (10, 40)]
    (before,) = budget_curves(leaderboard_entries(rows))
    rows += [row("a", s, 0.9, budget=90) for s in range(3)]
    (curves,) = budget_curves(leaderboard_entries(rows))
    assert [curve.budgets for curve in curves] == [(10, 40)] * 3
    assert [curve.areas for curve in curves] == [curve.areas for curve in before]
    assert [repr(curve.gap) for curve in curves] == [repr(curve.gap) for curve in before]  # NaN is not equal to NaN


def test_the_mark_of_a_board_is_corrected_for_all_pairs(rng):
    levels = {"good": 0.9, "near": 0.89, "bad": 0.5}
    noise = rng.normal(0, 0.01, (3, 5))
    rows = [row(name, s, level + noise[i, s]) for i, (name, level) in enumerate(levels.items()) for s in range(5)]
    rows += [row("good", s, 0.9, upper_bound=True, clusterer="other") for s in range(5)]
    (board,) = boards(rows)
    is_tied = {entry.part("strategy"): entry.gap.is_tied for entry in board if entry.ranked}
    assert is_tied == {"good": False, "near": True, "bad": False}
    assert [entry.gap.is_best for entry in board] == [True, False, False, False]


def test_boards_are_grouped_by_trainer():
    rows = [row(name, s, 0.5 + s / 10, trainer=t) for name in "ab" for s in range(3) for t in ("one", "two")]
    assert [{s.part("trainer") for s in board} for board in boards(rows, "trainer")] == [{"one"}, {"two"}]
    rows += [row("free", s, 0.4, clusterer="-") for s in range(3)]
    assert len(boards(rows)) == 1
    with_free = boards([replace(r, trainer="t") for r in rows if r.trainer != "two"], "clusterer")
    assert [len(board) for board in with_free] == [3]


def test_comparable_groups_differ_only_in_the_strategy():
    rows = [row("a", 0, 0.5, clusterer=c) for c in ("gmm", "kmeans")]
    rows += [row("free", 0, 0.5, clusterer="-", embedder="-"), row("graph", 0, 0.5, clusterer="-")]
    found = comparable_groups(leaderboard_entries(rows), "dataset", "budget", "trainer")
    assert [sorted(s.part("strategy") for s in each) for each in found] == [["a", "free", "graph"]] * 2
    free = [s for s in leaderboard_entries(rows) if s.part("clusterer") == "-"]
    assert len(comparable_groups(free, "dataset", "budget", "trainer")) == 1


def test_fairness_warnings():
    fair = [row("a", s, 0.5, labels_spent=10) for s in range(3)] + [row("b", s, 0.5, labels_spent=10) for s in range(3)]
    assert fairness_warnings(leaderboard_entries(fair)) == []

    def said(**change):
        return fairness_warnings(leaderboard_entries([replace(r, **change) if r.strategy == "b" else r for r in fair]))

    assert said(labels_spent=4) == ["Unequal labels spent: 10 (a); 4 (b): fewer labels can explain a lower score."]
    assert said(labels_spent=4000, upper_bound=True) == []
    so = "differences may come from the trainers, not the strategies"
    assert said(trainer="other") == [f"Unequal trainer: t (a); other (b): {so}."]
    so = "rows of different protocol versions cannot be compared"
    assert said(protocol=1) == [f"Unequal protocol versions: 0 (a); 1 (b): {so}."]
    assert said(checksum="another")[0].startswith("Unequal data: data (a); another (b)")
    assert said(compute_dtype="bfloat16")[0].startswith("Unequal arithmetic: unknown (a); bfloat16 (b)")
    seeds = fairness_warnings(
        leaderboard_entries([*fair, row("c", 0, 0.5, labels_spent=10), row("c", 7, 0.5, labels_spent=10)])
    )
    assert seeds == ["Unequal seeds: 0-2 (a, b); 0, 7 (c): only the shared seeds are compared."]


def test_aggregation_over_data_sets():
    rows = [
        row(name, seed, 0.9 - 0.1 * i - 0.02 * d + seed / 100, dataset=f"d{d}")
        for i, name in enumerate(("good", "middling", "bad"))
        for d in range(6)
        for seed in range(3)
    ]
    rows += [row("partial", 0, 0.99, dataset="d0"), row("bound", 0, 1.0, dataset="d0", upper_bound=True)]
    (found,) = aggregate_over_datasets(leaderboard_entries(rows))
    assert [each.strategy for each in found.rows] == ["good", "middling", "bad"]
    assert found.reference == "good"
    assert found.left_out == ["partial"]
    best, second, _ = found.rows
    assert best.equivalence is None
    assert best.rank.estimate == 1
    assert second.equivalence.worse > 0.99
    assert second.p == pytest.approx(3 * 2 / 2**6)  # the smallest that six datasets allow, times three pairs
    (few,) = aggregate_over_datasets(
        leaderboard_entries([r for r in rows if r.dataset in ("d0", "d1")]), reference="bad"
    )
    assert isnan(few.rows[0].p)
    assert few.rows[0].equivalence.better > 0.9
    assert aggregate_over_datasets(leaderboard_entries([r for r in rows if r.dataset == "d0"])) == []


def over(scores):
    """The lines under the table over datasets, for test accuracies by strategy, dataset and seed."""
    made = [row(name, seed, value, dataset=d) for (name, d, seed), value in scores.items()]
    (found,) = aggregate_over_datasets(leaderboard_entries(made))
    console = Console(width=400)
    with console.capture() as captured:
        console.print(build_overall_table(found))
    return found, captured.get()


def test_data_sets_and_seeds_of_a_single_strategy_are_left_out(rng):
    scores = {(n, f"d{d}", s): rng.uniform() for n in "abc" for d in range(6) for s in range(3)}
    found, said = over(scores | {("a", "d9", 0): 0.5})
    assert found.datasets == [f"d{d}" for d in range(6)]
    assert "incomplete over strategies: d9" in said
    assert "p cannot be below 0.094" in said
    found, said = over(scores | {("c", "d5", s): 0.5 for s in (7, 8)} | {("b", "d6", 0): 1, ("a", "d6", 0): 1})
    assert [each.strategy for each in found.rows if each.strategy not in "abc"] == []
    later = {(n, d, s + 9 * (n == "c" and d == "d2")): value for (n, d, s), value in scores.items()}
    found, said = over(later)  # on d2, c has no seed in common with the others
    assert found.datasets == ["d0", "d1", "d3", "d4", "d5"]
    assert "incomplete over strategies: d2" in said
    strange = scores | {("odd", f"d{d}", 50): 0.5 for d in range(6)}
    found, said = over(strange)
    assert found.left_out == ["odd"]
    assert "incomplete over datasets and seeds: odd" in said


def test_the_legend_explains_intervals_over_data_sets(rng):
    def scores(datasets, a, b):
        given = (("a", a), ("b", b))
        return {(n, f"d{d}", s): rng.uniform() for n, seeds in given for d in range(datasets) for s in seeds}

    found, said = over(scores(2, range(4), range(2, 6)))
    assert found.seeds == 2
    assert "fewer than 3 seeds in common" in said
    assert "fewer than 3 datasets" in said
    assert "in parentheses" not in said
    _, said = over(scores(2, range(10), range(10)))
    assert "over seeds (bootstrap; too narrow with so few seeds" in said
    _, said = over(scores(2, range(20), range(20)))
    assert "over seeds (bootstrap)" in said
    clear = {(n, f"d{d}", s): (n == "a") / 2 + rng.uniform() / 9 for n in "ab" for d in range(10) for s in range(5)}
    found, said = over(clear)
    assert isnan(found.rows[0].rank.low)
    assert "each rank is the same on all datasets" in said
