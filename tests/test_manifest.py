"""What the manifest says about the checkout."""

import subprocess
from pathlib import Path

from pslbench.results import manifest


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(["git", "-C", folder, *identity, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_the_commit_is_that_of_the_checkout_of_pslbench_and_not_of_one_around_it(tmp_path, monkeypatch):
    file = tmp_path / "pslbench" / "results" / "manifest.py"
    file.parent.mkdir(parents=True)
    file.write_text("")
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "of somebody else")
    monkeypatch.setattr(manifest, "__file__", str(file))
    assert manifest.describe_machine()["commit"] is None
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "ours")
    assert manifest.describe_machine()["commit"] == git(tmp_path, "rev-parse", "HEAD")
    file.write_text("# changed\n")
    assert manifest.describe_machine()["commit"] == git(tmp_path, "rev-parse", "HEAD") + "+"
