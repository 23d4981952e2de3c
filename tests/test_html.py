"""The contents of report.html for many kinds of results folders."""

import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from helpers import row
from reported import EVIL, make_report, read_folder, write_large_report

from pslbench.analysis.metrics import calibration_error, reliability_diagram
from pslbench.cli.summary import make_reader
from pslbench.plugins.discovery import discover
from pslbench.reporters.html import html
from pslbench.reporters.html.costs import pareto_front
from pslbench.reporters.html.galleries import summarize_clusters
from pslbench.reporters.html.map import project_to_plane
from pslbench.results.folder import ResultsFolder

SECTIONS = ["leaderboard", "budgets", "costs", "pairs", "confusion", "calibration", "clusters", "errors", "map"]
SECTIONS += ["time", "failures", "manifest"]
VOID = {"meta", "link", "input", "img", "br", "path"}


class Page(HTMLParser):
    """A parsed page: its elements, and the text of each section."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.headings, self.sections, self.section = Counter(), [], [], {}, ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        self.attributes += attributes
        if tag == "section":
            self.section = dict(attributes)["id"]
            self.sections[self.section] = ""
        if tag in ("h1", "h2", "h3"):
            self.headings.append(int(tag[1]))

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        if self.section:
            self.sections[self.section] += data


def parse_page(folder):
    return Page((folder / "report.html").read_text(encoding="utf-8"))


def chart_specs(folder):
    """Return the Vega-Lite specifications of all charts."""
    text = (folder / "report.html").read_text(encoding="utf-8")
    return [json.loads(spec) for spec in re.findall(r'<script type="application/json">(.*?)</script>', text, re.S)]


@pytest.fixture(scope="module")
def folder():
    return make_report()


def test_report_has_all_sections_and_ordered_headings(folder):
    page = parse_page(folder)
    assert list(page.sections) == SECTIONS
    assert page.headings[0] == 1
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    assert re.search(r"purity \d+%\s+\d+ of \d+ wrong", page.sections["clusters"])
    assert "pseudo-labels are wrong" in page.sections["errors"]
    assert "400 of 1,297 samples" in page.sections["map"]
    assert "BudgetExceeded: 21 labels" in page.sections["failures"]
    assert "Traceback" in page.sections["failures"]
    assert f"pslbench run centroid random '{EVIL}' greedy" in page.sections["manifest"], "it can be pasted into a shell"
    assert "Pareto front: " in page.sections["costs"]


def test_report_loads_and_links_no_other_file(folder):
    page = parse_page(folder)
    links = [value for name, value in page.attributes if name in ("src", "href", "action", "srcset", "data")]
    assert all(link.startswith(("#", "data:")) for link in links)
    policy = next(value for name, value in page.attributes if name == "content" and "default-src" in value)
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_names_and_errors_are_escaped(folder):
    page = parse_page(folder)
    for section in ("leaderboard", "budgets", "failures"):
        assert EVIL in page.sections[section]
    assert "<img src=x onerror=alert(3)>" in page.sections["failures"]
    assert page.tags["img"] == 0
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_part_named_like_a_script_tag(folder, tmp_path):
    """The name cannot be registered, but rows of other versions may contain it."""
    name = "<script>alert(1)</script>"
    results, reader = read_folder(folder)
    before = parse_page(folder)
    rows = [replace(row, **dict.fromkeys(("strategy", "trainer"), name)) if row.ok else row for row in results]
    html(rows, replace(reader, folder=tmp_path), combinations=1, samples=20)
    page = parse_page(tmp_path)
    assert name in page.sections["leaderboard"]
    json_scripts = page.attributes.count(("type", "application/json"))
    assert (
        page.tags["script"]
        == json_scripts + 2
        == before.tags["script"] - (before.attributes.count(("type", "application/json")) - json_scripts)
    )


def test_rows_without_labelings(folder, tmp_path):
    results, reader = read_folder(folder)
    html(results, replace(reader, folder=tmp_path, labeling=lambda result: None), combinations=2)
    page = parse_page(tmp_path)
    assert list(page.sections) == SECTIONS
    for section in ("clusters", "errors", "map"):
        assert "without storing labelings" in page.sections[section]
    assert "Expected calibration error" in page.sections["calibration"]


def test_seeds_without_stored_arrays_are_skipped(folder, cli, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    for path in copy.glob("cells/*.json"):
        if json.loads(path.read_text())["seed"] == 0:
            for beside in (*copy.glob(f"predictions/{path.stem}.*"), *copy.glob(f"labels/{path.stem}.*")):
                beside.unlink()
    assert cli("report", copy).status == 0
    page = parse_page(copy)
    for section in ("confusion", "calibration"):
        assert "Only 2 of 3 seeds" in page.sections[section]
        assert "Only 2 of 3 seeds" not in parse_page(folder).sections[section]
    for section in ("clusters", "errors", "map"):
        assert page.sections[section].startswith(parse_page(folder).sections[section][:20])
        assert "is not there" not in page.sections[section]


def test_vectors_and_missing_dataset(arrays, cli, tmp_path):
    data, folder = tmp_path / "vectors.npz", tmp_path / "r"
    flat = {name: array.reshape(len(array), -1) if name[0] == "x" else array for name, array in arrays.items()}
    np.savez(data, **flat)
    assert cli("run", "centroid", "-d", data, "-t", "logreg", "-b", "4", "-s", "1", "-o", folder).status == 0
    assert cli("report", folder).status == 0
    page = parse_page(folder)
    assert "vectors, not images" in page.sections["clusters"]
    assert "40 of 40 samples" in page.sections["map"]
    assert "needs two budgets" in page.sections["budgets"]
    assert "need two combinations" in page.sections["pairs"]
    assert "There is no failure in 1 cell." in page.sections["failures"]
    data.unlink()
    assert cli("report", folder).status == 0
    page = parse_page(folder)
    for section in ("confusion", "calibration", "clusters", "errors", "map"):
        assert "cannot be loaded" in page.sections[section]
    assert "centroid" in page.sections["leaderboard"]


def test_no_results_and_only_failed_cells(folder, tmp_path):
    results, reader = read_folder(folder)
    failed = [row for row in results if not row.ok]
    html(failed, replace(reader, folder=tmp_path))
    page = parse_page(tmp_path)
    assert "greedy" in page.sections["leaderboard"]
    assert "No cell has results" in page.sections["map"]
    html([], replace(reader, folder=tmp_path, runs=()))
    assert "There are no results" in parse_page(tmp_path).sections["leaderboard"]


def test_costs_of_free_strategies_and_of_upper_bounds(tmp_path):
    reader = make_reader(discover(), ResultsFolder(tmp_path))
    bounds = [row("all", seed, 0.9 + seed / 100, upper_bound=True, labels_spent=9) for seed in range(2)]
    html(bounds, reader, combinations=1)
    costs = parse_page(tmp_path).sections["costs"]
    assert "Only upper bounds" in costs
    assert "Against time" in costs
    assert [s for s in chart_specs(tmp_path) if "seconds per cell" in s["description"]]
    free = [row("free", seed, 0.5 + seed / 100) for seed in range(2)]
    asking = [row("asking", seed, 0.6 + seed / 100, labels_spent=30) for seed in range(2)]
    html([*bounds, *free, *asking], reader, combinations=1)
    (spec,) = (s for s in chart_specs(tmp_path) if "labels spent" in s["description"])
    assert {row["labels"] for row in spec["datasets"]["points"]} == {0, 30}
    x = spec["layer"][0]["encoding"]["x"]
    assert x["scale"]["type"] == "symlog"
    assert x["axis"]["values"] == [0, 1, 2, 5, 10, 20]
    assert not x["axis"]["grid"]
    assert "1 + value" in x["title"]


@pytest.mark.parametrize(("seeds", "is_explained"), [(2, True), (3, False)])
def test_missing_intervals_are_explained(tmp_path, seeds, is_explained):
    made_up = [row(name, s, 0.9 + s / 100, budget=b) for name in "ab" for s in range(seeds) for b in (10, 20)]
    html(made_up, make_reader(discover(), ResultsFolder(tmp_path)), combinations=1)
    sections = parse_page(tmp_path).sections
    for section in ("leaderboard", "budgets", "pairs"):
        assert ("fewer than 3 seeds" in sections[section]) == is_explained


def test_omitted_combinations_are_counted(folder, tmp_path):
    results, reader = read_folder(folder)
    html(results, replace(reader, folder=tmp_path), combinations=2, samples=20)
    sections = parse_page(tmp_path).sections
    for section in ("confusion", "calibration", "clusters", "errors", "map"):
        assert "The report omits 3 combinations; -f html:combinations=5" in sections[section]
    made_up = [row(f"s{n}", 0, n / 30, seconds={"train": 1.0, "total": 1.0}) for n in range(23)]
    html(made_up, replace(reader, folder=tmp_path), combinations=1)
    sections = parse_page(tmp_path).sections
    for section in ("costs", "pairs", "time"):
        assert "The charts omit 3 combinations" in sections[section]
    assert "The report omits" not in parse_page(folder).sections["map"]


def test_charts_have_tables_of_numbers(folder):
    page = parse_page(folder)
    texts = {name: " ".join(page.sections[name].split()) for name in ("pairs", "calibration", "time")}
    assert re.search(rf"row − columncorrected p.*{re.escape(EVIL)}centroid[+-]0\.\d+ ± 0\.\d+", texts["pairs"])
    assert re.search(r"fromtoconfidenceaccuracysamples 0\.\d{3}0\.\d{3}", texts["calibration"])
    assert re.search(r"seriesstageseconds.*centroidembed\d+\.\d{3}", texts["time"])


SELECTED_PANELS = (("confusion", "calibration", "0", "random"), ("clusters", "errors", "1", "centroid"))


def test_clusters_start_at_the_best_combination_with_clusters(folder, tmp_path):
    results, reader = read_folder(folder)
    best = [replace(r, scores=r.scores | {"test_accuracy": 0.99}) if r.strategy == "random" else r for r in results]
    html(best, replace(reader, folder=tmp_path), combinations=4, samples=20)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    for section, next_section, index, strategy in SELECTED_PANELS:
        part = text[text.index(f'<section id="{section}"') : text.index(f'<section id="{next_section}"')]
        panels = re.findall(r'<div class="panel" data-panel="combination-(\d)"( hidden)?>', part)
        assert [i for i, hidden in panels if not hidden] == [index]
        (option,) = re.findall(r'<option value="(\d)" selected>([^<]*)', part)
        assert option == (index, f"digits, 20 labels · {strategy}")


def test_report_that_cannot_be_written(folder, cli, tmp_path):
    (tmp_path / "r").mkdir()
    for name in ("cells", "manifest.json", "predictions", "labels"):
        (tmp_path / "r" / name).symlink_to(folder / name)
    (tmp_path / "r" / "report.html").mkdir()
    outcome = cli("report", tmp_path / "r", "-f", "html:samples=20,combinations=1")
    assert outcome.status == 2
    assert outcome.err.count("\n") == 1
    assert "cannot write" in outcome.err


def test_large_report_is_smaller_than_8_mb(tmp_path):
    assert write_large_report(tmp_path).stat().st_size < 8e6
    page = parse_page(tmp_path)
    assert "variant-11" in page.sections["leaderboard"]
    assert page.sections["errors"].count("pseudo-labels") >= 12


def test_reliability_bins_sum_to_the_calibration_error():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4) / 2, 500)
    y = rng.integers(0, 4, 500)
    found = reliability_diagram(y, probabilities)
    error = (found["samples"] * np.abs(found["accuracy"] - found["confidence"])).sum() / 500
    assert error == pytest.approx(calibration_error(y, probabilities))
    assert ((found["low"] <= found["confidence"]) & (found["confidence"] <= found["high"])).all()
    assert found["samples"].min() > 0


def test_pareto_front_matches_its_definition():
    rng = np.random.default_rng(0)
    rows = [{"id": i, "seconds": seconds, "accuracy": v} for i, (seconds, v) in enumerate(rng.integers(0, 6, (40, 2)))]

    def is_dominated(row):
        cost, value = row["seconds"], row["accuracy"]
        others = [(other["seconds"], other["accuracy"]) for other in rows]
        return any(c <= cost and v >= value and (c, v) != (cost, value) for c, v in others)

    front = pareto_front(rows, "seconds")
    assert {row["id"] for row in front} == {row["id"] for row in rows if not is_dominated(row)}
    assert front == sorted(front, key=lambda row: row["seconds"])


def test_cluster_summaries():
    x = np.array([[0.0], [1.0], [4.0], [10.0], [11.0]])
    y = np.array([0, 0, 1, 1, 1])
    first, second = summarize_clusters(
        x, y, np.array([0, 0, 0, 2, 2]), np.array([0, 1, 3]), np.array([0, 0, 1]), show=1
    )
    assert (first.cluster, first.size, first.wrong, first.worst.tolist()) == (0, 3, 1, [2])
    assert first.purity == pytest.approx(2 / 3)
    assert (second.cluster, second.wrong, second.worst.tolist()) == (2, 0, [4])


def test_projection_is_deterministic_and_accepts_few_samples():
    x = np.random.default_rng(0).random((40, 3)).astype(np.float32)
    assert np.array_equal(project_to_plane(x), project_to_plane(x))
    assert project_to_plane(x[:3]).shape == (3, 2)


def test_projection_of_identical_samples():
    assert not project_to_plane(np.full((10, 2, 2), 0.1, np.float32)).any()
