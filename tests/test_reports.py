"""All formats of `pslbench report`, written from real results and parsed with other libraries."""

import re
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from helpers import command, row
from markdown_it import MarkdownIt
from PIL import Image
from test_bad_input import refused

from pslbench.analysis.leaderboard import leaderboard_frame
from pslbench.cli.summary import make_reader
from pslbench.errors import InputError
from pslbench.plugins.discovery import discover
from pslbench.reporters.files import pdf, png
from pslbench.reporters.plot import STYLE, draw_figures
from pslbench.reporters.typeset_tables import typeset_tables
from pslbench.results.codec import results_frame
from pslbench.results.folder import ResultsFolder

ODD_NAME = "50%_a&b<c#d$.npz"  # characters with a meaning in Markdown, HTML or LaTeX


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Results of two datasets with two budgets. The name of one dataset has special characters."""
    folder = tmp_path_factory.mktemp("results")
    x, y = np.random.default_rng(0).random((40, 5), np.float32), np.arange(40) % 2
    np.savez(folder / ODD_NAME, x_train=x, y_train=y, x_test=x, y_test=y)
    words = ["-d", "digits", "-d", folder / ODD_NAME, "-t", "logreg", "-b", "20,30", "-s", "3", "-j", "1", "-o", folder]
    outcome = command("run", "centroid", "random", "majority", *words)
    assert outcome.status == 0, outcome.err
    return folder


@pytest.fixture(scope="module")
def results(folder):
    return ResultsFolder.open(folder).current_rows()


def test_run_writes_only_csv(folder):
    written = {"files.csv", "leaderboard.csv", "manifest.json", "results.csv", "workers.log"}
    assert {path.name for path in folder.iterdir() if path.suffix} == {ODD_NAME, *written}


def test_the_index_of_files_names_the_strategy_and_seed_of_each(folder, results):
    index = pd.read_csv(folder / "files.csv").set_index("file")
    assert {str(path.relative_to(folder)) for path in folder.glob("*/*.*") if path.name[0] != "."} == set(index.index)
    for result in results:
        key, facts = result.key, (result.strategy, result.seed, result.budget)
        for file in (f"cells/{key}.json", f"predictions/{key}.npy", f"labels/{key}.npz"):
            assert (index.strategy[file], index.seed[file], index.budget[file]) == facts


def test_report_prints_the_paths_of_its_files(cli, folder):
    outcome = cli("report", folder, "-f", "md", "-f", "parquet", "--format", "latex")
    assert outcome.status == 0, outcome.err
    names = ["leaderboard.md", "leaderboard.parquet", "results.parquet", "leaderboard.tex"]
    assert outcome.out.splitlines() == [str(folder / name) for name in names]
    assert cli("report", folder, "-f", "md").out == f"{folder / 'leaderboard.md'}\n"


def test_markdown_contains_all_tables(cli, folder, results):
    cli("report", folder, "-f", "md")
    tokens = MarkdownIt("commonmark").enable("table").parse((folder / "leaderboard.md").read_text())
    inline = ["".join(part.content for part in token.children) for token in tokens if token.type == "inline"]
    expected = [
        text
        for table in typeset_tables(results)
        for text in (
            table.title,
            *(title for title, _ in table.headers),
            *(cell.text for row in table.rows for cell in row),
            *table.legend,
        )
    ]
    assert inline == expected
    assert sum(token.type == "table_open" for token in tokens) == 6  # of two datasets: one by budget, one per budget
    assert sum(ODD_NAME in text for text in inline) == 3
    bold = [token.content for token in tokens if token.type == "inline" and token.content.startswith("**")]
    assert (
        len(bold) == 6 + 2 * 2 + 4 * 2
    )  # titles; the best at each budget; name and accuracy of the best of each board


def test_latex_is_well_formed(cli, folder, results):
    cli("report", folder, "-f", "latex")
    text = (folder / "leaderboard.tex").read_text()
    assert text.isascii()
    assert r"50\%\_a\&b\textless{}c\#d\$.npz" in text
    plain = re.sub(r"\\[\\{}%$#&_]", "", text)  # without escaped characters
    assert plain.count("{") == plain.count("}")
    assert plain.count("$") % 2 == 0
    assert "#" not in plain
    assert [line for line in plain.splitlines() if "%" in line] == [r"% usepackage{booktabs}".replace("% u", "% \\u")]
    tables = re.findall(r"\\begin\{tabular\}\{([lr]+)\}\n(.*?)\\end\{tabular\}", text, re.DOTALL)
    assert len(tables) == len(re.findall(r"\\begin\{table\}", text)) == len(re.findall(r"\\end\{table\}", text)) == 6
    for columns, body in tables:
        lines = [line.strip() for line in body.strip().splitlines()]
        assert lines[0] == r"\toprule"
        assert lines[2] == lines[-3] == r"\midrule"
        assert lines[-1] == r"\bottomrule"
        for line in (line for line in lines if not line.endswith("rule")):
            assert line.endswith(r"\\")
            assert len(re.findall(r"(?<!\\)&", line)) == len(columns) - 1
    labels = re.findall(r"\\label\{(.*?)\}", text)
    assert len(set(labels)) == 6


def test_parquet_equals_csv(cli, folder, results):
    cli("report", folder, "-f", "parquet")
    for name, frame in (("results", results_frame(results)), ("leaderboard", leaderboard_frame(results))):
        read = pd.read_parquet(folder / f"{name}.parquet")
        pd.testing.assert_frame_equal(read, frame, check_dtype=False)


def test_plots(cli, folder):
    outcome = cli("report", folder, "-f", "png:width=4,dpi=100", "-f", "pdf", "-f", "png:dpi=50,scale=logit")
    assert outcome.status == 0, outcome.err
    digits = folder / "digits-pixels-minibatch-kmeans-logreg.png"
    assert outcome.out.split().count(str(digits)) == 2
    assert len(outcome.out.splitlines()) == 6
    cli("report", folder, "-f", "png:width=4,dpi=100")
    picture = np.asarray(Image.open(digits).convert("L"))
    assert picture.shape[1] == 400
    assert (picture < 128).mean() > 0.01
    document = digits.with_suffix(".pdf").read_bytes()
    assert document.startswith(b"%PDF")
    assert b"/FontFile2" in document  # TrueType, embedded
    assert b"/Type3" not in document
    cli("report", folder, "-f", "pdf")
    assert digits.with_suffix(".pdf").read_bytes() == document


def test_plots_without_results_and_with_long_file_names(tmp_path):
    reader = make_reader(discover(), ResultsFolder(tmp_path))
    for reporter in (png, pdf):
        with pytest.raises(InputError, match="nothing to draw"):
            reporter([row("a", 0, 0.5, status="failed")], reader)
    datasets = ["npz:path=a/b.npz", "npz:path=a-b.npz", "npz:path=" + 40 * "wörter/" + "x.npz"]
    png([row("a", 0, 0.5, dataset=text) for text in datasets], reader, dpi=50)
    names = sorted(path.name for path in tmp_path.glob("*.png"))
    assert len(names) == 3
    assert all(re.fullmatch(r"npz-path=.*-[0-9a-f]{8}\.png", name) for name in names)
    assert max(len(name.encode()) for name in names) < 150


@pytest.mark.parametrize("budgets", [(10, 40), (10,)])
@pytest.mark.parametrize("width", [3, 5.5])
def test_long_names_are_shortened(budgets, width):
    names = [f"{'strategy-' * 10}{n}:tag=$x$" for n in range(3)]
    ((_, figure),) = draw_figures([row(name, 0, 0.9, budget=b) for name in names for b in budgets], width, "linear")
    with mpl.rc_context(STYLE):
        figure.savefig("/dev/null", format="png")
    (axes,) = figure.axes
    assert axes.get_position().width > 0.3
    words = [word.get_text() for word in [*axes.texts, *axes.get_yticklabels()] if "…" in word.get_text()]
    assert len(set(words)) == 3
    assert figure.texts[0].get_text().endswith("95% intervals; an interval needs 3 seeds")
    box, (wide, high) = figure.get_tightbbox(), figure.get_size_inches()
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= wide
    assert box.y1 <= high


def test_missing_intervals_are_explained():
    for seeds, is_explained in ((2, True), (3, False)):
        made_up = [row("a", seed, 0.9 + seed / 100, budget=b) for seed in range(seeds) for b in (10, 40)]
        assert all(
            ("; an interval needs 3 seeds" in table.legend[0]) == is_explained for table in typeset_tables(made_up)
        )


@pytest.mark.parametrize("budgets", [(10, 40, 120), (10,)])
@pytest.mark.parametrize("width", [3.5, 5.5])
def test_many_strategies_do_not_overlap(budgets, width):
    made_up = [
        row(f"strategy-{n:02}", seed, 0.9 + n / 1000 + seed / 100, budget=b, upper_bound=n == 3)
        for n in range(16) for seed in range(3) for b in budgets
    ]  # fmt: skip
    ((name, figure),) = draw_figures(made_up, width, "linear")
    assert name == "d-e-c-t"
    with mpl.rc_context(STYLE):
        figure.savefig("/dev/null", format="png")
    (axes,) = figure.axes
    ticks = [*axes.get_xticklabels(), *axes.get_yticklabels()]
    assert min(word.get_fontsize() for word in [*axes.texts, *ticks, axes.xaxis.label, axes.yaxis.label]) >= 8
    words = [word for word in [*axes.texts, *ticks] if "strategy-" in word.get_text()]
    assert len(words) == 16
    assert "strategy-03 ∞" in [word.get_text() for word in words]
    boxes = sorted((word.get_window_extent() for word in words), key=lambda box: box.y0)
    assert all(low.y1 <= high.y0 + 1 for low, high in pairwise(boxes))  # within a pixel
    whole = figure.get_tightbbox()
    assert whole.x0 >= 0
    assert whole.y0 >= 0
    assert (whole.p1 <= figure.get_size_inches()).all()


def test_reporter_of_a_plugin(cli, folder, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from pslbench import hookimpl, reporter\n"
        "@reporter('best', writes=True, enabled=False)\n"
        "def best(results, records, *, what: str = 'nll'):\n"
        "    '''Write the best.'''\n"
        "    (records.folder / f'best-{what}.txt').write_text(str(max(r.scores[what] for r in results)))\n"
        "@hookimpl\ndef pslbench_register():\n    yield best\n"
    )
    plugin = ["--plugin", tmp_path / "mine.py"]
    outcome = cli("report", folder, *plugin, "-f", "best:what=ece")
    assert (outcome.status, outcome.out) == (0, f"{folder / 'best-ece.txt'}\n")
    outcome = cli("report", folder, *plugin, "-f", "best:what=nothing", "-f", "md")
    assert (outcome.status, outcome.out) == (1, f"{folder / 'leaderboard.md'}\n")
    assert outcome.err == "warning: reporter 'best:what=nothing' failed: KeyError: 'nothing'\n"
    assert "random" in cli("report", folder, "-f", "table").out


def test_invalid_formats(cli, folder, tmp_path):
    refused(cli("report", folder, "-f", "latx"), "unknown reporter 'latx'", "did you mean 'latex'?")
    refused(cli("report", folder, "-f", "png:dpi=3"), "png:dpi=3 must be at least 50")
    refused(cli("report", folder, "-f", "png:scale=log"), "scale must be linear or logit")
    refused(cli("report", tmp_path, "-f", "md"), "contains no results")
    (tmp_path / "cells").mkdir()
    refused(cli("report", tmp_path, "-f", "md"), "there is nothing to")
