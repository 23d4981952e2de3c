"""`pslbench leaderboard`: the tables of a folder, ordered, picked and grouped; curves over budgets."""

import re

import numpy as np
import pandas as pd
import pytest
from helpers import command, row
from rich.console import Console
from rich.text import Text

from pslbench.analysis.budget_curves import budget_curves
from pslbench.analysis.leaderboard import leaderboard_entries
from pslbench.analysis.selection import select
from pslbench.cli.summary import shown
from pslbench.errors import InputError
from pslbench.reporters.curves import COLORS, CurvePlot, curves
from pslbench.reporters.leaderboard_table import table
from pslbench.results.folder import ResultsFolder

STRATEGIES = ["random", "centroid", "centroid-only", "typiclust", "majority"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Five strategies with two clusterers, two budgets, three seeds."""
    at = tmp_path_factory.mktemp("board")
    given = ["-d", "digits", "-t", "logreg", "-c", "kmeans", "-c", "gmm", "-b", "20,1", "-s", "3", "-o", at]
    outcome = command("run", *STRATEGIES, *given)
    assert outcome.status == 0, outcome.err
    return at


def ranked(out):
    """Of each board the names of its competing rows, from above."""
    found = []
    for line in out.splitlines():
        words = line.split()
        if words[:2] == ["#", "strategy"]:
            found.append([])
        elif words and words[0].isdigit() and "not shown" not in line:
            found[-1].append(words[1])
    return found


def test_titles_and_legends_say_what_holds_for_all_rows_and_no_more(folder, cli):
    out = cli("leaderboard", folder).out
    assert "digits · 1 label · pixels · logreg · 3 seeds" in out
    assert "digits · 20 labels · pixels · logreg · 3 seeds" in out
    assert "direct, pseudo: accuracy of labels" in out
    assert "1,297" in out
    without = cli("leaderboard", folder, "--filter", "strategy=random").out
    assert "direct" not in without
    assert "pseudo: accuracy of labels" in without


def test_rows_are_ordered_by_any_column(folder, cli):
    board = pd.read_csv(folder / "leaderboard.csv")
    board = board[board.ranked & (board.budget == 20)]
    by = {"nll": True, "seconds": True, "macro_f1": False}
    for name, ascending in by.items():
        column = {"seconds": "seconds_total"}.get(name, name)
        expected = board.sort_values(column, ascending=ascending, kind="stable").strategy.tolist()
        out = cli("leaderboard", folder, "--sort", name, "--filter", "budget=20").out
        assert ranked(out)[0] == expected
        assert name in out
    words = ranked(cli("leaderboard", folder, "--sort", "strategy", "--filter", "budget=20").out)[0]
    assert words == sorted(words)


def test_rows_are_picked_by_patterns_and_the_rest_are_no_rivals(folder, cli):
    given = ("leaderboard", folder, "--filter", "budget=20", "--filter", "strategy=centroid*")
    (names,) = ranked(cli(*given).out)
    assert sorted(names) == ["centroid", "centroid", "centroid-only", "centroid-only"]
    (fewer,) = ranked(cli(*given, "--filter", "clusterer=gmm", "--filter", "clusterer=-").out)
    assert sorted(fewer) == ["centroid", "centroid-only"]
    assert len(pd.read_csv(folder / "leaderboard.csv")) == 2 * (2 * 3 + 2 + 1)  # the folder's, whatever is shown


def test_a_board_for_each_value_of_a_part(folder, cli):
    out = cli("leaderboard", folder, "--group", "clusterer", "--filter", "budget=20").out
    for title in ("digits · 20 labels · pixels · gmm · logreg", "digits · 20 labels · pixels · kmeans · logreg"):
        assert title in out
    first, second = ranked(out)
    assert sorted(first) == sorted(second) == ["centroid", "centroid-only", "random", "typiclust"]


def test_the_first_rows_alone(folder, cli):
    whole = ranked(cli("leaderboard", folder, "--filter", "budget=20").out)[0]
    out = cli("leaderboard", folder, "--filter", "budget=20", "--top", "2").out
    assert ranked(out)[0] == whole[:2]
    assert f"{len(whole) - 2} more are not shown" in out


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--sort", "test_acuracy"], ["unknown column 'test_acuracy'", "'test_accuracy'"]),
        (["--group", "trianer"], ["unknown part 'trianer'", "'trainer'"]),
        (["--filter", "strategy=randm"], ["unknown strategy 'randm'", "'random'"]),
        (["--filter", "stratgy=random"], ["unknown column 'stratgy'", "'strategy'"]),
        (["--filter", "random"], ["'random' is no column=value", "strategy=random"]),
        (["--filter", "budget=1", "--filter", "budget=3"], ["unknown budget '3'"]),
        (
            ["--filter", "strategy=random", "--filter", "clusterer=gmm"],
            ["no row has strategy=random and clusterer=gmm"],
        ),
        (["--top", "-1"], ["--top"]),
    ],
)
def test_wrong_words_get_one_line(folder, cli, given, says):
    outcome = cli("leaderboard", folder, *given)
    assert outcome.status == 2
    assert len(outcome.err.strip().splitlines()) == 1
    for word in says:
        assert word in outcome.err


def test_values_with_the_signs_of_patterns_are_themselves():
    made = [row("a", 0, 0.5, dataset="npz:path=[bold]x é.npz"), row("a", 0, 0.5, dataset="d")]
    assert select(made, ["dataset=npz:path=[bold]x é.npz"]) == made[:1]


def test_a_folder_in_which_no_cell_has_finished(tmp_path, cli):
    (tmp_path / "cells").mkdir()
    for command_ in ("leaderboard", "report"):
        outcome = cli(command_, tmp_path)
        assert outcome.status == 2
        assert "no cell has finished in" in outcome.err


def test_a_reporter_that_fails_is_told_and_gives_the_status(capsys):
    def fails(error):
        raise error

    assert shown("table", lambda: "what it gives") == 0
    assert shown("png", lambda: fails(InputError("nothing to draw"))) == 2
    assert shown("best", lambda: fails(KeyError("x"))) == 1
    captured = capsys.readouterr()
    assert captured.out == "what it gives\n"
    assert "reporter 'png' failed: " in captured.err
    assert "nothing to draw" in captured.err
    assert "reporter 'best' failed: " in captured.err


def said(given):
    console = Console(width=300)
    with console.capture() as captured:
        console.print(given)
    return captured.get()


def test_a_question_mark_is_explained_in_all_its_cases():
    scores = {"a": dict(enumerate((1, 1, 1, 0.5, 0.51, 0.5))), "b": {3: 0.603, 4: 0.604, 5: 0.605}}
    out = said(table([row(name, s, v) for name, by_seed in scores.items() for s, v in by_seed.items()], None))
    assert "? cannot be judged" in out
    assert "or better over the seeds in common" in out


def test_rows_that_are_told_apart_are_never_called_one_group():
    noise = np.random.default_rng(0).normal(0, 1e-4, (60, 10))
    made = [row(f"s{i:02}", s, 0.2 + i / 100 + noise[i, s]) for i in range(60) for s in range(10)]
    out = said(table(made, None, top=3))
    assert "no two rows can be told apart" not in out
    assert "rows that share a word cannot" in out
    assert "rows that share a letter cannot" in said(table(made[:100], None, top=3))


def test_a_single_pair_needs_no_correction():
    made = [row("a", s, 0.8 + s / 1000) for s in range(5)] + [row("b", s, 0.9 + s / 500) for s in range(5)]
    out = said(table(made, None))
    assert "rows that share a letter cannot be told apart by a paired t test" in out
    made += [row("c", 9, 0.5)]  # has no seed in common with the others
    assert "cannot be told apart by a paired t test" in said(table(made, None))


def test_budget_curves_are_drawn_with_the_areas_under_them(folder, cli):
    out = cli("leaderboard", folder).out
    assert "digits · test accuracy by budget" in out
    assert "digits · test accuracy by budget" not in cli("leaderboard", folder, "--filter", "budget=20").out
    results = ResultsFolder.open(folder).results()
    (found,) = budget_curves(leaderboard_entries(results))
    best = found[0]
    seeds = [np.mean([p.by_seed()[s] for p in best.points]) for s in range(3)]  # two budgets: the middle of both
    assert best.area.mean == pytest.approx(np.mean(seeds))
    assert f"{best.area.mean:.4f}" in out.split("test accuracy by budget")[1]


def test_the_table_of_curves_says_what_is_drawn_and_over_what_the_area_is():
    budgets = {10: 0, 40: 0.2}
    made = [
        row(f"s{i}", s, 0.1 + i / 10 + s / 100 + v, budget=b)
        for i in range(5)
        for s in range(3)
        for b, v in budgets.items()
    ]
    made += [row("bound", s, 0.9, budget=b, upper_bound=True) for s in range(3) for b in budgets]
    out = said(curves(made, None))
    assert re.search(r"^ ?6 +bound .*∞", out, re.M)
    assert "∞ upper bound" in out
    assert "the plot shows" not in out
    assert "the common budgets" not in out
    made += [row("s9", s, 0.8 + s / 50, budget=b) for s in range(3) for b in budgets]
    made += [row("s9", s, 0.8, budget=90) for s in range(3)]
    out = said(curves(made, None))
    assert "the plot shows the first 6 of 7 curves" in out
    assert re.search(r"^ +bound .*∞", out, re.M)
    assert "10 and 40 labels, the common budgets" in out
    assert re.search(r"^ 1 s9 +0\.8200", out, re.M)
    assert "area uses the seeds" not in out
    assert "different arithmetic" not in out
    for budget, seeds in ((10, [7]), (150, [0, 7]), (150, [0])):
        more = [row("s0", seed, 0.5, budget=budget, compute_dtype="bfloat16") for seed in seeds]
        out = said(curves([*made, *more], None))
        assert "an area uses the seeds that all of its budgets have" in out
        assert "! Trainers used different arithmetic" in out


def test_curves_fit_the_screen_and_stand_out_from_black_and_from_white(folder):
    (found,) = budget_curves(leaderboard_entries(ResultsFolder.open(folder).results()))
    console = Console(width=80, force_terminal=True, color_system="256")
    with console.capture() as captured:
        console.print(CurvePlot(found[:2]))
    drawn = Text.from_ansi(captured.get())
    assert max(map(len, drawn.plain.splitlines())) <= 80
    assert {"1", "2"} <= set(drawn.plain)
    for number in COLORS:
        light = luminance(number)
        assert 1.05 / (light + 0.05) > 3
        assert (light + 0.05) / 0.05 > 3


def luminance(number):
    """Relative luminance of one of the 216 colours of the cube (WCAG 2)."""
    levels = [(0, 95, 135, 175, 215, 255)[(number - 16) // 6**i % 6] / 255 for i in (2, 1, 0)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in levels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
