"""The conclusion of a run: which strategy to use, how many seeds would show more, and the command for that."""

import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import TINY, command, row
from statsmodels.stats.power import TTestPower

from pslbench.analysis.conclusion import conclude, next_command
from pslbench.analysis.leaderboard import boards
from pslbench.reporters.formats import dataset_title

NOISE = (0.01, -0.012, 0.004, 0.007, -0.009)


def board_of(levels, seeds=5, **more):
    """Return the board of made-up strategies with these mean accuracies and noise of their own."""
    rng = np.random.default_rng(0)
    made = [row(name, s, a + rng.permutation(NOISE)[s], **more) for name, a in levels.items() for s in range(seeds)]
    (board,) = boards(made)
    return board


def test_a_strategy_that_beats_random_is_recommended():
    found = conclude(board_of({"random": 0.5, "poisson": 0.8, "centroid": 0.7}))
    assert found.sentence.startswith("Use `poisson`: +0.299")
    assert "over `random` (95%: 0.290 to 0.307)" in found.sentence
    assert found.seeds == 0


def test_rows_that_cannot_be_told_apart_from_the_recommended_one_are_named():
    assert "`b` cannot be told apart from it" in conclude(board_of({"random": 0.5, "a": 0.8, "b": 0.801})).sentence
    without = conclude(board_of({"a": 0.8, "b": 0.5}))
    assert "over `b`" in without.sentence, "without random, the runner-up takes its place"


def test_if_nothing_beats_random_the_number_of_seeds_has_the_stated_power():
    board = board_of({"random": 0.700, "a": 0.712, "b": 0.705}, seeds=3)
    found = conclude(board)
    assert "With 3 seeds nothing beats `random` beyond chance" in found.sentence
    assert f"{found.seeds} seeds would show a difference of 0.0" in found.sentence
    size = float(found.sentence.rpartition("difference of ")[2].rstrip("."))
    a, reference = (next(e for e in board if e.part("strategy") == name).by_seed() for name in ("a", "random"))
    deviation = np.std([a[seed] - reference[seed] for seed in a], ddof=1)
    power = [TTestPower().power(size / deviation, n, 0.05 / 3) for n in (found.seeds - 1, found.seeds)]
    assert power[0] < 0.8 <= power[1]


@pytest.mark.parametrize(
    ("levels", "seeds", "words"),
    [
        ({"random": 0.5, "a": 0.8}, 2, "With 2 seeds nothing can be compared"),
        ({"random": 0.5}, 5, "Only `random` competes; run another strategy, such as `centroid`"),
        ({"a": 0.5}, 5, "such as `random`"),
        ({"random": 0.9, "a": 0.5}, 5, "nothing beats `random`"),
    ],
)
def test_other_conclusions(levels, seeds, words):
    assert words in conclude(board_of(levels, seeds)).sentence


def test_strategies_below_the_trivial_baseline_are_counted():
    board = board_of({"random": 0.5, "a": 0.8, "b": 0.4})
    constant = [row("constant", s, 0.6, trainer="-") for s in range(5)]
    (board,) = boards([*(r for entry in board for r in entry.rows), *constant])
    assert [entry.part("strategy") for entry in board] == ["a", "random", "b", "constant"]
    assert "2 of 3 combinations do not beat `constant`" in conclude(board).sentence
    assert conclude([entry for entry in board if not entry.ranked]) is None


def test_the_parts_in_which_combinations_differ_are_named():
    rows = [row("a", s, 0.6 + NOISE[s], trainer=t) for s in range(3) for t in ("cnn", "logreg")]
    rows += [row("random", s, 0.2 + NOISE[s] ** 2, trainer=t) for s in range(3) for t in ("cnn", "logreg")]
    (board,) = boards([replace(r, key=f"{r.key}{r.trainer}") for r in rows])
    assert "`a` (cnn)" in conclude(board).sentence
    assert "`random` (cnn)" in conclude(board).sentence


def test_rows_with_fewer_seeds_are_not_passed_over():
    made = [
        row(name, s, level + NOISE[s % len(NOISE)] * share)
        for name, level, share in (("steady", 0.7, 0.1), ("random", 0.4, 0.2))
        for s in range(6)
    ]
    made += [row("noisy", s, level) for s, level in enumerate((0.5, 0.9, 0.95))]
    (board,) = boards(made)
    conclusion = conclude(board)
    assert "`noisy` scores higher on its 3 seeds; run all of them with 6 seeds" in conclusion.sentence
    assert "Use" not in conclusion.sentence
    assert conclusion.seeds == 6


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("run --all -s 3 -b 40", "run --all -b 40"),
        ("run --all -s3 --fresh -q", "run --all"),
        ("run a --seeds 3,4 -o 'my folder'", "run a"),
        ("run a --seeds=3 --output=elsewhere", "run a"),
        ("run a", "run a"),
        ("compare a b", ""),
    ],
)
def test_the_next_command_repeats_the_run_with_more_seeds(words, expected):
    board = board_of({"a": 0.5})
    runs = [{"command": f"pslbench {words}", "fingerprints": [[*board[0].combination, "f"]]}]
    folder = Path("my folder")
    assert next_command(board, runs, 12, folder) == (f"pslbench {expected} -o 'my folder' -s 12" if expected else "")
    assert next_command(board_of({"b": 0.5}), runs, 12, folder) == "", "that run did not have this combination"


def test_a_run_ends_with_a_conclusion_and_a_command_that_can_be_run(tmp_path, cli):
    ran = command("run", "random", "typiclust", *TINY, "-s", "3", "-o", tmp_path)
    assert ran.status == 0, ran.err
    assert "With 3 seeds nothing beats `random`" in ran.out
    (line,) = [line for line in ran.out.splitlines() if line.startswith("next: ")]
    words = shlex.split(line.removeprefix("next: pslbench "))
    assert int(words[-1]) > 3
    dry = cli(*words, "--dry-run")
    assert dry.status == 0, dry.err
    assert "6 done" in dry.out
    assert cli("report", tmp_path).status == 0
    page = (tmp_path / "report.html").read_text()
    header = page[page.index("<header>") : page.index("</header>")]
    assert "With 3 seeds nothing beats <code>random</code>" in header
    assert shlex.join(words) in header


def test_the_baseline_is_the_same_for_every_trainer_and_trains_none(tmp_path):
    outcome = command("run", "constant", "random", *TINY, "-t", "cnn:epochs=1,min_steps=1", "-o", tmp_path)
    assert outcome.status == 0, outcome.err
    frame = pd.read_csv(tmp_path / "results.csv").set_index(["strategy", "seed"])
    constant = frame.loc["constant"]
    assert len(constant) == 2, "one row per seed, whatever the number of trainers"
    assert set(constant.trainer) == {"-"}
    assert set(constant.labels_spent) == {40}
    assert constant.test_accuracy.between(0.05, 0.15).all()
    assert constant.seconds_train.max() < 0.1
    board = outcome.out.split("supervised")[0]
    assert board.index("random") < board.index("constant")
    assert "⊥ baseline" in outcome.out


@pytest.mark.parametrize("width", [60, 80, 120])
def test_boards_show_all_columns_and_names_at_any_width(tmp_path, width):
    name = "centroid:keep=0.123456789"
    given = ["random", name, "-d", "digits", "-t", "logreg", "-e", "pca:dims=16", "-e", "pixels"]
    outcome = command("run", *given, "-b", "20,40", "-s", "1", "-o", tmp_path, COLUMNS=str(width))
    assert outcome.status == 0, outcome.err
    lines = [line for line in outcome.out.splitlines() if not line.startswith(("next", "results in"))]
    assert max(map(len, lines)) <= width
    assert "…" not in outcome.out
    for head in ("embedder", "test accuracy", "direct", "pseudo", "labels", "seconds"):
        assert head in outcome.out, head
    folded = "".join(outcome.out.split())
    assert name in folded or "0.123456789" in folded


@pytest.mark.parametrize(
    ("dataset", "title"),
    [
        ("mnist-5k", "mnist-5k"),
        ("npz:path=letter.npz", "letter.npz"),
        ("npz:path=/data/letter.npz", "letter.npz"),
        ("npz:path=../a/letter.npz", "../a/letter.npz"),
        ('npz:path="a,b.npz"', "a,b.npz"),
        ("images:path=/data/photos,size=32", "photos (size=32)"),
        ("medmnist:name=blood", "medmnist:name=blood"),
        ("hf:a/b,label=c", "hf:a/b,label=c"),
        ('hf:"/data/my,photos",size=32', "my,photos (size=32)"),
    ],
)
def test_people_see_the_file_of_a_dataset(dataset, title):
    assert dataset_title(dataset) == title


def test_the_list_says_why_a_strategy_is_not_in_all(cli):
    out = " ".join(cli("list", "strategy").out.split())
    assert "(not in --all: poisson is stronger with few labels)" in out
    assert "(not in --all: it trains several times)" in out
    assert "not in" not in cli("list", "dataset").out
