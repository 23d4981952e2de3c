"""`pslbench leaderboard`: sorted, filtered and grouped tables of a folder; curves over budgets."""

import re

import numpy as np
import pandas as pd
import pytest
from helpers import command, row
from rich.console import Console
from rich.text import Text

from pslbench.analysis.budget_curves import budget_curves
from pslbench.analysis.leaderboard import column, filter_rows, leaderboard_entries, leaderboard_frame
from pslbench.cli.summary import call_reporter
from pslbench.errors import InputError
from pslbench.reporters.curves import COLORS, CurvePlot
from pslbench.reporters.leaderboard_table import marks
from pslbench.reporters.screen import curves, table
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


def test_titles_and_legends_describe_all_rows(folder, cli):
    out = cli("leaderboard", folder).out
    assert "digits · 1 label · logreg · 3 seeds" in out
    assert "digits · 20 labels · logreg · 3 seeds" in out
    assert "direct: test accuracy" in out
    assert "pseudo: accuracy" in out
    assert "1,297" in out
    without = cli("leaderboard", folder, "--filter", "strategy=random").out
    assert "direct" not in without
    assert "pseudo" not in without, "it would be 1 for every row"
    assert "docs/glossary.md" in without


def test_rows_are_sorted_by_any_column(folder, cli):
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


def test_filtered_rows_are_the_only_competitors(folder, cli):
    given = ("leaderboard", folder, "--filter", "budget=20", "--filter", "strategy=centroid*")
    (names,) = ranked(cli(*given).out)
    assert sorted(names) == ["centroid", "centroid", "centroid-only", "centroid-only"]
    (fewer,) = ranked(cli(*given, "--filter", "clusterer=gmm", "--filter", "clusterer=-").out)
    assert sorted(fewer) == ["centroid", "centroid-only"]
    assert len(pd.read_csv(folder / "leaderboard.csv")) == 2 * (2 * 3 + 2 + 1)  # the folder's, whatever is shown


def test_one_board_per_value_of_a_part(folder, cli):
    out = cli("leaderboard", folder, "--group", "clusterer", "--filter", "budget=20").out
    for title in ("digits · 20 labels · gmm · logreg", "digits · 20 labels · kmeans · logreg"):
        assert title in out
    first, second = ranked(out)
    assert sorted(first) == sorted(second) == ["centroid", "centroid-only", "random", "typiclust"]


def test_top_rows(folder, cli):
    whole = ranked(cli("leaderboard", folder, "--filter", "budget=20").out)[0]
    out = cli("leaderboard", folder, "--filter", "budget=20", "--top", "2").out
    assert ranked(out)[0] == whole[:2]
    assert f"not shown: {len(whole) - 2} more rows" in out


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--sort", "test_acuracy"], ["unknown column 'test_acuracy'", "'test_accuracy'"]),
        (["--group", "trianer"], ["unknown value of --group 'trianer'", "'trainer'"]),
        (["--filter", "strategy=randm"], ["unknown strategy 'randm'", "'random'"]),
        (["--filter", "stratgy=random"], ["unknown column 'stratgy'", "'strategy'"]),
        (["--filter", "seconds=0"], ["rows cannot be filtered by seconds; filter by dataset, ", "--sort seconds"]),
        (["--filter", "random"], ["'random' is not column=value", "strategy=random"]),
        (["--filter", "budget=1", "--filter", "budget=3"], ["unknown budget '3'"]),
        (
            ["--filter", "strategy=random", "--filter", "clusterer=gmm"],
            ["no row matches strategy=random and clusterer=gmm"],
        ),
        (["--top", "-1"], ["--top"]),
        (
            ["--sort", "direct", "--filter", "strategy=random"],
            ["no row has a direct_accuracy; sort by another column, for example test_accuracy"],
        ),
    ],
)
def test_wrong_options_get_one_line(folder, cli, given, says):
    outcome = cli("leaderboard", folder, *given)
    assert outcome.status == 2
    assert len(outcome.err.strip().splitlines()) == 1
    for word in says:
        assert word in outcome.err


def test_values_with_special_characters_match_themselves():
    made = [row("a", 0, 0.5, dataset="npz:path=[bold]x é.npz"), row("a", 0, 0.5, dataset="d")]
    assert filter_rows(made, ["dataset=npz:path=[bold]x é.npz"]) == made[:1]


def test_a_folder_without_finished_cells(tmp_path, cli):
    (tmp_path / "cells").mkdir()
    for command_ in ("leaderboard", "report"):
        outcome = cli(command_, tmp_path)
        assert outcome.status == 2
        assert "no cell has finished in" in outcome.err


def test_a_failing_reporter_sets_the_exit_status(capsys):
    def fails(error):
        raise error

    assert call_reporter("table", lambda: "what it gives") == 0
    assert call_reporter("png", lambda: fails(InputError("nothing to draw"))) == 2
    assert call_reporter("best", lambda: fails(KeyError("x"))) == 1
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


def test_the_legend_explains_question_marks():
    scores = {"a": dict(enumerate((1, 1, 1, 0.5, 0.51, 0.5))), "b": {3: 0.603, 4: 0.604, 5: 0.605}}
    made = [row(name, s, v) for name, by_seed in scores.items() for s, v in by_seed.items()]
    lines = said(table(made, None)).splitlines()
    better = "? cannot be compared with the best: it is better on the seeds that they share"
    assert better in lines
    lines = said(table([*made, row("c", 0, 0.3), row("c", 1, 0.3)], None)).splitlines()
    assert {f"{better} (b)", "? cannot be compared with the best: they share fewer than 3 seeds (c)"} <= {*lines}


def test_marks_and_legend_agree_if_nothing_can_be_told_apart():
    rng = np.random.default_rng(2)
    levels = [0.90, 0.88, 0.87, 0.86, 0.85, 0.84, 0.83]
    made = [row(f"s{i}", s, level + rng.normal(0, 0.01)) for i, level in enumerate(levels) for s in range(3)]
    frame = leaderboard_frame(made)
    assert (frame.gap_to_best > frame.gap_to_best_half_width).sum() == 5  # significant if they are not adjusted
    assert frame.tied_with_best.tolist() == [False] + [True] * 6
    out = said(table(made, None))
    best, *others = [line for line in out.splitlines() if re.match(r" *\d+ +s\d", line)]
    assert "≈" not in best
    assert all("≈" in line for line in others)
    assert "among 21 comparisons" in out
    assert "can be missing" not in out


def test_a_mark_below_a_row_without_it_is_explained():
    levels = {"best": 0.9, "steady": 0.8, "noisy": 0.7}
    noise = {"best": (0, 0.001, 0.002), "steady": (0, 0.0012, 0.0019), "noisy": (0.2, -0.2, 0)}
    made = [row(name, s, level + noise[name][s]) for name, level in levels.items() for s in range(3)]
    assert [marks(entry) for entry in leaderboard_entries(made)] == ["", "", "≈"]
    assert "≈ can be missing above a row that has it" in said(table(made, None))


def test_equal_scores_on_two_seeds_are_not_a_tie():
    scores = {"a": (0.9, 0.8), "same": (0.9, 0.8), "worse": (0.7, 0.5)}
    made = [row(name, seed, value) for name, by_seed in scores.items() for seed, value in enumerate(by_seed)]
    _, *others = leaderboard_entries(made)
    assert [marks(entry) for entry in others] == ["?", "?"]


def test_sorted_by_gap_the_best_comes_first():
    levels = {"middle": 0.8, "worst": 0.5, "best": 0.9}
    made = [row(name, seed, level + seed / 50) for name, level in levels.items() for seed in range(3)]
    assert ranked(said(table(made, None, sort="gap_to_best"))) == [["best", "middle", "worst"]]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("behind", "gap_to_best"),
        ("behind_half_width", "gap_to_best_half_width"),
        ("failed", "failed_cells"),
        ("test_looks", "test_set_evaluations"),
    ],
)
def test_old_column_names_are_deprecated(old, new):
    with pytest.deprecated_call(match=new):
        assert column(old, [row("a", 0, 0.5)]) == new


def test_the_command_accepts_old_column_names_with_a_warning(folder, cli):
    old = cli("leaderboard", folder, "--sort", "behind", "--filter", "precision=*")
    assert old.status == 0
    assert "use 'gap_to_best'" in old.err
    assert "use 'compute_dtype'" in old.err
    new = cli("leaderboard", folder, "--sort", "gap_to_best", "--filter", "compute_dtype=*")
    assert old.out == new.out
    assert new.err == ""


def test_budget_curves_are_drawn_with_their_areas(folder, cli):
    out = cli("leaderboard", folder).out
    assert "digits · test accuracy by budget" in out
    assert "digits · test accuracy by budget" not in cli("leaderboard", folder, "--filter", "budget=20").out
    results = ResultsFolder.open(folder).current_rows()
    (found,) = budget_curves(leaderboard_entries(results))
    best = found[0]
    seeds = [np.mean([p.by_seed()[s] for p in best.points]) for s in range(3)]  # two budgets: the middle of both
    assert best.area.mean == pytest.approx(np.mean(seeds))
    assert f"{best.area.mean:.4f}" in out.split("test accuracy by budget")[1]


def test_the_legend_of_curves_explains_plots_and_areas():
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


def test_curves_fit_the_screen_and_contrast_with_black_and_white(folder):
    (found,) = budget_curves(leaderboard_entries(ResultsFolder.open(folder).current_rows()))
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
