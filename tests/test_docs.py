"""What the documents show is what happens, what they link to is there, and the site can be built."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from documents import Step, difference, environment, steps
from helpers import TINY
from markdown_it import MarkdownIt
from typer.core import TyperGroup
from typer.main import get_command

from pslbench.cli import app
from pslbench.plugins.discovery import discover

ROOT = Path(__file__).parents[1]
PLUGIN = "docs/writing-a-plugin.md"
PLACES = ("*.md", "docs/*.md", "plugins/*/*.md", "results/*/*.md")
DOCUMENTS = [path for place in PLACES for path in ROOT.glob(place)]
COMMAND = re.compile(r"^    (?:[\w ]+\$ +)?pslbench (.*)", re.MULTILINE)
TABLE = "a  0.5012 ± 0.0101  3 seeds  1.5\n───\n...\nbest: a\n"


def follow(shown: list[Step], folder: Path, programs: Path, more: str = "") -> None:
    """Do what is shown, in `folder`; comparisons with `more` behind them."""
    variables = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    variables |= {"PATH": f"{programs}:{variables['PATH']}", "TMPDIR": str(folder)}
    done = None
    for step in shown:
        if step.kind == "listing":
            (folder / step.name).write_text(step.text)
        elif step.kind == "command":
            command = f"{step.text} {more}" if step.text.startswith("pslbench compare") else step.text
            done = subprocess.run(
                ["bash", "-c", command], cwd=folder, env=variables, capture_output=True, text=True, timeout=400
            )
            assert done.returncode == step.status, f"line {step.line}: {step.text}\n{done.stdout}{done.stderr}"
        else:
            assert done, f"line {step.line}: nothing was run yet that could print this"
            differs = difference(step.text, done.stdout)
            assert not differs, f"line {step.line}: {differs}"


@pytest.fixture
def programs(tmp_path):
    return environment(tmp_path / "venv")


@pytest.mark.timeout(1500)  # a minute on two cores that are idle
def test_the_tutorial_does_what_it_says(tmp_path, programs):
    shown = list(steps((ROOT / PLUGIN).read_text()))
    assert sum(step.kind == "command" for step in shown) > 12
    assert sum(step.kind == "output" for step in shown) > 8
    follow(shown, tmp_path, programs)
    scores = pd.read_csv(tmp_path / "results" / "rounds" / "results.csv").set_index(["strategy", "seed"])
    unvoted, centroid = (scores.loc[name].test_accuracy for name in ("my-idea:rounds=0", "centroid"))
    assert unvoted.equals(centroid)


def test_the_15_lines_of_the_readme_work(tmp_path, programs):
    shown = list(steps((ROOT / "README.md").read_text(), "Your own strategy, in 15 lines"))
    assert [step.kind for step in shown[:2]] == ["listing", "command"]
    assert len([line for line in shown[0].text.splitlines()[1:] if line]) <= 15
    follow(shown, tmp_path, programs, more=" ".join(TINY))


@pytest.mark.parametrize(
    ("printed", "same"),
    [
        ("a 0.5150 ± 0.0101 3 seeds 99.9\n─────\nmore\nand more\nbest: a\n", True),
        ("a 0.5350 ± 0.0101 3 seeds 1.5\n─────\nbest: a\n", False),
        ("a 0.5012 ± 0.0101 2 seeds 1.5\n─────\nbest: a\n", False),
        ("a 0.5012 ± 0.0101 3 seeds 1.5\n─────\nbest: b\n", False),
        ("a 0.5012 ± 0.0101 3 seeds 1.5\n─────\n", False),
    ],
)
def test_what_is_printed_is_compared_but_for_what_a_machine_may_change(printed, same):
    assert (difference(TABLE, printed) == "") is same


def test_a_listing_that_would_not_be_run_is_told():
    with pytest.raises(ValueError, match="line 3: no name of a file"):
        list(steps("# A\n\n```python\nprint()\n```\n"))


def test_every_command_that_is_shown_is_one():
    texts = {path: path.read_text().replace("\\\n", " ") for path in DOCUMENTS}
    shown = [(path.relative_to(ROOT), line) for path, text in texts.items() for line in COMMAND.findall(text)]
    assert len(shown) > 40
    program = get_command(app)
    wrong = {f"{name}: pslbench {line}": why for name, line in shown if (why := misread(program, line))}
    assert not wrong


def misread(program: TyperGroup, line: str) -> str:
    """Why the command line would not take this, which is not done; empty where it would."""
    words = shlex.split(line, comments=True)
    words = words[: words.index("|")] if "|" in words else words
    command, context = program, program.make_context("pslbench", list(words))
    try:
        while hasattr(command, "resolve_command"):
            name, command, words = command.resolve_command(context, list(words))
            context = command.make_context(name, list(words), parent=context)
    except Exception as error:
        return str(error)
    return ""


@pytest.mark.parametrize("line", ["run --al", "rnu --all", "data lst", "show"])
def test_a_command_that_is_none_is_told(line):
    assert misread(get_command(app), line)


def links(path: Path) -> set[str]:
    """What a document links to in its own repository."""
    tokens = MarkdownIt("commonmark").enable("table").parse(path.read_text())
    inline = [child for token in tokens for child in token.children or () if child.type == "link_open"]
    return {str(child.attrs["href"]) for child in inline if "://" not in str(child.attrs["href"])}


def test_links_lead_somewhere():
    found = [(path, link.partition("#")[0]) for path in DOCUMENTS for link in links(path)]
    assert len(found) > 20
    missing = [f"{path.name}: {link}" for path, link in found if not (path.parent / link).exists()]
    assert not missing


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The documents as `make docs` builds them, warnings being errors; what was copied, and what was built."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns("reference"))
    (folder / "plugins").symlink_to(ROOT / "plugins")
    for command in (["docs/reference.py"], ["-m", "sphinx", "-q", "-W", "--keep-going", "docs", "site"]):
        done = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
    return folder


def test_the_reference_has_every_part_with_what_is_known_of_it(site):
    for part in discover().plugins[0].parts:
        page = (site / "docs" / "reference" / f"{part.kind}.md").read_text()
        section = page.partition(f"\n## {part.name}\n")[2].partition("\n## ")[0]
        assert part.summary in section
        assert part.reference in section
        assert all(f"| `{name}` |" in section for name in part.parameters)
        assert part.kind != "strategy" or "- Cost: " in section, f"docs/methods.md has no cost of {part.name}"
        assert f'id="{part.name}"' in (site / "site" / "reference" / f"{part.kind}.html").read_text()


def test_the_site_opens_without_a_network(site):
    assert (site / "site" / "writing-a-plugin.html").is_file()
    for path in (site / "site").rglob("*.html"):
        assert not re.findall(r"<(?:script|link|img|iframe)[^>]*https?://", path.read_text()), path.name
    for path in (site / "site").rglob("*.css"):
        assert not re.findall(r"(?:url\(|@import)[^)]*https?://(?!www\.w3\.org)", path.read_text()), path.name
