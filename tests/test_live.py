"""The leaderboard on the terminal while cells run, and what a run prints elsewhere."""

import re

import pytest
from helpers import TINY, command, rows
from terminal import on_terminal

from pslbench.execution.cache import CacheSettings, StageCache
from pslbench.execution.estimate import RunClock, TimeLeft
from pslbench.execution.scheduler import CellQueue
from pslbench.planning.cells import Cell
from pslbench.planning.grid import Grid
from pslbench.planning.plan import make_plan
from pslbench.plugins.discovery import discover

COLOR = re.compile(r"\x1b\[(\d+;)*[39]\d(;\d+)*m")


def boards(screen: str) -> int:
    return len(re.findall("test accuracy  ", screen))


@pytest.mark.parametrize("width", [60, 120])
def test_the_board_fills_on_a_terminal(width, tmp_path):
    session = on_terminal("run", "random", "centroid", *TINY, "-o", tmp_path / "r", size=(40, width))
    assert session.status == 0
    words = ("random", "centroid", "0/2", "loading digits", "elapsed")
    assert any(all(word in screen for word in words) for screen in session.screens), "the board waits for its rows"
    assert any(re.search(r"random .*(training|running)", screen) for screen in session.screens)
    assert any(re.search(r"of 4 cells.* elapsed", screen) for screen in session.screens)
    assert "2/2" in session.sent
    assert COLOR.search(session.sent)
    assert max(boards(screen) for screen in session.screens) == 1
    assert "elapsed" not in session.final
    assert re.search(r"2\s+seeds", session.final)
    assert "results in" in session.final


def test_failures_are_above_the_board_and_on_it(plugin, tmp_path):
    parts = plugin(
        "import time\n\n"
        '@strategy("slow")\ndef slow(pool):\n    time.sleep(1)\n'
        "    rows = np.arange(pool.budget)\n    return PseudoLabels(rows, pool.label(rows))\n\n"
        '@strategy("bad")\ndef bad(pool):\n    raise ValueError("no luck")\n\n'
        "@hookimpl\ndef pslbench_register():\n    yield slow\n    yield bad\n"
    )
    session = on_terminal("run", "slow", "bad", *TINY, "-j", "1", "-o", tmp_path / "r", "--plugin", parts)
    assert session.status == 1
    assert session.final.count("failed with ValueError: no luck") == 2
    assert any(re.search(r" 1  slow .*\n +bad .* 0/2  \d failed", screen) for screen in session.screens)


def test_ctrl_c_leaves_the_board_so_far(tmp_path):
    session = on_terminal(
        *("run", "random", "centroid", *TINY, "-s", "300", "-j", "1", "-o", tmp_path / "r"),
        size=(40, 60),
        interrupt_when=lambda screen: bool(re.search(r" [1-9]\d*/300", screen)),
    )
    assert session.status == 130
    assert boards(session.final) == 1
    assert session.final.count("digits · 40 labels") == 1
    assert "interrupted" in session.final
    assert "elapsed" not in session.final
    assert 1 <= len(rows(tmp_path / "r")) < 600


def test_ctrl_c_before_the_first_row_leaves_no_board(tmp_path):
    session = on_terminal(
        *("run", "random", "-s", "1", "-b", "20", "-o", tmp_path / "r"),
        interrupt_when=lambda screen: "training" in screen,
    )
    assert session.status == 130
    assert any("loading keras" in screen for screen in session.screens)
    assert "random" not in session.final
    assert "interrupted" in session.final


def test_a_low_terminal_shows_the_cells_that_run_and_the_bar(tmp_path):
    grid = "centroid:keep=" + "|".join(str(n / 20) for n in range(1, 21))
    session = on_terminal("run", grid, "random", *TINY, "-s", "1", "-o", tmp_path / "r", size=(12, 80))
    assert session.status == 0
    live = [screen for screen in session.screens if "elapsed" in screen and "loading" not in screen]
    assert any("more rows" in screen and re.search(r"0/1  (running|training|clust|label)", screen) for screen in live)
    heights = [len(moves) // len("\x1b[1A") for moves in re.findall(r"(?:\x1b\[1A\x1b\[2K)+", session.sent)]
    assert max(heights, default=0) <= 12 * 2  # each move is followed by an erasure of the same length
    assert boards(session.final) == 1


def test_colors_can_be_switched_off(tmp_path):
    session = on_terminal("run", "random", *TINY, "-o", tmp_path / "r", NO_COLOR="1")
    assert any("elapsed" in screen for screen in session.screens)
    assert not COLOR.search(session.sent)


def test_a_dumb_terminal_gets_plain_lines(tmp_path):
    session = on_terminal("run", "random", *TINY, "-o", tmp_path / "r", TERM="dumb")
    assert "[2/2]" in session.final
    assert "\x1b" not in session.sent


def test_quiet_prints_the_final_board_alone(tmp_path):
    outcome = command("run", "random", *TINY, "-o", tmp_path / "r", "--quiet")
    assert outcome.status == 0
    assert outcome.err == ""
    assert outcome.out.startswith("digits · 40 labels")
    assert "results in" not in outcome.out


def test_a_file_gets_one_line_per_cell_and_every_strategy_one_before_any_has_two(tmp_path):
    grid = ("majority", "centroid", "random", *TINY)
    outcome = command("run", *grid, "-j", "1", "-o", tmp_path / "r", FORCE_COLOR="1")
    lines = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in outcome.err.splitlines()]
    assert [line[:5] for line in lines] == [f"[{n}/6]" for n in range(1, 7)]
    assert all("seed 0" in line for line in lines[:3])
    assert all("seed 1" in line for line in lines[3:])
    assert "random" in lines[0]  # it needs no clusters
    assert "majority" in lines[2]  # it needs a worker process of its own


def plan(*strategies: str, seeds: int = 3) -> tuple[Cell, ...]:
    catalog = discover()
    names = {"dataset": ["digits"], "embedder": ["pixels"], "clusterer": ["minibatch-kmeans"], "trainer": ["logreg"]}
    parts = {kind: [c for text in texts for c in catalog.parse(kind, text)] for kind, texts in names.items()}
    chosen = [config for text in strategies for config in catalog.parse("strategy", text)]
    grid = Grid(parts["dataset"], parts["embedder"], parts["clusterer"], chosen, parts["trainer"], [40], range(seeds))
    return make_plan(catalog, grid, catalog.call).cells


def test_a_cell_that_would_end_last_starts_at_once():
    queue = CellQueue(
        plan("random", "centroid", "typiclust"), lambda cell: 60 if cell.strategy.name == "centroid" else 10
    )
    assert [queue.pop(set(), workers=8).strategy.name for _ in range(4)] == ["centroid"] * 3 + ["random"]
    queue = CellQueue(
        plan("random", "centroid", "typiclust"), lambda cell: 60 if cell.strategy.name == "centroid" else 10
    )
    assert [queue.pop(set(), workers=2).strategy.name for _ in range(3)] == ["random", "typiclust", "centroid"]


def test_the_time_left_comes_from_finished_cells_alone(tmp_path):
    cells = plan("random", "centroid")
    clock = RunClock(cells, [], StageCache(CacheSettings(tmp_path, 10**9)), workers=2)
    assert clock.time_left() == TimeLeft(0, unknown=6)
    for strategy in ("random", "centroid"):
        cell = next(cell for cell in cells if cell.strategy.name == strategy)
        clock.add(cell.row(status="ok", scores={"test_accuracy": 0.9}, seconds={"train": 10.0, "total": 10.0}))
    assert clock.time_left() == TimeLeft(4 * 10 / 2, unknown=0)
