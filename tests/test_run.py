"""`pslbench run` as a user runs it."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers import TINY, command, rows

from pslbench.plugins.discovery import discover

ALL = [name for name, part in discover().parts("strategy").items() if part.enabled]
FAST_CNN = "cnn:epochs=1,min_steps=100"


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    folder = tmp_path_factory.mktemp("everything")
    return folder, command("run", "--all", *TINY, "-o", folder, "-j", 2)


def test_all_strategies_run_and_are_ranked(everything):
    folder, outcome = everything
    assert outcome.status == 0, outcome.err
    board = pd.read_csv(folder / "leaderboard.csv")
    assert set(board.strategy) == set(ALL)
    ranked = board[board.ranked]
    assert set(ranked.strategy) == set(ALL) - {"majority", "supervised", "constant"}
    assert ranked.test_accuracy.is_monotonic_decreasing
    assert set(ranked.labels_spent) == {40}
    assert board[~board.ranked].set_index("strategy").labels_spent.to_dict() == {
        **dict.fromkeys(("supervised", "majority"), 1297),
        "constant": 40,
    }
    for strategy in board.strategy:
        assert strategy in outcome.out
    assert "∞ upper bound" in outcome.out


def test_every_score_of_the_protocol_is_there_and_sane(everything):
    folder, _ = everything
    results = rows(folder)
    assert len(results) == 2 * len(ALL)
    centroid = results[results.strategy == "centroid"]
    for score in ("test_accuracy", "macro_f1", "ece", "direct_accuracy", "pseudo_accuracy", "purity", "nmi", "ari"):
        assert centroid[score].between(0, 1).all(), score
    assert (centroid.coverage == 1).all()
    assert (centroid.nll > 0).all()
    assert (centroid.pseudo_accuracy <= centroid.purity).all()
    supervised = results[results.strategy == "supervised"]
    assert (supervised.pseudo_accuracy == 1).all()
    assert supervised.purity.isna().all()
    assert (supervised.clusterer == "-").all()


def test_files_of_the_results(everything):
    folder, _ = everything
    run = json.loads((folder / "manifest.json").read_text())["runs"][0]
    assert run["command"].startswith("pslbench run --all -d digits")
    assert {"pslbench", "numpy", "scikit-learn", "faiss-cpu"} <= run["versions"].keys()
    cells = list((folder / "cells").glob("*.json"))
    assert len(cells) == 2 * len(ALL)
    result = json.loads(cells[0].read_text())
    predicted = np.load(folder / "predictions" / f"{result['key']}.npy")
    assert predicted.shape == (500, 10)
    assert predicted.dtype == np.float16
    kept = np.load(folder / "labels" / f"{result['key']}.npz")
    assert len(kept["asked"]) == result["labels_spent"]
    assert len(kept["indices"]) == len(kept["labels"]) == round(result["scores"]["coverage"] * 1297)
    assert {"train", "score", "total"} <= result["seconds"].keys()
    assert result["peak_memory_mb"] > 50


def test_the_same_seed_gives_the_same_row_with_one_job_or_two_alone_or_among_many(everything, tmp_path):
    folder, _ = everything
    assert command("run", "majority", "centroid", *TINY, "-j", 1, "-o", tmp_path).status == 0
    alone = rows(tmp_path)
    among = rows(folder)
    among = among[among.strategy.isin(alone.strategy)].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, among, check_exact=True)


def test_what_is_there_is_not_run_again(everything):
    folder, _ = everything
    before = {path: path.stat().st_mtime_ns for path in (folder / "cells").glob("*.json")}
    outcome = command("run", "--all", *TINY, "-o", folder)
    assert f"{2 * len(ALL)} of {2 * len(ALL)} cells are finished already" in outcome.err
    assert before == {path: path.stat().st_mtime_ns for path in (folder / "cells").glob("*.json")}


def test_leaderboard_makes_the_tables_again(everything, cli):
    folder, outcome = everything
    (folder / "leaderboard.csv").unlink()
    again = cli("leaderboard", folder)
    assert again.status == 0
    tables, next_command, *_ = again.out.partition("next: ")
    assert tables == outcome.out.partition("next: ")[0]
    assert next_command, "it repeats the last command, which had other options"
    assert (folder / "leaderboard.csv").exists()


def test_cnn_gives_the_same_row_twice_and_marks_the_epoch_picked_on_the_test_set(tmp_path):
    tiny = ["centroid-only", "-d", "digits", "-b", "40", "-s", "1", "-t", FAST_CNN]
    picked = f"{FAST_CNN},select=test"
    first, second = tmp_path / "first", tmp_path / "second"
    outcome = command("run", *tiny, "-t", picked, "-j", 1, "-o", first)
    assert outcome.status == 0, outcome.err
    assert command("run", *tiny, "-j", 2, "-o", second).status == 0
    frame = rows(first)
    last = frame[frame.trainer == FAST_CNN].reset_index(drop=True)
    pd.testing.assert_frame_equal(last, rows(second), check_exact=True)
    assert last.test_accuracy[0] > 0.3
    assert last.test_set_evaluations[0] == 0
    assert frame[frame.trainer == picked].test_set_evaluations.item() == 40  # 100 steps of 16 images
    board = pd.read_csv(first / "leaderboard.csv").set_index("trainer")
    assert board.ranked[FAST_CNN]
    assert not board.ranked[picked]
    assert "† used the test set" in outcome.out


def test_a_grid_of_parameters_clusterers_and_budgets(tmp_path):
    clusterers = ["kmeans", "gmm", "birch", "agglomerative"]
    given = [item for name in clusterers for item in ("-c", name)]
    outcome = command(
        "run", "centroid:keep=0.2|1", "random", "-d", "digits", "-e", "pca:dims=20", "-t", "logreg",
        *given, "-b", "30,40", "-s", "3,", "-o", tmp_path,
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    results = rows(tmp_path)
    assert len(results) == 2 * 4 * 2 + 2  # random needs no clusters: once a budget
    assert set(results.strategy) == {"centroid", "centroid:keep=0.2", "random"}
    assert set(results.seed) == {3}
    partial = results[results.strategy == "centroid:keep=0.2"]
    assert partial.coverage.between(0.2, 0.25).all()
    assert (results[results.strategy == "centroid"].purity > 0.6).all()


def test_a_failed_cell_is_a_row_and_the_others_go_on(plugin, tmp_path):
    bad = plugin("""
@strategy("bad", uses="x")
def bad(pool: Pool) -> PseudoLabels:
    '''Fails.'''
    raise RuntimeError("not today")

@hookimpl
def pslbench_register():
    yield bad
""")
    outcome = command("run", "bad", "random", *TINY, "-o", tmp_path / "r", "--plugin", bad)
    assert outcome.status == 1
    assert "RuntimeError: not today" in outcome.err
    results = rows(tmp_path / "r").groupby("strategy").status.unique()
    assert results["bad"].tolist() == ["failed"]
    assert results["random"].tolist() == ["ok"]
    failures = [json.loads(p.read_text())["error"] for p in (tmp_path / "r" / "cells").glob("*.json")]
    assert any(error and "in bad" in error["traceback"] for error in failures)
    assert "2 failed" in outcome.out


def test_a_worker_that_dies_twice_costs_its_row_and_the_others_never_notice(plugin, tmp_path):
    deadly = plugin("""
@strategy("deadly", uses="x")
def deadly(pool: Pool) -> PseudoLabels:
    '''Dies.'''
    import os
    os._exit(3)

@hookimpl
def pslbench_register():
    yield deadly
""")
    outcome = command("run", "deadly", "random", "supervised", *TINY, "-o", tmp_path / "r", "--plugin", deadly)
    assert outcome.status == 1
    assert "WorkerDied" in outcome.err
    assert "Traceback" not in outcome.err
    status = rows(tmp_path / "r").groupby("strategy").status.unique().str[0].to_dict()
    assert status == {"deadly": "failed", "random": "ok", "supervised": "ok"}


def test_a_part_that_calls_exit_fails_like_any_other(plugin, tmp_path):
    leaver = plugin("""
@strategy("leaver", uses="x")
def leaver(pool: Pool) -> PseudoLabels:
    '''Leaves.'''
    raise SystemExit(0)

@hookimpl
def pslbench_register():
    yield leaver
""")
    outcome = command("run", "leaver", "random", *TINY, "-o", tmp_path / "r", "--plugin", leaver)
    assert outcome.status == 1
    assert rows(tmp_path / "r").status.tolist() == ["failed", "failed", "ok", "ok"]


def test_wrong_values_that_only_the_part_can_know_exit_with_2(tmp_path):
    outcome = command("run", "centroid", "random", *TINY, "-e", "pca:dims=1000", "-o", tmp_path)
    assert outcome.status == 2
    assert "pca:dims=1000 must be from 1 to 64" in outcome.err
    assert rows(tmp_path).groupby("strategy").status.first().to_dict() == {"centroid": "failed", "random": "ok"}


def test_a_folder_holds_what_several_commands_put_there(tmp_path):
    assert command("run", "random", *TINY, "-o", tmp_path).status == 0
    assert command("compare", "supervised", "random", *TINY, "-o", tmp_path).status == 0
    assert set(rows(tmp_path).strategy) == {"random", "supervised"}
    assert len(json.loads((tmp_path / "manifest.json").read_text())["runs"]) == 2


def test_evaluations_on_the_test_set_are_counted_whenever_they_happen(plugin, tmp_path):
    late = plugin("""
from dataclasses import dataclass

@dataclass
class Late:
    data: object
    def predict_proba(self, x):
        proba = np.full((len(x), self.data.n_classes), 1 / self.data.n_classes)
        if len(x) == len(self.data.x_test):
            self.data.test_accuracy(proba)
        return proba

@trainer("late")
def late(data, seed) -> Late:
    '''Looks at the test set when nobody expects it.'''
    return Late(data)

@strategy("curious", uses="x", trains=True)
def curious(pool: Pool) -> PseudoLabels:
    '''Looks for labels behind a predictor.'''
    chosen = np.arange(pool.budget)
    labels = PseudoLabels(chosen, pool.label(chosen))
    pool.train(labels)
    return labels

@hookimpl
def pslbench_register():
    yield from (late, curious)
""")
    tiny = ["-d", "digits", "-t", "late", "-b", "40", "-s", "1"]
    outcome = command("run", "curious", *tiny, "-o", tmp_path / "r", "--plugin", late)
    assert outcome.status == 0, outcome.err
    assert rows(tmp_path / "r").test_set_evaluations.tolist() == [1]


def test_predictions_that_are_not_probabilities_fail_the_cell(plugin, tmp_path):
    wrong = plugin("""
class Wrong:
    def predict_proba(self, x):
        return np.full((len(x), 10), 5.0)

@trainer("wrong")
def wrong(data, seed) -> Wrong:
    '''Gives fives.'''
    return Wrong()

@hookimpl
def pslbench_register():
    yield wrong
""")
    outcome = command(
        "run", "random", "-d", "digits", "-t", "wrong", "-b", "40", "-s", "1", "-o", tmp_path / "r", "--plugin", wrong
    )
    assert outcome.status == 1
    assert "probabilities" in outcome.err


def test_observers_hear_of_the_run_and_one_that_fails_harms_nobody(plugin, tmp_path):
    observer = plugin(f"""
@hookimpl
def pslbench_run_started(run):
    print("started", len(run.cells))

@hookimpl
def pslbench_cell_finished(result):
    raise ValueError("no thanks")

@hookimpl
def pslbench_run_finished(results):
    open({str(tmp_path / "seen")!r}, "w").write(str(len(results)))
""")
    outcome = command("run", "random", *TINY, "-o", tmp_path / "r", "--plugin", observer)
    assert outcome.status == 0
    assert "started 2" in outcome.out
    assert "failed in pslbench_cell_finished: ValueError: no thanks" in outcome.err
    assert (tmp_path / "seen").read_text() == "2"


def test_a_clusterer_that_cannot_take_the_pool_is_skipped_with_a_warning(plugin, tmp_path):
    small = plugin("""
@clusterer("small", max_pool=100)
def small(k):
    '''Takes few samples.'''
    raise MemoryError

@hookimpl
def pslbench_register():
    yield small
""")
    given = ["run", "centroid-only", *TINY, "-s", "1", "-o", tmp_path / "r", "--plugin", small]
    alone = command(*given, "-c", "small")
    assert alone.status == 2
    assert "try -c minibatch-kmeans" in alone.err
    beside = command(*given, "-c", "small", "-c", "kmeans")
    assert beside.status == 0, beside.err
    assert "warning: small takes up to 100 samples" in beside.err
    assert rows(tmp_path / "r").clusterer.tolist() == ["kmeans"]
