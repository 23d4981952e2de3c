"""Scores do not change unless the protocol version does."""

import json

import golden
import pandas as pd
import pytest

TO_DO = (
    "scores of the golden cells changed. If the change is intended: raise PROTOCOL_VERSION in "
    "pslbench/planning/stages.py if the engine changed (for a built-in part its code is in the key already), run "
    "`python tests/golden.py`, and write a line into CHANGELOG.md"
)


def differences(expected: pd.DataFrame, actual: pd.DataFrame, same_cpu: bool) -> list[str]:
    """Return one line for each score that differs. Networks may differ slightly on another processor."""
    pairs = expected.merge(actual, on=golden.CONFIGURATION, how="outer", suffixes=(" before", " now"))
    lines = []
    for row in pairs.to_dict("records"):
        for name in expected.columns[len(golden.CONFIGURATION) :]:
            before, now = row[f"{name} before"], row[f"{name} now"]
            is_network = row["trainer"].startswith("cnn")
            is_close = is_network and not same_cpu and float(now) == pytest.approx(float(before), abs=5e-3)
            if not (before == now or (pd.isna(before) and pd.isna(now)) or is_close):
                lines.append(f"{row['strategy']} {row['embedder']} {row['trainer']}: {name} {before} -> {now}")
    return lines


def test_scores_of_tiny_cells_are_those_recorded(tmp_path):
    recorded, now = json.loads(golden.FACTS.read_text()), golden.facts()
    assert recorded["versions"] == now["versions"], "libraries changed: run `python tests/golden.py`"
    assert recorded["protocol"] == now["protocol"], "PROTOCOL_VERSION changed: run `python tests/golden.py`"
    changed = differences(pd.read_csv(golden.TABLE, dtype=str), golden.run(tmp_path), recorded["cpu"] == now["cpu"])
    assert not changed, "\n".join([TO_DO, *changed])


def test_a_change_in_the_last_digit_is_noticed():
    table = pd.read_csv(golden.TABLE, dtype=str)
    changed = table.copy()
    changed.loc[0, "nll"] = table.loc[0, "nll"][:-1] + ("1" if table.loc[0, "nll"][-1] != "1" else "2")
    assert len(differences(table, changed, same_cpu=True)) == 1
    assert differences(table, table, same_cpu=True) == []
