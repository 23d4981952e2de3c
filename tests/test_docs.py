"""The documents show the real output of commands, their links work, and the site can be built."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from documents import Step, create_environment, describe_difference, read_steps
from markdown_it import MarkdownIt
from PIL import Image
from typer.core import TyperGroup
from typer.main import get_command

from pslbench.cli import app
from pslbench.plugins.discovery import discover

ROOT = Path(__file__).parents[1]
TUTORIAL = "docs/writing-a-plugin.md"
PATTERNS = ("*.md", "docs/*.md", "plugins/*/*.md", "results/*/*.md")
DOCUMENTS = [path for pattern in PATTERNS for path in ROOT.glob(pattern)]
COMMAND = re.compile(r"^    (?:[\w ]+\$ +)?pslbench (.*)", re.MULTILINE)
TABLE = "a  0.5012 ± 0.0101  3 seeds  1.5\n───\n...\nbest: a\n"


def run_steps(steps: list[Step], folder: Path, programs: Path, options: str = "") -> None:
    """Write the listings and run the commands in `folder`; append `options` to comparisons."""
    variables = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    variables |= {"PATH": f"{programs}:{variables['PATH']}", "TMPDIR": str(folder)}
    done = None
    for step in steps:
        if step.kind == "listing":
            (folder / step.name).write_text(step.text)
        elif step.kind == "command":
            command = f"{step.text} {options}" if step.text.startswith("pslbench compare") else step.text
            done = subprocess.run(
                ["bash", "-c", command], cwd=folder, env=variables, capture_output=True, text=True, timeout=400
            )
            assert done.returncode == step.status, f"line {step.line}: {step.text}\n{done.stdout}{done.stderr}"
        else:
            assert done, f"line {step.line}: no command comes before this output"
            difference = describe_difference(step.text, done.stdout)
            assert not difference, f"line {step.line}: {difference}"


@pytest.fixture
def programs(tmp_path):
    return create_environment(tmp_path / "venv")


@pytest.mark.timeout(1500)  # takes one minute on two idle cores
def test_commands_of_the_tutorial_print_what_it_shows(tmp_path, programs):
    steps = list(read_steps((ROOT / TUTORIAL).read_text()))
    assert sum(step.kind == "command" for step in steps) > 12
    assert sum(step.kind == "output" for step in steps) > 8
    run_steps(steps, tmp_path, programs)
    scores = pd.read_csv(tmp_path / "results" / "rounds" / "results.csv").set_index(["strategy", "seed"])
    without_vote, centroid = (scores.loc[name].test_accuracy for name in ("my-idea:rounds=0", "centroid"))
    assert without_vote.equals(centroid)


def test_the_15_lines_of_the_readme_work(tmp_path, programs):
    steps = list(read_steps((ROOT / "README.md").read_text(), "Your own strategy, in 15 lines"))
    assert [step.kind for step in steps[:2]] == ["listing", "command"]
    assert len([line for line in steps[0].text.splitlines()[1:] if line]) <= 15
    run_steps(steps, tmp_path, programs, options="-s 2")


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
def test_outputs_are_compared_up_to_rounding_and_seconds(printed, same):
    assert (describe_difference(TABLE, printed) == "") is same


def test_a_listing_without_a_file_name_is_an_error():
    with pytest.raises(ValueError, match="line 3"):
        list(read_steps("# A\n\n```python\nprint()\n```\n"))


def test_every_documented_command_is_valid():
    texts = {path: path.read_text().replace("\\\n", " ") for path in DOCUMENTS}
    commands = [(path.relative_to(ROOT), line) for path, text in texts.items() for line in COMMAND.findall(text)]
    assert len(commands) > 40
    program = get_command(app)
    errors = {f"{name}: pslbench {line}": error for name, line in commands if (error := parse_error(program, line))}
    assert not errors


def parse_error(program: TyperGroup, line: str) -> str:
    """Parse a command without running it, and return the error; empty if it is valid."""
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
def test_an_invalid_command_is_detected(line):
    assert parse_error(get_command(app), line)


def links(path: Path) -> set[str]:
    """Return the links of a document to files of the repository."""
    tokens = MarkdownIt("commonmark").enable("table").parse(path.read_text())
    inline = [child for token in tokens for child in token.children or () if child.type == "link_open"]
    return {str(child.attrs["href"]) for child in inline if "://" not in str(child.attrs["href"])}


def test_linked_files_exist():
    targets = [(path, link.partition("#")[0]) for path in DOCUMENTS for link in links(path)]
    assert len(targets) > 20
    missing = [f"{path.name}: {link}" for path, link in targets if not (path.parent / link).exists()]
    assert not missing


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with a copy of the documents and the site that `make docs` builds; warnings are errors."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns("reference"))
    (folder / "plugins").symlink_to(ROOT / "plugins")
    for command in (["docs/reference.py"], ["-m", "sphinx", "-q", "-W", "--keep-going", "docs", "site"]):
        done = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
    return folder


def test_the_reference_describes_every_built_in_part(site):
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


def write_data(folder: Path) -> None:
    """Write small files of every kind under the names that docs/data.md uses."""
    rng, labels = np.random.default_rng(0), ["a", "b"] * 40
    size = [round(number + 3 * (label == "a"), 2) for number, label in zip(rng.normal(size=80), labels, strict=True)]
    customers = pd.DataFrame({"size": size, "city": ["Rome", None, "Oslo", "Rome"] * 20, "plan": labels})
    customers.assign(label=labels).to_csv(folder / "customers.csv", index=False)
    words = [f"{'win money' if label == 'a' else 'see you'} at number {i}" for i, label in enumerate(labels)]
    pd.DataFrame({"text": words, "subject": ["offer", "hello"] * 40, "label": labels}).to_csv(
        folder / "mails.csv", index=False
    )
    features = np.array([[label == "a", i % 7] for i, label in enumerate(labels)], np.float32)
    np.save(folder / "mails.npy", features)
    np.savez(folder / "vectors.npz", x=100 * features, y=labels)
    splits = {
        "features_train": features[:60],
        "y_train": labels[:60],
        "features_test": features[60:],
        "y_test": labels[60:],
    }
    np.savez(folder / "embeddings.npz", **splits)
    for i, label in enumerate(labels):
        for kind in ("photos", "articles"):
            (folder / kind / label).mkdir(parents=True, exist_ok=True)
        Image.effect_noise((30 + i % 3, 30), 40 if label == "a" else 200).save(folder / "photos" / label / f"{i}.png")
        (folder / "articles" / label / f"{i}.txt").write_text(words[i])


def test_commands_about_data_of_every_kind_run(tmp_path, cli, monkeypatch):
    write_data(tmp_path)
    monkeypatch.chdir(tmp_path)
    lines = [line.split("#")[0] for line in COMMAND.findall((ROOT / "docs" / "data.md").read_text())]
    commands = [line for line in lines if "efficientnet" not in line]  # needs PyTorch; its package has a test
    assert len(commands) > 10
    for command in commands:
        words = shlex.split(command.replace("--all", "random -s 1 -j 1"))
        outcome = cli(*words)
        assert outcome.status == 0, f"{command}: {outcome.err}"
    board = pd.read_csv("results/latest/leaderboard.csv")
    assert {"tabular:max_categories=10", "given"} <= set(board.embedder)
    assert set(board.trainer) == {"cnn", "ensemble"}


def test_commands_about_labeling_run(tmp_path, cli, monkeypatch):
    write_data(tmp_path)
    monkeypatch.chdir(tmp_path)
    for command in COMMAND.findall((ROOT / "docs" / "labeling.md").read_text()):
        outcome = cli(*shlex.split(command))
        assert outcome.status == 0, f"{command}: {outcome.err}"
        if (questions := Path("my-labels/questions.csv")).exists():
            asked = pd.read_csv(questions)
            asked.assign(label=["cat" if "a/" in name else "dog" for name in asked["sample"]]).to_csv(
                questions, index=False
            )
    assert set(pd.read_csv("my-labels/labels.csv").source) <= {"person", "model"}
    assert Path("trial/labels.csv").exists()
