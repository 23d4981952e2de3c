"""The direct accuracies of the notebook on the full MNIST are reproduced."""

import pandas as pd
import pytest
from helpers import command


@pytest.mark.usefixtures("mnist")
def test_direct_accuracies_are_near_those_of_the_notebook(tmp_path):
    fast = "cnn:epochs=1,min_steps=150"
    outcome = command(
        "run", "centroid-only", "centroid:keep=0.05", "-d", "mnist", "-s", "1", "-t", fast, "-o", tmp_path
    )
    assert outcome.status == 0, outcome.err
    board = pd.read_csv(tmp_path / "leaderboard.csv").set_index("strategy")
    assert 0.85 < board.direct_accuracy["centroid:keep=0.05"] < 0.88
    assert (board.labels_spent == 120).all()
    assert (board.test_accuracy > 0.8).all()
    assert board.coverage["centroid-only"] == 0.002
